"""Find all that must go when a source is forgotten. Nothing is written."""

from __future__ import annotations

import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kdvert.decisions import batches, erasable, trail
from kdvert.errors import UserError
from kdvert.lineage import caches
from kdvert.lineage.adapters import CURRENT, Adapter
from kdvert.lineage.job import AdapterHit, Job
from kdvert.lineage.marks import Marks
from kdvert.lineage.reading import Lineage, Original, Tracked
from kdvert.lineage.rights import of_records
from kdvert.lineage.sources import row_text
from kdvert.lineage.target import Target, covers
from kdvert.lineage.tracing import records_of
from kdvert.records import Record

DOSSIER = "lineage.json"
"""The file that all others of a dossier are written from."""
_HALF_A_DOSSIER = re.compile(r"^\..+\.\d+\.(partial|old)$")
TRAINED = "distill"
"""The stage whose output is worth keeping when nothing of the source went into it: it takes longest to make."""


class Plan(Record):
    """What would go, for the person who is asked.

    Attributes:
        job: what is written down before anything is removed.
        files: how many files leave the sources, and how many rows.
        records: how many records go, by state.
        cached: how many rows of caches go, by file.
        shared: pieces of its text that other documents hold too, by their ids; they stay there.
        notes: what a person must see to.
    """

    job: Job
    files: int
    rows: int
    records: dict[str, int]
    cached: dict[str, int]
    shared: dict[str, int]
    notes: list[str]


def plan(
    lineage: Lineage, target: Target, marks: Marks, *, stages: Sequence[str], delete_adapters: bool, now: datetime
) -> Plan:
    """Plan to forget ``target``.

    Args:
        lineage: the project.
        target: what to forget.
        marks: see `kdvert.lineage.marks.of`.
        stages: names of all stages, in order.
        delete_adapters: whether adapters that learned from it are deleted, and not only marked.
        now: the time, with its zone.

    Raises:
        UserError: it is no document or source, or a row that is not there.
        WorkFailed: a list that a decision with a comment is about is gone or was altered.
    """
    _must_be_a_source(lineage, target)
    records = records_of(lineage, target)
    hits = [hit for adapter in lineage.adapters if (hit := _hit(adapter, target, records))]
    originals = _whole(lineage, target)
    seen = bool(target.documents)
    job = Job(
        id=secrets.token_hex(16),
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        originals=originals,
        documents=sorted(target.documents),
        records=sorted(r.example.id for r in records),
        stages=_stages(lineage, marks, stages) if seen else [],
        dossiers=[p.relative_to(lineage.root).as_posix() for p in _dossiers(lineage.root) if marks.below(p)],
        adapters=hits,
        delete_adapters=delete_adapters,
        items=_items(lineage.root, target.documents, records),
    )
    return Plan(
        job=job,
        files=sum(o.row is None for o in originals),
        rows=sum(o.row is not None for o in originals),
        records=dict(Counter(r.state for r in records)),
        cached=caches.count(lineage, target.documents) if seen else {},
        shared=marks.shared,
        notes=_unknown_adapters(lineage.adapters) if seen else [],
    )


def _must_be_a_source(lineage: Lineage, target: Target) -> None:
    if target.kind == "forgotten":
        raise UserError(f"{target.label} is forgotten already.", hint=f"kdvert trace {target.label} says since when.")
    if target.kind not in ("document", "source"):
        behind = {d for r in target.records for d in lineage.records[r].example.provenance.document_ids}
        behind |= {lineage.passages[p].document_id for p in target.passages}
        raise UserError(
            f"{target.label} is a {target.kind}: what is forgotten is a document, with all that was made of it.",
            hint=f"It rests on {', '.join(sorted(behind))}: kdvert forget {min(behind, default='DOCUMENT')}",
        )
    for original in target.originals:
        path = lineage.root / original.uri
        if not original.id and original.row is not None and not row_text(path, original.row):
            raise UserError("That file holds no such row.", hint="A row is named by its 'id', else by its line number.")


def _whole(lineage: Lineage, target: Target) -> list[Original]:
    """Return what to remove: rows that a whole file covers are not named by themselves."""
    whole = {o.uri for o in target.originals if o.row is None}
    listed = [*target.originals, *(lineage.originals[d] for d in target.documents if d in lineage.originals)]
    found = {(o.uri, o.row): o for o in listed if o.row is None or o.uri not in whole}
    return [found[key] for key in sorted(found, key=lambda k: (k[0], k[1] or ""))]


def _stages(lineage: Lineage, marks: Marks, stages: Sequence[str]) -> list[str]:
    """Return the stages to make anew: from the first that holds a trace on, for each reads the ones before it."""
    there = [s for s in stages if (lineage.work / s).is_dir()]
    touched = [s for s in there if marks.below(lineage.work / s)]
    if not touched:
        return []
    later = there[there.index(touched[0]) :]
    return [s for s in later if s != TRAINED or s in touched]


def _dossiers(root: Path) -> Iterator[Path]:
    """Yield the folders of dossiers below ``root``, with what a killed `kdvert report` left; known by their files."""
    for at, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f != ".git" and Path(at, f) != root / "work")
        if DOSSIER in names or _HALF_A_DOSSIER.search(Path(at).name):
            folders.clear()
            yield Path(at)


def _hit(adapter: Adapter, target: Target, records: Iterable[Tracked]) -> AdapterHit | None:
    """Return how an adapter is concerned; None if nothing of it went in."""
    current = adapter.path.startswith(CURRENT)
    used = [r for r in records if r.place in ("train", "validation")] if current else []
    documents = set(target.documents) & set(adapter.rights.document_ids if adapter.rights else ())
    documents |= set(target.documents) & set(of_records(r.example for r in used).document_ids)
    if not documents:
        return None
    counts = Counter(r.place for r in used)
    return AdapterHit(
        path=adapter.path, train=counts["train"] if current else None,
        validation=counts["validation"] if current else None, documents=sorted(documents), base=adapter.base,
        data_sha256=adapter.data_sha256, weights_sha256=adapter.weights_sha256,
    )  # fmt: skip


def _unknown_adapters(adapters: Iterable[Adapter]) -> list[str]:
    return [
        f"Nothing says what the adapter {a.path} was trained on. If it came from this project, take it for tainted."
        for a in adapters
        if a.rights is None and not a.path.startswith(CURRENT)
    ]


def _items(root: Path, documents: Iterable[str], records: Iterable[Tracked]) -> list[str]:
    """Return the texts behind decisions about its records and documents: comments, reasons, diffs."""
    wanted = {r.example.id for r in records}
    heads = list(documents)
    there = set(erasable.ids(root))
    found: list[str] = []
    for entry in trail.entries(root):
        items = [item for item in entry.items if item in there]
        if items and any(
            n in wanted or any(covers(h, n.partition("@")[0]) for h in heads) for n in _named(root, entry)
        ):
            found += items
    return list(dict.fromkeys(found))


def _named(root: Path, entry: trail.Entry) -> Iterator[str]:
    """Yield all that an entry is about, the records of its list included.

    Raises:
        WorkFailed: the list is gone or was altered, so that nobody can say whether its texts must go.
    """
    for name, value in entry.refs.items():
        yield from value if isinstance(value, list) else [str(value)]
        if name == "list":
            yield from batches.get(root, str(value))
