"""Forget a source: remove all that was made of it, step by step, so that a kill at any moment can be made good.

Steps run in an order in which each still finds what it needs, and in which nothing removed can come back: the sources
first. Each may run twice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kdvert.decisions import erasable, trail
from kdvert.decisions.kinds import SOURCE_FORGOTTEN
from kdvert.decisions.signing import Signer
from kdvert.knowledge import chroma
from kdvert.knowledge.index import COLLECTIONS, INFO
from kdvert.lineage import adapters, caches, sources
from kdvert.lineage import job as jobs
from kdvert.lineage.job import AdapterHit, Job
from kdvert.lineage.marks import Marks, files
from kdvert.lineage.reading import Lineage
from kdvert.lineage.target import identities
from kdvert.records import Record
from kdvert.rulings import places
from kdvert.store import read_json

_STAYS = {"cache", "tainted", ".run.lock", "lock.json"}
"""In ``work/``: what has a step of its own."""
_MADE_OF_ALL = {"logs", "config.json", "preview", "plan"}
"""In ``work/``: what is made of all documents and is easily made anew."""


class Erased(Record):
    """What was done.

    Attributes:
        job: id of the erasure, as in the audit trail.
        entry_sha: its entry there.
        stages: output folders that were removed.
        kept: where adapters that learned from it lie now, marked.
        still_in: files outside ``work/`` that hold its text; kdvert did not write them and left them.
        named_in: files that hold its path and no text of it.
        searched: how many files were searched for its text, byte by byte; 0 if no text was left to search for.
        notes: what a person must see to.
    """

    job: str
    entry_sha: str
    stages: list[str]
    kept: list[str]
    still_in: list[str]
    named_in: list[str]
    searched: int
    notes: list[str]


@dataclass
class Eraser:
    """One erasure at work.

    Args:
        root: the project's folder.
        job: what to forget; written down already.
        marks: by what its text is known, as far as it was still there.
        drop_rows: takes stages out of the lock file.
        encoding: gives the encoding that the user states for a file, by its path.
    """

    root: Path
    job: Job
    marks: Marks
    signer: Signer
    now: datetime
    drop_rows: Callable[[Sequence[str]], None]
    encoding: Callable[[str], str | None] = lambda uri: None
    notes: list[str] = field(default_factory=list)

    def run(self) -> Erased:
        """Do what is not done yet, and look for what is left.

        Raises:
            WorkFailed: a vector store on a server cannot be reached; call again when it can.
        """
        for name, step in STEPS.items():
            if name not in self.job.done:
                step(self)
                self.job = self.job.model_copy(update={"done": [*self.job.done, name]})
                jobs.write(self.root, self.job)
        found = self._look()
        jobs.remove(self.root)
        return found

    def _look(self) -> Erased:
        """Search every file of the project for what is left."""
        searched = [p for p in files(self.root) if p != self.root / jobs.FILE]
        held = [p for p in searched if self.marks.read_in(p)]
        named = [p for p in searched if p not in held and self.marks.mentioned_in(p) and not self._is_ours(p)]
        if (self.root / ".git").exists() or any((p / ".git").exists() for p in self.root.parents):
            self.notes.append("The project lies in a git repository: its history may hold the source.")
        return Erased(
            job=self.job.id, entry_sha=_entry(self.root, self.job.id), stages=self.job.stages,
            kept=[a.path for a in adapters.tainted(self.root) if a.taint.job == self.job.id],
            still_in=[p.relative_to(self.root).as_posix() for p in held],
            named_in=[p.relative_to(self.root).as_posix() for p in named],
            searched=len(searched) if self.marks.pieces else 0, notes=self.notes,
        )  # fmt: skip

    def _is_ours(self, path: Path) -> bool:
        """The trail and the marks name ids on purpose."""
        return path.is_relative_to(self.root / trail.FOLDER) or path.name in (adapters.MARK, adapters.FACTS)


def _server(it: Eraser) -> None:
    """Delete the collections on servers: those of every index that came before, and this one's if it goes."""
    if not it.job.documents:
        return
    known, info = it.root / "work/cache/index" / COLLECTIONS, it.root / "work/index" / INFO
    made: dict[str, list[str]] = read_json(known) if known.is_file() else {}
    row = read_json(info) if info.is_file() else {}
    for server, names in made.items():
        stays = row.get("collection") if row.get("server") == server and "index" not in it.job.stages else None
        if chroma.delete(server, [name for name in names if name != stays]):
            it.notes.append(f"Collections were deleted on {server}. Its own files may hold deleted text until they are "
                            "vacuumed: chroma vacuum")  # fmt: skip


def _sources(it: Eraser) -> None:
    for original in it.job.originals:
        it.notes += sources.remove(it.root, original, it.encoding(original.uri))


def _caches(it: Eraser) -> None:
    if it.job.documents:
        caches.clean(Lineage(it.root), it.job.documents)
        numbers = identities(it.root)
        for original in it.job.originals:
            numbers.forget(original.uri, original.row)
        numbers.save()


def _adapters(it: Eraser) -> None:
    for hit in it.job.adapters:
        folder = it.root / hit.path
        if not folder.is_dir():
            continue
        if it.job.delete_adapters:
            shutil.rmtree(folder)
            continue
        taint = adapters.Taint(at=it.job.at, job=it.job.id, **hit.model_dump(exclude={"path"}))
        adapters.mark(folder, taint)
        if hit.path.startswith(adapters.CURRENT):
            _set_aside(it.root, folder, hit)


def _set_aside(root: Path, folder: Path, hit: AdapterHit) -> None:
    """Move an adapter out of the stage's folder, which the next run replaces."""
    target = root / adapters.KEPT / hit.weights_sha256[:12]
    target.mkdir(parents=True, exist_ok=True)
    facts = folder.parent / adapters.FACTS
    if facts.is_file():
        shutil.copyfile(facts, target / adapters.FACTS)
    shutil.rmtree(target / folder.name, ignore_errors=True)
    os.replace(folder, target / folder.name)


def _stages(it: Eraser) -> None:
    """Remove stages from the lock and from the disk, with what runs left half done, their logs and settings."""
    work = it.root / "work"
    it.drop_rows(it.job.stages)
    for path in sorted(work.iterdir()) if work.is_dir() else ():
        if path.name in _STAYS:
            continue
        planned = path.name in it.job.stages or path.name.endswith((".partial", ".partial.key", ".tmp"))
        told = it.job.documents and path.name in _MADE_OF_ALL
        if planned or told or it.marks.below(path):  # the last for folders that are no stage's
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (p for p in files(work) if p.name.startswith(".") and p.name.endswith(".tmp")):
        path.unlink()


def _dossiers(it: Eraser) -> None:
    for name in it.job.dossiers:
        shutil.rmtree(it.root / name, ignore_errors=True)


def _planted(it: Eraser) -> None:
    """Remove records with planted errors, if one of them was made of what is forgotten."""
    paths = [it.root / places.PLANTED_RECORDS, it.root / places.PLANTED]
    if it.job.documents and paths[0].is_file() and it.marks.mentioned_in(paths[0]):
        for path in paths:
            path.unlink(missing_ok=True)
        it.notes.append("Records with planted errors held it and are gone: plant others (kdvert review plant).")


def _decisions(it: Eraser) -> None:
    if it.job.items:
        erasable.erase(it.root, it.job.items, signer=it.signer, now=it.now)


def _trail(it: Eraser) -> None:
    if _entry(it.root, it.job.id):
        return
    refs: dict[str, trail.Value] = {
        "job": it.job.id,
        "documents": it.job.documents,
        "records": it.job.records,
        "adapters": sorted({hit.weights_sha256 for hit in it.job.adapters}),
        "sources": len(it.job.originals),
    }
    trail.append(it.root, SOURCE_FORGOTTEN, now=it.now, signer=it.signer, refs=refs)


def _entry(root: Path, job: str) -> str:
    return next((e.sha for e in trail.entries(root) if e.kind == SOURCE_FORGOTTEN and e.refs.get("job") == job), "")


STEPS: dict[str, Callable[[Eraser], None]] = {
    "server": _server,
    "sources": _sources,
    "caches": _caches,
    "adapters": _adapters,
    "stages": _stages,
    "dossiers": _dossiers,
    "planted": _planted,
    "decisions": _decisions,
    "trail": _trail,
}
"""Name to step, in order."""
