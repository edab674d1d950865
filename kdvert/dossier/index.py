"""The index of a dossier: every file with its hash, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdvert.dossier.documents import Document, Label
from kdvert.dossier.fields import ToFill
from kdvert.dossier.lineage import Lineage
from kdvert.records import Record
from kdvert.store import sha256_file, write_json

FILE = "index.json"


EXTRA = (
    Label("lineage.json", "Lineage", "What all documents are written from."),
    Label("data/", "Records", "The records themselves, as Croissant describes them."),
)
"""Files that no document writes."""


class Entry(Record):
    """A file of the dossier. ``file`` is relative to its folder, ``size`` in bytes."""

    file: str
    title: str
    about: str
    sha256: str
    size: int


class Index(Record):
    """``index.json``."""

    schema_version: int = 1
    project: str
    as_of: str
    verdict: str
    lineage_sha256: str
    files: list[Entry]
    to_fill: list[ToFill]


def entries(folder: Path, documents: Sequence[Document | Label]) -> list[Entry]:
    """Return the files in ``folder``, each with the row of the table that wrote it, sorted by the table's order."""
    found = []
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILE)
    for document in documents:
        own = [p for p in paths if _belongs(p.relative_to(folder).as_posix(), document.name)]
        found += [_entry(folder, path, document) for path in own]
    return found


def write(folder: Path, lineage: Lineage, lineage_sha256: str, rows: list[Entry], to_fill: list[ToFill]) -> Index:
    """Write the index and return it."""
    made = Index(
        project=lineage.project.name,
        as_of=lineage.as_of.isoformat(),
        verdict=lineage.licensing.verdict,
        lineage_sha256=lineage_sha256,
        files=rows,
        to_fill=to_fill,
    )
    write_json(folder / FILE, made.model_dump(mode="json"))
    return made


def _belongs(name: str, owner: str) -> bool:
    return name.startswith(owner) if owner.endswith("/") else name == owner


def _entry(folder: Path, path: Path, document: Document | Label) -> Entry:
    return Entry(
        file=path.relative_to(folder).as_posix(),
        title=document.title if not document.name.endswith("/") else f"{document.title}: {path.name}",
        about=document.about,
        sha256=sha256_file(path),
        size=path.stat().st_size,
    )
