"""``kdvert verify``: hold what a project is made of against what was recorded when it was made.

Five checks, each a function that yields `Difference`: the lineage (outputs against the lock, records against passages
and documents), the facts, the overrides, the trail and the sign-offs. Nothing is written, and no model is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kdvert.decisions import signers, trail, trail_check
from kdvert.decisions.differences import Difference
from kdvert.decisions.kinds import SOURCE_FORGOTTEN
from kdvert.decisions.signers import Signers
from kdvert.errors import KdvertError, WorkFailed
from kdvert.licensing import lapses, manifest, override_files, snapshot
from kdvert.licensing.chain import Applied, Report
from kdvert.licensing.project import unlifted
from kdvert.pipeline import kept_facts, lineage_check
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Run
from kdvert.rulings import reading, sign_offs
from kdvert.store import sha256_file


@dataclass(frozen=True)
class Question:
    """What is verified: a project made ready to run, the day, and the hash of a trail entry noted elsewhere."""

    run: Run
    today: date
    trusted: Signers
    head: str | None = None


def verify(run: Run, *, today: date, head: str | None = None) -> dict[str, list[Difference]]:
    """Return the differences that each check found, by its name; all lists are empty when nothing is wrong.

    Args:
        head: hash of a trail entry that was noted elsewhere and must still be there.

    Raises:
        UserError: ``signers.yaml`` cannot be read.
    """
    question = Question(run, today, signers.read(run.project.root), head)
    return {name: list(_guarded(name, question)) for name in CHECKS}


def _guarded(name: str, question: Question) -> Iterator[Difference]:
    """Yield what a check finds; what it cannot read is found, too."""
    try:
        yield from CHECKS[name](question)
    except (KdvertError, OSError) as error:
        reason = error.message if isinstance(error, KdvertError) else f"{error.filename}: {error.strerror}"
        what = f"it cannot be checked further: {reason}"
        yield Difference(check=name, code="unchecked", file=_PLACE[name], row=None, what=what)


def unlifted_report(run: Run, today: date) -> Report:
    """Return the license check of a project before any override."""
    ingest = run.project.work / "ingest"
    ran = "ingest" in read_lock(run.project.work) and (ingest / "documents.jsonl").is_file()
    return unlifted(run.resolved.plain(), ingest=ingest if ran else None, root=run.project.root, today=today)


def _lineage(question: Question) -> Iterator[Difference]:
    work = question.run.project.work
    yield from lineage_check.outputs(work)
    yield from lineage_check.records(work)
    gone = [e.refs.get("documents") for e in _entries(question) if e.kind == SOURCE_FORGOTTEN]
    yield from lineage_check.forgotten(work, {name for names in gone if isinstance(names, list) for name in names})


def _entries(question: Question) -> list[trail.Entry]:
    try:
        return trail.entries(question.run.project.root)
    except WorkFailed:
        return []  # `_trail` says what is wrong with it


def _facts(question: Question) -> Iterator[Difference]:
    for code, name, what in manifest.differences():
        yield Difference(check="facts", code=code, file=f"compliance/{name}", row=None, what=what)
    work = question.run.project.work
    kept, now = kept_facts.read(work), snapshot.facts_snapshot()
    for stage in sorted(kept.keys() & read_lock(work).keys()):
        yield from _changed_facts(stage, kept[stage], now)


def _changed_facts(stage: str, kept: kept_facts.KeptFacts, now: dict[str, str]) -> Iterator[Difference]:
    for line in snapshot.differences(kept.rows, now):
        name, _, change = line.rpartition(": ")
        file, _, row = name.partition("#")
        if change != "added":  # what a run did not know, it did not rest on
            what = f"{change} since {stage} was let through on {kept.day}"
            yield Difference(check="facts", code=f"fact_{change}", file=f"compliance/{file}", row=row, what=what)


def _overrides(question: Question) -> Iterator[Difference]:
    root = question.run.project.root
    standing = override_files.standings(root, question.trusted)
    filed = override_files.read(root, question.trusted)
    there = {one.override.nonce for one in filed if one.override}
    for record in standing.values():
        if record.standing == "recorded" and record.nonce not in there:
            what = f"the trail names an override ({record.sha[:16]}…) that is not there: removed, or not readable"
            yield Difference(check="overrides", code="override_missing", file="overrides", row=None, what=what)
    if filed:
        report = unlifted_report(question.run, question.today)
        for one in filed:
            yield from _lapsed(one, lapses.judge(one, report, signers=question.trusted, today=question.today))


def _lapsed(filed: override_files.Filed, outcome: Applied) -> Iterator[Difference]:
    code = lapses.lapse_of(outcome)
    if code is None or code in lapses.ELSEWHERE:
        return
    what = outcome.why.partition(": ")[2]
    file = f"{override_files.FOLDER}/{filed.path.name}"
    yield Difference(check="overrides", code=code, file=file, row=outcome.target or None, what=what)


def _trail(question: Question) -> Iterator[Difference]:
    yield from trail_check.differences(question.run.project.root, question.trusted, head=question.head)


def _sign_offs(question: Question) -> Iterator[Difference]:
    root, work = question.run.project.root, question.run.project.work
    for name in sign_offs.damaged(root):
        file = f"{trail.FOLDER}/{sign_offs.FOLDER}/{name}"
        yield Difference(check="sign-offs", code="unreadable", file=file, row=None, what="it is no sign-off")
    there = {made.sha for made in sign_offs.read(root)}
    review = reading.read(root)
    for entry in review.sign_offs:
        if entry.refs.get("document") not in there:
            what = "the trail names a sign-off that is not there: removed, or altered"
            row = f"entry {entry.seq}"
            yield Difference(check="sign-offs", code="sign_off_missing", file=trail_check.FILE, row=row, what=what)
    dataset, report = (_hash(work / name) for name in ("review/accepted.jsonl", "report/report.html"))
    for held in _to_show(sign_offs.judge(root, review, dataset=dataset, report=report)):
        file = f"{trail.FOLDER}/{sign_offs.FOLDER}/{held.sign_off.id}.json"
        for lapse in held.lapses:
            yield Difference(check="sign-offs", code=lapse.code, file=file, row=held.sign_off.scope, what=lapse.what)


def _to_show(held: list[sign_offs.Held]) -> list[sign_offs.Held]:
    """Return the last sign-off of each scope, as earlier ones were for other records, and those of no trail."""
    codes = {one.sign_off.id: {lapse.code for lapse in one.lapses} for one in held}
    standing = [one for one in held if codes[one.sign_off.id].isdisjoint(("unrecorded", "withdrawn"))]
    strange = [one for one in held if "unrecorded" in codes[one.sign_off.id]]
    return [*{one.sign_off.scope: one for one in standing}.values(), *strange]


def _hash(path: Path) -> str | None:
    return sha256_file(path) if path.is_file() else None


CHECKS: dict[str, Callable[[Question], Iterator[Difference]]] = {
    "lineage": _lineage,
    "facts": _facts,
    "overrides": _overrides,
    "trail": _trail,
    "sign-offs": _sign_offs,
}
"""What ``kdvert verify`` looks at, in this order."""

_PLACE = {"lineage": "work", "facts": f"work/{kept_facts.FILE}", "overrides": "overrides", "trail": trail_check.FILE,
          "sign-offs": f"{trail.FOLDER}/{sign_offs.FOLDER}"}  # fmt: skip
