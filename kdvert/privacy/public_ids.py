"""Tell codes that anybody may look up (laws, drugs, shares, publications) from identifiers of persons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex as re  # one of its classes is \p{Lu}
import yaml

from kdvert.content import compliance_facts
from kdvert.privacy import checksums

REACH = 40
"""Characters before a value in which its label must end."""

_LONG = re.compile(r"\d{6}")
"""A run of digits that no section, rule or note of a text has."""
_LINK = r"(?i:\.?\s*(?:codes?|nos?\b\.?|numbers?|is|was|of|and)?)\s*[:#(]?\s*"


@dataclass(frozen=True)
class _Registry:
    before: Any
    part: Any
    inside: Any
    form: Any
    checks: tuple[checksums.Check, ...]


def is_public(text: str, start: int, end: int) -> bool:
    """Return whether the value at ``start`` to ``end`` (exclusive), or the code that it is a part of, is public.

    Source: ``compliance/privacy/public-identifiers.yaml``.
    """
    registry = _registry()
    first, last = _whole(text, start, end)
    values = {text[first:last].strip(".,;:()[]'\""), text[start:end]}
    if any(registry.form.fullmatch(value) or any(check(value) for check in registry.checks) for value in values):
        return True
    label, value = text[max(0, first - REACH) : first], text[start:end]
    if registry.before.search(label) or registry.inside.match(value):
        return True
    return not _LONG.search(value) and bool(registry.part.search(label))


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the code around a span: up to the blanks."""
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


@cache
def _registry() -> _Registry:
    path = compliance_facts() / "privacy" / "public-identifiers.yaml"
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    label = _any_of(word for words in facts["labels"].values() for word in words)
    part = _any_of(facts["parts"])
    return _Registry(
        before=re.compile(rf"{label}{_LINK}$"),
        part=re.compile(rf"{part}{_LINK}$"),
        inside=re.compile(rf"{label}|{part}"),
        form=re.compile("|".join(f"(?:{form})" for form in facts["forms"])),
        checks=tuple(checksums.named(name) for name in facts["checksums"]),
    )


def _any_of(words: Iterable[str]) -> str:
    return rf"(?<![\p{{L}}\d])(?i:{'|'.join(words)})(?![\p{{L}}\d])"
