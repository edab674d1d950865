"""Gold files: texts in which somebody marked the personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.errors import UserError

_FORM = 'A row is {"id": …, "text": "…", "spans": [{"start": 0, "end": 4, "label": "NAME"}]}; "lang" may be added.'


@dataclass(frozen=True)
class Span:
    """A marked stretch of text. Offsets are Python string offsets, end exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Row:
    """A text with everything that is marked in it; spans may overlap.

    Attributes:
        language: two-letter code, if the file says one.
    """

    id: str
    text: str
    spans: tuple[Span, ...]
    language: str | None = None


def read_gold(path: Path) -> list[Row]:
    """Read a gold file: JSON lines with ``id``, ``text``, ``spans`` and optionally ``lang``; other keys are left alone.

    Raises:
        UserError: the file is missing, empty, or a line does not fit; the line is named, never its text.
    """
    rows = [_row(line, f"{path}, line {number}") for number, line in _lines(path)]
    if not rows:
        raise UserError(f"{path} holds no row to measure on.", hint=_FORM)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", hint="Name a JSON-lines file.") from error


def _row(line: str, where: str) -> Row:
    try:
        value = json.loads(line)
    except ValueError as error:
        column = getattr(error, "colno", 1)
        # Without a cause: a JSON error carries the whole line.
        raise UserError(f"{where}: not JSON (column {column}).", hint=_FORM) from None
    if not isinstance(value, dict):
        raise UserError(f"{where}: not a JSON object.", hint=_FORM)
    name = _field(value, "id", (str, int), where)
    text, spans = _field(value, "text", str, where), _field(value, "spans", list, where)
    language = value.get("lang")
    if language is not None and not isinstance(language, str):
        raise UserError(f"{where}: 'lang' is not a string.", hint=_FORM)
    found = tuple(_span(span, len(text), f"{where}, span {number}") for number, span in enumerate(spans, 1))
    return Row(str(name), text, found, language)


def _field(value: Mapping[str, Any], key: str, kind: type | tuple[type, ...], where: str) -> Any:
    if key not in value:
        raise UserError(f"{where}: '{key}' is missing.", hint=_FORM)
    if not isinstance(value[key], kind) or isinstance(value[key], bool):
        raise UserError(f"{where}: '{key}' has the wrong type.", hint=_FORM)
    return value[key]


def _span(value: Any, length: int, where: str) -> Span:
    if not isinstance(value, dict):
        raise UserError(f"{where}: not a JSON object.", hint=_FORM)
    start, end = _field(value, "start", int, where), _field(value, "end", int, where)
    label = _field(value, "label", str, where)
    if not label.strip():
        raise UserError(f"{where}: 'label' is empty.", hint=_FORM)
    if not 0 <= start < end <= length:
        raise UserError(
            f"{where}: {start} to {end} is not a stretch of a text of {length} characters.",
            hint="Offsets count Unicode code points from 0; the end is exclusive and greater than the start.",
        )
    return Span(start, end, label)
