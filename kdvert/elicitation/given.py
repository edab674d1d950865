"""Questions that a project gives: inputs to label, and seeds to vary. One form for both.

A ``.txt`` file holds a question a line; a ``.jsonl`` file ``{"question": …}``. What people write holds personal data
like any document, so each question is scrubbed when it is read; an error names file and line and never the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.errors import UserError
from kdvert.filters.wording import words
from kdvert.records import ScrubbedText, sha256_text

LONGEST = 4000
"""Characters of a question; more is a document and belongs into sources/."""

_LINE_END = re.compile(r"\r\n|\n|\r")  # and none of those that may stand within a text, such as U+2028
_FORM = 'A .txt file holds one question a line, a .jsonl file one object a line: {"question": "What is …?"}.'


@dataclass(frozen=True)
class Given:
    """A question of the project.

    Attributes:
        id: hash of the scrubbed text; the same question twice is one.
        text: the question.
    """

    id: str
    text: ScrubbedText


def read(files: Sequence[str], setting: str, root: Path, scrub: Callable[[str], ScrubbedText]) -> list[Given]:
    """Read question files.

    Args:
        files: paths, relative to ``root``.
        setting: the setting that names them, for errors.
        root: the project folder.
        scrub: removes personal data.

    Returns:
        The questions in order, without copies.

    Raises:
        UserError: a file is missing, is not UTF-8 text of the form above, or holds no question.
    """
    found: dict[str, Given] = {}
    for name in files:
        for question in _questions(root / name, name, setting):
            text = scrub(question)
            given = Given(sha256_text(" ".join(words(text.text))), text)
            found.setdefault(given.id, given)
    return list(found.values())


def paths(files: Sequence[str], root: Path) -> list[Path]:
    """Return the files that are there, to hash."""
    return [root / name for name in files if (root / name).is_file()]


def _questions(path: Path, name: str, setting: str) -> Iterator[str]:
    """Yield the questions of a file."""
    if path.suffix not in (".txt", ".jsonl"):
        raise UserError(f"{setting}: {name} is neither .txt nor .jsonl.", hint=_FORM)
    read_line = _of_json if path.suffix == ".jsonl" else str.strip
    empty = True
    for number, line in enumerate(_LINE_END.split(_text(path, name, setting)), 1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            question = read_line(line)
        except ValueError as error:
            raise UserError(f"{setting}: {place} {error}.", hint=_FORM) from None
        if not words(question) or len(question) > LONGEST:
            raise UserError(f"{setting}: {place} is no question of 1 to {LONGEST} characters.", hint=_FORM)
        yield " ".join(question.split())
        empty = False
    if empty:
        raise UserError(f"{setting}: {name} holds no question.", hint=_FORM)


def _text(path: Path, name: str, setting: str) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{setting}: {name} does not exist.", hint="Paths start at the project folder.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise UserError(f"{setting}: {name} cannot be read ({type(error).__name__}).", hint=_FORM) from None
    if "\0" in text:
        raise UserError(f"{setting}: {name} is no text: it holds null bytes.", hint=_FORM)
    return text


def _of_json(line: str) -> str:
    """Return the question of a line.

    Raises:
        ValueError: there is none; the message goes on after the place and shows nothing of the line.
    """
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except _Twice as error:
        raise ValueError(f"states {error} twice") from None
    except ValueError:
        raise ValueError("is no JSON") from None
    question = value.get("question") if isinstance(value, dict) and set(value) == {"question"} else None
    if not isinstance(question, str):
        raise ValueError(f"is no question of 1 to {LONGEST} characters")
    return question


class _Twice(Exception):
    """A key stands in an object twice; which value is meant nobody knows."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise _Twice("'question'" if keys.count("question") > 1 else "a key")
    return dict(pairs)
