"""Hold the outputs of finished stages against the lock, and records against the passages and documents they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kdvert.decisions.differences import Difference
from kdvert.filters import evidence
from kdvert.filters.contract import Material, Thresholds
from kdvert.pipeline.fingerprint import input_hash, output_hashes
from kdvert.pipeline.lock import FILE, LockRow, read_lock
from kdvert.pipeline.table import STAGES, Row
from kdvert.records import Chunk, Document, Example
from kdvert.store import read_json

ACCEPTED = "work/review/accepted.jsonl"
M = TypeVar("M", bound=BaseModel)

EVIDENCE = {
    "no_evidence": "it names no evidence",
    "unknown_passage": "its evidence is in a passage that the index does not hold",
    "quote_not_found": "its quote does not stand in the passage it names",
    "evidence_offsets_wrong": "its quote does not stand where it says",
    "evidence_changed": "the passage it quotes is not the text that was quoted (another hash)",
}
"""Reasons of `kdvert.filters.evidence`, in words."""


def outputs(work: Path) -> Iterator[Difference]:
    """Compare the files of every finished stage with the lock."""
    lock = read_lock(work)
    yield from _lock_itself(work, lock)
    for row in STAGES:
        if row.name in lock:
            yield from _files(work, row, lock[row.name])
            yield from _inputs(row, lock)


def records(work: Path) -> Iterator[Difference]:
    """Check every accepted record: its quote by hash, its passages and its documents by id."""
    accepted = work / "review" / "accepted.jsonl"
    if "review" not in read_lock(work) or not accepted.is_file():
        return
    examples = list(_lines(accepted, Example))
    wanted = {chunk_id for _, e in examples if e for chunk_id in _cited(e)}
    chunks = {c.id: c for _, c in _lines(work / "index" / "chunks.jsonl", Chunk) if c and c.id in wanted}
    documents: set[str] = set()
    yield from _passages(work, chunks, documents)
    for number, example in examples:
        if example is None:
            yield _difference("unreadable_record", ACCEPTED, f"line {number}", "it is not a record")
            continue
        for code, what in _record(example, chunks, documents):
            yield _difference(code, ACCEPTED, f"line {number}, record {example.id[:16]}", what)


def forgotten(work: Path, documents: set[str]) -> Iterator[Difference]:
    """Name what is made of documents that were forgotten and that somebody brought back, from a backup say."""
    for number, document in _lines(work / "ingest" / "documents.jsonl", Document):
        if document and document.id in documents:
            what = f"{document.id} was forgotten and is back"
            yield _difference("forgotten_document", "work/ingest/documents.jsonl", f"line {number}", what)
    for number, example in _lines(work / "review" / "accepted.jsonl", Example):
        if example and (back := sorted(documents & set(example.provenance.document_ids))):
            what = f"it was made from {back[0]}, which was forgotten"
            yield _difference("forgotten_document", ACCEPTED, f"line {number}, record {example.id[:16]}", what)


def _difference(code: str, file: str, row: str | None, what: str) -> Difference:
    return Difference(check="lineage", code=code, file=file, row=row, what=what)


def _lock_itself(work: Path, lock: dict[str, LockRow]) -> Iterator[Difference]:
    """Name rows of the lock that cannot be read, and output that no row accounts for."""
    kept: dict[str, Any] = read_json(work / FILE) if (work / FILE).is_file() else {}
    for name in sorted(kept.keys() - lock.keys()):
        yield _difference("lock_row_unreadable", f"work/{FILE}", name, "the row of this stage is not one of kdvert's")
    for row in STAGES:
        if row.name not in kept and (work / row.name).is_dir():
            what = "its output is there, and the lock says nothing of it"
            yield _difference("lock_row_missing", f"work/{FILE}", row.name, what)


def _files(work: Path, row: Row, locked: LockRow) -> Iterator[Difference]:
    if not (work / row.name).is_dir():
        yield _difference("output_missing", f"work/{row.name}", None, "the output of this stage is gone")
        return
    now = output_hashes(row, work / row.name)
    for name in sorted(locked.outputs.keys() | now.keys()):
        file = f"work/{row.name}/{name}"
        if name not in now:
            yield _difference("output_missing", file, None, "the stage wrote it, and it is gone")
        elif name not in locked.outputs:
            yield _difference("output_added", file, None, "the stage did not write it")
        elif now[name] != locked.outputs[name]:
            what = f"it was changed after the stage wrote it (SHA-256 {locked.outputs[name][:12]}… → {now[name][:12]}…)"
            yield _difference("output_changed", file, None, what)


def _inputs(row: Row, lock: dict[str, LockRow]) -> Iterator[Difference]:
    """A stage must have been made from the output that its inputs have now."""
    for name, sha in lock[row.name].parts.get("inputs", {}).items():
        if name not in lock:
            what = f"it was made from the output of {name}, of which the lock says nothing any more"
            yield _difference("input_missing", f"work/{row.name}", None, what)
        elif sha != input_hash(lock[name], with_summary=row.reports):
            what = f"it was made from another output of {name}; run again"
            yield _difference("input_changed", f"work/{row.name}", None, what)


def _cited(example: Example) -> set[str]:
    return {e.chunk_id for e in example.evidence} | set(example.provenance.chunk_ids)


def _record(example: Example, chunks: dict[str, Chunk], documents: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (code, what) of everything that is wrong with one record."""
    material = Material(chunks=chunks, held_out=[], languages=[], checks={}, thresholds=Thresholds())
    reason = evidence.apply([example], material)[0][0].reason
    if reason:
        yield reason, EVIDENCE[reason]
    origin = example.provenance
    for chunk_id, document_id, license_ in zip(origin.chunk_ids, origin.document_ids, origin.licenses):
        chunk = chunks.get(chunk_id)
        if chunk is None:
            yield "unknown_passage", f"the index holds no passage {chunk_id}, which it was made from"
        elif chunk.document_id != document_id:
            yield "wrong_document", f"passage {chunk_id} is of {chunk.document_id}, and it says {document_id}"
        elif chunk.license != license_:
            yield "license_differs", f"passage {chunk_id} stands under {chunk.license}, and it says {license_}"
        elif document_id not in documents:
            yield "unknown_document", f"there is no document {document_id}, which it was made from"


def _passages(work: Path, chunks: dict[str, Chunk], documents: set[str]) -> Iterator[Difference]:
    """Check that cited passages stand in their documents; the ids of all documents are added to ``documents``."""
    by_document: dict[str, list[Chunk]] = {}
    for chunk in chunks.values():
        by_document.setdefault(chunk.document_id, []).append(chunk)
    for _, document in _lines(work / "scrub" / "documents.jsonl", Document):
        if document is None:
            continue  # the file's hash is another then, which `outputs` names
        documents.add(document.id)
        for chunk in by_document.get(document.id, []):
            if document.text[chunk.start : chunk.end] != chunk.text:
                what = f"it is not what {document.id} holds at {chunk.start} to {chunk.end}"
                yield _difference("passage_changed", "work/index/chunks.jsonl", f"passage {chunk.id}", what)


def _lines(path: Path, model: type[M]) -> Iterator[tuple[int, M | None]]:
    """Yield (line, record) of a file, None for a line that is no record; nothing for a file that is gone."""
    if not path.is_file():
        return
    with open(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                try:
                    yield number, model.model_validate_json(line)
                except ValidationError:
                    yield number, None
