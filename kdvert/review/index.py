"""The queue's index: one SQLite file made from a run's output, which can be thrown away and made again.

It holds where each record and passage lies in the run's files, not their text: what is erased there is gone here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kdvert.progress import Progress
from kdvert.records import Chunk, Document, Example, ScrubLog, sha256_json
from kdvert.review import risk
from kdvert.rulings.contents import content_sha
from kdvert.store import sha256_file

VERSION = 1
FILE = "queue.sqlite"

FILES: dict[str, str] = {
    "accepted": "filter/accepted.jsonl",
    "rejected": "filter/rejected.jsonl",
    "chunks": "index/chunks.jsonl",
    "documents": "scrub/documents.jsonl",
    "logs": "scrub/logs.jsonl",
}
"""What the index is made from, below ``work``."""

PLANTED = "planted"
"""The place of records with planted errors; the page shows them as accepted ones."""

_SCHEMA = """
create table facts (name text primary key, value text);
create table places (kind text, id text, start integer, length integer, primary key (kind, id)) without rowid;
create table spans (chunk text primary key, document text, start integer, end integer) without rowid;
create table records (
  n integer primary key, id text unique, file text, place text, content text, vertical text, skill text, strategy text,
  source text, license text, verdict text, risk real, parts text, status text default 'open', version integer default 0,
  sampled integer default 0, double integer default 0, hidden integer default 0
);
create table reasons (code text, n integer, primary key (code, n)) without rowid;
create table sources (document text, n integer, primary key (document, n)) without rowid;
create table judged (who text, n integer, primary key (who, n)) without rowid;
"""
_INDEXES = """
create index by_status on records (status, n);
create index by_sample on records (sampled, n);
create index by_place on records (place, n);
"""


@dataclass(frozen=True)
class Made:
    """What a run's index is made with.

    Attributes:
        work: the project's ``work`` folder.
        planted: the file of planted errors, or None.
        license_verdict: gives the verdict on a license expression.
    """

    work: Path
    planted: Path | None
    license_verdict: Callable[[str], str]

    def paths(self) -> dict[str, Path]:
        """Return the files that are there, by kind."""
        found = {kind: self.work / name for kind, name in FILES.items()}
        if self.planted:
            found[PLANTED] = self.planted
        return {kind: path for kind, path in found.items() if path.is_file()}

    def key(self) -> str:
        """Return what the index depends on."""
        return sha256_json([VERSION, risk.WEIGHTS, {kind: sha256_file(path) for kind, path in self.paths().items()}])


def build(path: Path, made: Made, progress: Progress) -> None:
    """Write the index to ``path`` if it is not there, or was made from other files; one process at a time does."""
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        key = made.key()
        if not path.is_file() or not _is_current(path, key, made.license_verdict):
            _write(path, made, key, progress)


def _write(path: Path, made: Made, key: str, progress: Progress) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with sqlite3.connect(fresh) as db:
        db.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
        verdicts: dict[str, str] = {}

        def judged(expression: str) -> str:
            return verdicts.setdefault(expression, made.license_verdict(expression))

        _fill(db, made.paths(), judged, progress)
        db.executescript(_INDEXES)
        db.execute("insert into facts values ('key', ?)", (key,))
        db.execute("insert into facts values ('verdicts', ?)", (json.dumps(verdicts),))
        db.commit()
    db.close()
    fresh.replace(path)


def _is_current(path: Path, key: str, license_verdict: Callable[[str], str]) -> bool:
    """Return whether an index was made from these files, and every license is still judged as it was then."""
    try:
        with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as db:
            facts = dict(db.execute("select name, value from facts"))
    except sqlite3.DatabaseError:
        return False
    verdicts: dict[str, str] = json.loads(facts.get("verdicts", "{}"))
    return facts.get("key") == key and all(license_verdict(name) == then for name, then in verdicts.items())


def _fill(
    db: sqlite3.Connection, paths: dict[str, Path], license_verdict: Callable[[str], str], progress: Progress
) -> None:
    kinds = [k for k in ("accepted", "rejected", PLANTED) if k in paths]
    with progress.bar("reading records", len(kinds) + 3) as bar:
        for kind, model in (("documents", Document), ("logs", ScrubLog), ("chunks", Chunk)):
            if kind in paths:
                _place(db, kind, paths[kind], model)
            bar.advance()
        assessor = _assessor(db, paths, license_verdict)
        rows = []
        for kind in kinds:
            rows += [_row(kind, start, length, line, assessor) for start, length, line in _lines(paths[kind])]
            bar.advance()
    rows.sort(key=lambda row: (-row.risk, row.id))
    _insert(db, rows)


def _place(db: sqlite3.Connection, kind: str, path: Path, model: type[Document] | type[ScrubLog] | type[Chunk]) -> None:
    def rows() -> Iterator[tuple[str, str, int, int]]:
        for start, length, line in _lines(path):
            if model is Chunk:
                chunk = Chunk.model_validate_json(line)
                span = (chunk.id, chunk.document_id, chunk.start, chunk.end)
                db.execute("insert or replace into spans values (?, ?, ?, ?)", span)
                yield kind, chunk.id, start, length
            else:
                raw = json.loads(line)
                yield kind, raw["document_id"] if model is ScrubLog else raw["id"], start, length

    db.executemany("insert or replace into places values (?, ?, ?, ?)", list(rows()))


def _assessor(db: sqlite3.Connection, paths: dict[str, Path], verdict: Callable[[str], str]) -> risk.Assessor:
    @lru_cache(maxsize=4096)
    def marks(document: str) -> risk.Marks:
        text = read_at(paths.get("logs"), *place_of(db, "logs", document))
        return risk.Marks.of(ScrubLog.model_validate_json(text)) if text else risk.Marks()

    @lru_cache(maxsize=65536)
    def span(chunk: str) -> tuple[str, int, int] | None:
        found = db.execute("select document, start, end from spans where chunk = ?", (chunk,)).fetchone()
        return tuple(found) if found else None

    return risk.Assessor(marks, span, lru_cache(verdict))


@dataclass(frozen=True)
class _Row:
    risk: float
    id: str
    values: tuple[object, ...]
    reasons: tuple[str, ...]
    documents: tuple[str, ...]


def _row(kind: str, start: int, length: int, line: bytes, assessor: risk.Assessor) -> _Row:
    example = Example.model_validate_json(line)
    origin = example.provenance
    parts = assessor.parts(example)
    licenses = sorted(set(origin.licenses))
    worst = max(
        (assessor.license_verdict(x) for x in licenses), key=lambda v: risk.VERDICTS.get(v, 1.0), default="block"
    )
    place = "rejected" if kind == "rejected" else "accepted"
    values = (
        example.id, f"{kind}:{start}:{length}", place, content_sha(example), example.vertical, example.skill,
        example.strategy, origin.document_ids[0] if origin.document_ids else "", " AND ".join(licenses), worst,
        risk.total(parts), json.dumps(parts),
    )  # fmt: skip
    reasons = tuple(sorted({v.reason or v.check for v in example.verdicts if not v.passed}))
    return _Row(risk.total(parts), example.id, values, reasons, tuple(sorted(set(origin.document_ids))))


def _insert(db: sqlite3.Connection, rows: list[_Row]) -> None:
    columns = "n, id, file, place, content, vertical, skill, strategy, source, license, verdict, risk, parts"
    marks = ", ".join("?" * 13)
    seen: set[str] = set()
    for n, row in enumerate(rows, 1):
        if row.id in seen:
            continue
        seen.add(row.id)
        db.execute(f"insert into records ({columns}) values ({marks})", (n, *row.values))
        db.executemany("insert into reasons values (?, ?)", [(code, n) for code in row.reasons])
        db.executemany("insert into sources values (?, ?)", [(document, n) for document in row.documents])


def place_of(db: sqlite3.Connection, kind: str, id_: str) -> tuple[int, int]:
    """Return where a passage, document or log lies in its file: first byte and length; (0, 0) if it does not."""
    found = db.execute("select start, length from places where kind = ? and id = ?", (kind, id_)).fetchone()
    return (found[0], found[1]) if found else (0, 0)


def read_at(path: Path | None, start: int, length: int) -> bytes:
    """Return a part of a file; nothing of a file that is not there."""
    if path is None or not length or not path.is_file():
        return b""
    with open(path, "rb") as stream:
        stream.seek(start)
        return stream.read(length)


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    with open(path, "rb") as stream:
        for line in stream:
            if line.strip():
                yield start, len(line), line
            start += len(line)
