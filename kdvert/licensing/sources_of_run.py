"""What the license check has to know of the sources of a run: read from the output of the stage ``ingest``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from kdvert.licensing.chain import Mismatch, SourceUse
from kdvert.licensing.signs import MISMATCHES, TERMS, DocumentTerms, Settled
from kdvert.records import Document
from kdvert.store import iter_jsonl


class RunSources(NamedTuple):
    """The sources of a run.

    Attributes:
        uses: what the documents amount to, by stated license.
        mismatches: differences between stated and shown license that nobody has settled.
        settled: those that a user settled, with the reason.
    """

    uses: list[SourceUse]
    mismatches: list[Mismatch]
    settled: list[Settled]


def sources_of_run(ingest: Path) -> RunSources:
    """Read the output folder of ``ingest``. One of an older version, without signs, gives the stated licenses alone.

    Raises:
        WorkFailed: a row is not what ``ingest`` writes.
    """
    found: dict[str, list[SourceUse]] = {}
    for use in dict.fromkeys(terms_by_document(ingest).values()):
        found.setdefault(use.license, []).append(use)
    rows = list(iter_jsonl(ingest / MISMATCHES, Settled)) if (ingest / MISMATCHES).is_file() else []
    return RunSources(
        uses=[_together(license_, uses) for license_, uses in sorted(found.items())],
        mismatches=[row.mismatch for row in rows if row.reason is None],
        settled=[row for row in rows if row.reason is not None],
    )


def terms_by_document(ingest: Path) -> dict[str, SourceUse]:
    """Return what the license check has to know of each document, by its id."""
    if (ingest / TERMS).is_file():
        return {row.id: _use(row) for row in iter_jsonl(ingest / TERMS, DocumentTerms)}
    documents = iter_jsonl(ingest / "documents.jsonl", Document)
    return {document.id: SourceUse(license=document.source.license) for document in documents}


def _together(license_: str, uses: list[SourceUse]) -> SourceUse:
    return SourceUse(
        license=license_,
        corpora=tuple(sorted({name for use in uses for name in use.corpora})),
        written_by=tuple(sorted({ref for use in uses for ref in use.written_by})),
    )


def _use(row: DocumentTerms) -> SourceUse:
    return SourceUse(license=row.license, corpora=row.corpora, written_by=row.written_by)
