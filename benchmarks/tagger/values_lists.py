"""Lists of words as data: ``templates/lists_<language>.yaml`` names each, with its label and its choices.

A choice may hold slots in braces, which are filled in turn, and, where the list says ``digits: true``, a ``#`` for each
digit and a ``¤`` for each capital letter. The whole has the label of its list.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

FOLDER = Path(__file__).parent / "templates"


class Words(NamedTuple):
    """A list of choices."""

    label: str | None
    choices: tuple[str, ...]
    digits: bool


@cache
def lists(language: str) -> dict[str, Words]:
    """Return the lists of a language by name; none, where it has no file."""
    path = FOLDER / f"lists_{language}.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: _words(entry) for name, entry in entries.items()}


def _words(entry: dict[str, object]) -> Words:
    # YAML folds the lines of a block with blanks: they do not belong to the choice that starts a line.
    choices = [word.removeprefix(" ") for word in str(entry["words"]).split("|")]
    return Words(entry["label"], tuple(word for word in choices if word), bool(entry.get("digits")))  # type: ignore[arg-type]


def pick(rng: random.Random, language: str, name: str) -> str:
    """Return one choice of a list, its slots unfilled."""
    return rng.choice(lists(language)[name].choices)


def filled(text: str, rng: random.Random, words: Words, draw: Callable[[str], str]) -> str:
    """Fill the slots and digits of a choice."""
    out, rest = "", text
    while "{" in rest:
        head, rest = rest.split("{", 1)
        slot, rest = rest.split("}", 1)
        out += _digits(head, rng, words) + draw(slot)
    return out + _digits(rest, rng, words)


def _digits(text: str, rng: random.Random, words: Words) -> str:
    return "".join(rng.choice(_MARKS[c]) if c in _MARKS else c for c in text) if words.digits else text


_MARKS = {"#": "0123456789", "¤": "ABCDEFGHJKLMNPRSTVWXYZ"}
