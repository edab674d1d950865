"""From a file to plain text or Markdown: one table of suffix to loader.

A loader takes the file's bytes, and the encoding if the user states one. It yields what the file holds: one `Loaded`
for a document, one for each row of a JSON-lines file, or a `RowProblem` for a row that is no good. It raises
`SourceProblem` when the file as a whole is no good.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kdvert.knowledge.decoding import decode, normalize
from kdvert.knowledge.problems import RowProblem, SourceProblem
from kdvert.records import sha256_text
from kdvert.registry import lookup

LOADERS = {
    ".md": "kdvert.knowledge.loaders:markdown",
    ".txt": "kdvert.knowledge.loaders:plain",
    ".jsonl": "kdvert.knowledge.loaders:rows",
    ".html": "kdvert.knowledge.markup:html",
    ".htm": "kdvert.knowledge.markup:html",
    ".docx": "kdvert.knowledge.markup:docx",
    ".cnxml": "kdvert.knowledge.cnxml:cnxml",
    ".pdf": "kdvert.knowledge.pdf:pdf",
}
"""Suffix (lower case) to loader."""

T = TypeVar("T")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^(?:#[ \t]+(?P<atx>[^\n]*?)[ \t]*#*|(?P<setext>[^\n]*\S[^\n]*)\n=+)[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Loaded:
    """A document as a loader gives it.

    Attributes:
        text: normalized text; Markdown where the file has structure.
        title: the title that the file itself states.
        sha256: of the file's bytes; of the line's text in UTF-8 for a row.
        row: the row's id, or its line number, in a file that holds several documents. An id may name a person.
        line: the row's line number.
        license, publisher, url: as the row states them.
        guessed: the encoding, if it had to be guessed.
        origin: what the row says of its source, in its own words. It may name a person.
        stated: what the row says of its rights beside ``license``, by field. It may name a person.
    """

    text: str
    title: str | None
    sha256: str
    row: str | None = None
    license: str | None = None
    publisher: str | None = None
    url: str | None = None
    guessed: str | None = None
    line: int | None = None
    origin: str | None = None
    stated: dict[str, str] = field(default_factory=dict)


Loader = Callable[[bytes, str | None], Iterable[Loaded | RowProblem]]


def load(path: Path, *, max_bytes: int, encoding: str | None = None) -> Iterator[Loaded | RowProblem]:
    """Yield the documents in a file.

    Args:
        path: the file; its suffix decides the loader.
        max_bytes: larger files are refused.
        encoding: of a text file, if the user states it.

    Raises:
        SourceProblem: the file gives no document; the reason is one of `kdvert.knowledge.problems.REASONS`.
    """
    suffix = path.suffix.lower()
    if suffix not in LOADERS:
        raise SourceProblem(
            "unsupported", f"has the suffix '{suffix}'; kdvert reads {' '.join(LOADERS)}. Convert it or move it out."
        )
    data = _bytes(path, max_bytes)
    loader: Loader = lookup("loader", LOADERS, suffix)
    yield from loader(data, encoding)


def document(text: str, title: str | None, data: bytes, guessed: str | None = None) -> Loaded:
    """Make the `Loaded` of a file that is one document.

    Raises:
        SourceProblem: there is no text (``empty``).
    """
    text = normalize(text)
    if not text.strip():
        raise SourceProblem("empty", "holds no text. Fill it or remove it.")
    return Loaded(text=text, title=one_line(title), sha256=hashlib.sha256(data).hexdigest(), guessed=guessed)


def one_line(title: str | None) -> str | None:
    """Return a title on one line, or None when nothing is left of it."""
    return " ".join(normalize(title or "").split())[:300] or None


def plain(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load a text file as it is."""
    text, guessed = decode(data, stated=encoding)
    yield document(text, None, data, guessed)


def markdown(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load a Markdown file; the title is the front matter's or the first top heading, front matter is left out."""
    text, guessed = decode(data, stated=encoding)
    front, text = _without_front_matter(normalize(text))
    yield document(text, front or heading(text), data, guessed)


def heading(text: str) -> str | None:
    """Return the first heading of the top level in Markdown that is not code."""
    found = _HEADING.search(_FENCE.sub("", text))
    return (found["atx"] or found["setext"]) if found else None


def _without_front_matter(text: str) -> tuple[str | None, str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        return None, text
    try:
        fields = yaml.safe_load(found[1] or "")
    except yaml.YAMLError:
        return None, text  # a thematic break, not front matter
    if fields is not None and not isinstance(fields, dict):
        return None, text
    title = (fields or {}).get("title")
    return (str(title) if title is not None else None), text[found.end() :]


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        if (size := path.stat().st_size) > max_bytes:
            raise SourceProblem(
                "too_large", f"has {_megabytes(size)} MB, above the {_megabytes(max_bytes)} of ingest.max_megabytes. "
                "Raise that, or split the file.",
            )  # fmt: skip
        data = path.read_bytes()
    except OSError as error:
        raise SourceProblem("unreadable", f"cannot be opened ({error.strerror}).") from None
    if not data.strip(b" \t\r\n"):
        raise SourceProblem("empty", "is empty. Fill it or remove it.")
    return data


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g}"


# --- JSON lines --------------------------------------------------------------------------------------------------


class Row(BaseModel):
    """One line of a JSON-lines file. Other keys are left alone: they belong to whoever made the file."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    id: str | None = Field(default=None, min_length=1)
    title: str = Field(pattern=r"\S")
    text: str = Field(pattern=r"\S")
    source: str | None = None
    license: str | None = None
    publisher: str | None = None
    url: str | None = None
    licence: Any = None
    license_url: Any = None
    license_name: Any = None
    rights: Any = None
    copyright: Any = None
    usage_terms: Any = None


_OF_RIGHTS = ("licence", "license_url", "license_name", "rights", "copyright", "usage_terms")


def rows(data: bytes, encoding: str | None = None) -> Iterator[Loaded | RowProblem]:
    """Load a JSON-lines file: each line is a document of its own."""
    text, guessed = decode(data, stated=encoding)
    some = False
    for number, line in enumerate(text.split("\n"), 1):  # splitlines() would cut at U+2028 inside a string
        if line.strip():
            some = True
            yield _row(number, line.rstrip("\r"), guessed)
    if not some:
        raise SourceProblem("empty", "holds no row. Fill it or remove it.")


def _row(number: int, line: str, guessed: str | None) -> Loaded | RowProblem:
    try:
        row = Row.model_validate_json(line)
    except ValidationError as error:
        return RowProblem(str(number), "invalid_row", f"line {number}: {_what_is_wrong(error)}")
    text = normalize(row.text)
    if not text.strip():
        return RowProblem(str(number), "invalid_row", f"line {number}: the field 'text' is empty or not text.")
    return Loaded(
        text=text,
        title=one_line(row.title),
        sha256=sha256_text(line),
        row=str(number) if row.id is None else row.id,
        license=row.license,
        publisher=one_line(row.publisher) or one_line(row.source),
        url=row.url if row.url and row.url.startswith(("http://", "https://")) else None,
        guessed=guessed,
        line=number,
        origin=one_line(row.source),
        stated={name: value for name in _OF_RIGHTS if isinstance(value := getattr(row, name), str) and value.strip()},
    )


def _what_is_wrong(error: ValidationError) -> str:
    """Name fields and rules; pydantic's own text would quote the row."""
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "json_invalid":
        return "not valid JSON. Each line must be one JSON object."
    if first["type"] in ("model_type", "model_attributes_type"):
        return 'not a JSON object. Expected {"title": …, "text": …, "license": …}.'
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"the field '{field}' is missing."
    return f"the field '{field}' is empty or not text."
