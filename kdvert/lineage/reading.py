"""What the files of a project say of its documents, passages and records. Nothing is written.

Files of stages that have not run count as empty. Names of files are shown as ``ingest`` shows them: by path if that
surely names nobody, else by the document's id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from kdvert.lineage.adapters import Adapter, find_adapters
from kdvert.privacy import file_names
from kdvert.records import Chunk, Document, Example, Failure, Record, sha256_text
from kdvert.store import iter_jsonl

ORIGINALS = Path("ingest/originals.jsonl")
RUN_OF_INGEST = ("ingest", "ingest.partial")
State = Literal["accepted", "rejected", "not judged"]

_JUDGED: tuple[tuple[State, str], ...] = (
    ("accepted", "filter/accepted.jsonl"),
    ("rejected", "filter/rejected.jsonl"),
    ("accepted", "review/accepted.jsonl"),  # what people decided comes after what checks say
    ("rejected", "review/rejected.jsonl"),
)


class Original(Record):
    """Which file, and which row of it, an id stands for. ``uri`` and ``row`` may name a person: never show them."""

    id: str
    uri: str
    row: str | None = None


class Known(Record):
    """A document, without its text.

    ``shown`` is its path or its id. ``title``, ``publisher`` and ``url`` are as scrubbing left them, or hidden before
    that. ``sha256`` is of the scrubbed text; that of the raw bytes stays in the ingest folder, since the hash of a
    short row could be guessed back.
    """

    id: str
    shown: str
    title: str
    license: str
    publisher: str | None = None
    url: str | None = None
    retrieved: str | None = None
    sha256: str | None = None
    characters: int
    stages: list[str]


class Passage(Record):
    """A passage by its place and the hash of its text."""

    id: str
    document_id: str
    text_sha256: str


class Tracked(Record):
    """A record and what became of it.

    ``files`` are those below ``work/`` that say what was judged of it. ``place`` is ``train``, ``validation``,
    ``left_out: <reason>`` or None when no training saw it.
    """

    example: Example
    state: State
    files: list[str] = Field(default_factory=list)
    place: str | None = None

    @property
    def reasons(self) -> list[str]:
        """Why it was rejected: reason codes."""
        return [v.reason or v.check for v in self.example.verdicts if not v.passed]


class Lineage:
    """The files of one project, each read when it is first needed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"

    @cached_property
    def originals(self) -> dict[str, Original]:
        """Files and rows by id, of the finished ``ingest`` and of one that did not end."""
        found: dict[str, Original] = {}
        for folder in RUN_OF_INGEST:
            found |= {row.id: row for row in self._rows(f"{folder}/{ORIGINALS.name}", Original)}
        return found

    @cached_property
    def documents(self) -> dict[str, Known]:
        """Documents by id."""
        found = {d.id: _raw(d) for d in self._rows("ingest/documents.jsonl", Document)}
        for document in self._rows("scrub/documents.jsonl", Document):
            found[document.id] = _scrubbed(document, read="ingest" if document.id in found else None)
        return found

    @cached_property
    def publishers(self) -> dict[str, str]:
        """The publisher of each document as the user stated it. It may be a person: never show it."""
        rows = self._rows("ingest/documents.jsonl", Document)
        return {d.id: d.source.publisher for d in rows if d.source.publisher}

    @cached_property
    def passages(self) -> dict[str, Passage]:
        """Passages of the index by id."""
        return {
            c.id: Passage(id=c.id, document_id=c.document_id, text_sha256=sha256_text(c.text))
            for c in self._rows("index/chunks.jsonl", Chunk)
        }

    @cached_property
    def records(self) -> dict[str, Tracked]:
        """Records by id: as filters and then reviewers left them, and those that nobody has judged yet."""
        found: dict[str, Tracked] = {}
        for state, path in _JUDGED:
            for example in self._rows(path, Example):
                before = found[example.id].files if example.id in found else []
                found[example.id] = Tracked(
                    example=example, state=state, files=[*before, path], place=self._places.get(example.id)
                )
        for example in self._rows("elicit/examples.jsonl", Example):
            fresh = Tracked(example=example, state="not judged", place=self._places.get(example.id))
            found.setdefault(example.id, fresh)
        return found

    @cached_property
    def failures(self) -> list[Failure]:
        """Requests that gave no record."""
        return list(self._rows("elicit/failures.jsonl", Failure))

    @cached_property
    def adapters(self) -> list[Adapter]:
        """Every adapter in the project's folder."""
        return find_adapters(self.root)

    @cached_property
    def questions(self) -> dict[str, set[str]]:
        """Ids of the evaluation's questions by the id of each passage that was shown with them."""
        shown: dict[str, set[str]] = {}
        for answer in self._plain("evaluate/answers.jsonl"):
            for passage in answer.get("retrieved") or ():
                shown.setdefault(passage, set()).add(answer["item_id"])
        return shown

    @cached_property
    def _places(self) -> dict[str, str]:
        found = {row["example_id"]: f"left_out: {row['reason']}" for row in self._plain("distill/left_out.jsonl")}
        for part in ("train", "validation"):
            found |= {row["id"]: part for row in self._plain(f"distill/{part}.jsonl")}
        return found

    def _rows(self, path: str, model: Any) -> Iterator[Any]:
        file = self.work / path
        return iter_jsonl(file, model) if file.is_file() else iter(())

    def _plain(self, path: str) -> Iterator[dict[str, Any]]:
        file = self.work / path
        if file.is_file():
            with open(file, encoding="utf-8") as stream:
                yield from (json.loads(line) for line in stream if line.strip())


def shown(uri: str, id_: str) -> str:
    """Return how a document is called: by its path if that names nobody, else by its id."""
    return uri if file_names.is_plain(uri) else id_


def _raw(document: Document) -> Known:
    source = document.source
    title = source.title if file_names.is_plain(source.title) else document.id
    return Known(
        id=document.id, shown=shown(source.uri, document.id), title=title, license=source.license,
        retrieved=source.retrieved, characters=len(document.text), stages=["ingest"],
    )  # fmt: skip


def _scrubbed(document: Document, read: str | None) -> Known:
    source = document.source
    return Known(
        id=document.id, shown=source.uri, title=source.title, license=source.license, publisher=source.publisher,
        url=source.url, retrieved=source.retrieved, sha256=source.sha256, characters=len(document.text),
        stages=[*([read] if read else []), "scrub"],
    )  # fmt: skip
