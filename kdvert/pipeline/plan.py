"""Say what a run will take and give before it is paid for: requests, tokens, money, records, time, each with a range.

Without a sample nobody is asked: prompts are made and counted, replies that are kept are taken as they are. With one
the teacher is asked about the first passages that a run would ask about, and the run takes the replies over. The plan
lies in ``work/plan``, and so does all that the sample gave; the stages' folders and the lock stay as they are.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kdvert import __version__
from kdvert.elicitation import survey as surveys
from kdvert.elicitation.survey import Survey
from kdvert.errors import UserError, WorkFailed
from kdvert.lineage.job import must_be_done
from kdvert.pipeline import aside, plan_money, plan_times, plan_training, shares, table
from kdvert.pipeline.fingerprint import fingerprint
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.plan_parts import planned
from kdvert.pipeline.plan_ranges import CONFIDENCE
from kdvert.pipeline.runner import Run, Step, exclusive, execute
from kdvert.pipeline.runner import plan as pending
from kdvert.records import Chunk, Example, sha256_json
from kdvert.reporting import plans
from kdvert.reporting.plans import Pace, PartPlan, Plan, Range
from kdvert.store import iter_jsonl, read_json, write_json

MOST = 200
"""Passages of a sample, at most."""

SAMPLE, SEEN, JUDGED = "sample", "seen", "judged"
"""Below ``work/plan``: what the sample gave; what a run would ask; the verdicts on its records."""


@dataclass(frozen=True)
class Listener:
    """Who is told what happens.

    Attributes:
        on_step: called before and after each stage up to the index.
        on_ask: called with one sentence before anything is asked.
    """

    on_step: Callable[[Step, bool], None] = lambda step, done: None
    on_ask: Callable[[str], None] = lambda sentence: None


def plan(run: Run, sample: int = 0, *, index: bool = True, listener: Listener = Listener()) -> Plan:
    """Make a plan and keep it in ``work/plan/plan.json``.

    Args:
        run: the project.
        sample: passages or questions to ask about (0: nobody is asked).
        index: bring the index up to date first; else take it as it is.
        listener: is told what happens.

    Raises:
        UserError: ``sample`` is out of range, or there is no index to take.
        GateBlocked: a document has no license, or the license check blocks the project.
        WorkFailed: there is no passage, the teacher cannot be reached, or its budget is spent.
    """
    if not 0 <= sample <= MOST:
        raise UserError(
            f"A sample of {sample} passages: allowed are 1 to {MOST}.", hint="10 to 30 give a useful range."
        )
    stale = _indexed(run, index, listener)
    with exclusive(run.project.work):
        must_be_done(run.project.root)
        return _made(run, sample, stale, listener)


def _indexed(run: Run, index: bool, listener: Listener) -> str | None:
    """Bring the index up to date, or return what is not up to date about the one that is there."""
    if index:
        execute(run, last="index", on_step=listener.on_step)
        return None
    if not (run.project.work / "index" / "chunks.jsonl").is_file():
        raise UserError("The documents are not indexed yet, so nothing can be planned.", hint="Leave out --no-index.")
    late = next((step for step in pending(run, last="index") if step.reason), None)
    return (
        f"The index is not up to date ({late.stage}: {late.reason}); the passages may become others." if late else None
    )


@dataclass(frozen=True)
class _Seen:
    """What is known of a run: its calls, the records judged so far, and how fast that went."""

    survey: Survey
    accepted: set[str]
    judging: tuple[int, float, float] | None
    pace: Pace | None


def _made(run: Run, sample: int, stale: str | None, listener: Listener) -> Plan:
    folder = run.project.work / plans.FOLDER
    before = _survey(run, folder)
    kept_before = sum(u.requests for part in before.parts for u in part.units)
    pace = _pace_before(run, folder, before.teacher)
    if sample:
        pace = _ask(run, folder, before, sample, listener) or pace
    survey = _survey(run, folder) if sample else before
    accepted, judging = _judge(run, folder)
    made = _plan(run, sample, _Seen(survey, accepted, judging, pace), [stale] if stale else [])
    _keep(run, folder, made, kept_before)
    return made


def _survey(run: Run, folder: Path) -> Survey:
    out = folder / SEEN
    shutil.rmtree(out, ignore_errors=True)
    config = run.resolved.stages["elicit"]
    aside.stage(run, "elicit", out, lambda module, ctx: module.survey(ctx, config))
    return Survey.model_validate(read_json(out / surveys.FILE))


def _pace_before(run: Run, folder: Path, teacher: str) -> Pace | None:
    """Return the pace that an earlier plan or run measured with these settings."""
    config: Any = run.resolved.stages["elicit"]
    earlier = plans.read_plan(folder / plans.FILE)
    pace = earlier.pace if earlier else None
    now = (teacher, plan_times.together(config.teacher), config.teacher.batch_size)
    if pace and (pace.teacher, pace.concurrency, pace.batch_size) == now:
        return pace
    return plan_times.last_pace(run, teacher)


def _ask(run: Run, folder: Path, before: Survey, sample: int, listener: Listener) -> Pace | None:
    """Ask about the first passages of each part; return how fast the teacher answered, if it was called."""
    config: Any = run.resolved.stages["elicit"]
    chunks = sum(1 for _ in iter_jsonl(run.project.work / "index" / "chunks.jsonl", Chunk))
    part = shares.share(config, sample, chunks, run.project.root)
    listener.on_ask(plan_money.before_asking(before, part, config.teacher))
    out = folder / SAMPLE
    shutil.rmtree(out, ignore_errors=True)
    started = time.monotonic()
    try:
        aside.stage(run, "elicit", out, lambda module, ctx: module.run(ctx, config, part.first))
    except WorkFailed:  # no usable record is an answer too: none is expected then
        if not (out / "summary.json").is_file():
            raise
    summary, seconds = read_json(out / "summary.json"), time.monotonic() - started
    if not summary["calls"]:
        return None
    return plan_times.pace_of(summary, seconds, config, f"the sample, of {summary['calls']} calls")


def _judge(run: Run, folder: Path) -> tuple[set[str], tuple[int, float, float] | None]:
    """Return the ids of the records that pass the filters, and how long judging took: the first time and again."""
    examples = folder / SEEN / surveys.RECORDS
    out = folder / JUDGED
    shutil.rmtree(out, ignore_errors=True)
    if not examples.stat().st_size:
        return set(), None
    config = run.resolved.stages["filter"].model_copy(update={"min_accepted": 0})
    took: list[float] = []
    for _ in range(2):
        started = time.monotonic()
        aside.stage(run, "filter", out, lambda module, ctx: module.run(ctx, config), {"elicit": folder / SEEN})
        took.append(time.monotonic() - started)
    accepted = {e.id for e in iter_jsonl(out / "accepted.jsonl", Example)}
    examined = sum(1 for _ in iter_jsonl(examples, Example))
    return accepted, (examined, took[0], took[1])


def _plan(run: Run, sample: int, seen: _Seen, notes: Sequence[str]) -> Plan:
    survey, config = seen.survey, run.resolved.stages["elicit"]
    parts = planned(survey.parts, seen.accepted, counted=survey.counted)
    total = {name: _sum(parts, name) for name in ("requests", "input_tokens", "output_tokens", "records", "accepted")}
    kept = sum(part.kept for part in parts)
    done = all(unit.complete for part in survey.parts for unit in part.units)
    reused = 0 if survey.local and not done else kept
    course = plan_training.course(run, total["accepted"], run.project.work / plans.FOLDER / JUDGED)
    training = plan_training.of_run(run, plans.read_plan(run.project.work / plans.FOLDER / plans.FILE))
    unknown = [training] if isinstance(training, str) else []
    calls = total["requests"].less(reused).clipped(0, None)
    bill = plan_money.bill(parts, total, config.teacher)  # type: ignore[attr-defined]
    stages = [
        plan_times.elicit(calls, seen.pace, local=survey.local),
        plan_times.filtering(total["records"], seen.judging),
        plan_times.distilling(total["accepted"], course, run),
        plan_times.evaluating(run),
    ]
    return Plan(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        kdvert=__version__,
        teacher=survey.teacher,
        route=survey.route,
        sample=sample,
        settings=plans.planned_settings(run.resolved.plain()),
        passages_sha256=plans.passages_sha256(run.project.work / "index"),
        begun=_begun(run),
        parts=parts,
        observed=sum(part.observed for part in parts),
        **total,
        kept=kept,
        reused=reused,
        money=bill.money,
        to_pay=bill.to_pay,
        teacher_seconds=plan_times.teacher_seconds(calls, seen.pace, local=survey.local),
        stages=stages,
        pace=seen.pace,
        confidence=CONFIDENCE,
        course=course,
        training=None if isinstance(training, str) else training,
        notes=[*notes, *unknown, *plan_money.notes(survey, parts, config.teacher)],  # type: ignore[attr-defined]
        over_budget=plan_money.over_budget(calls, bill, config.teacher),  # type: ignore[attr-defined]
    )


def _sum(parts: Sequence[PartPlan], name: str) -> Range:
    ranges: list[Range] = [getattr(part, name) for part in parts]
    total = ranges[0]
    for more in ranges[1:]:
        total = total + more
    return total


def _begun(run: Run) -> bool:
    """Whether a run of these very settings has begun: it left its mark, or is finished."""
    row = table.row("elicit")
    ctx, lock = run.context(row), read_lock(run.project.work)
    parts = fingerprint(row, ctx, run.resolved.stages["elicit"], lock)
    marker = ctx.out.with_name(f"{ctx.out.name}.key")
    marked = marker.is_file() and marker.read_text(encoding="utf-8") == sha256_json(parts)
    return marked or ("elicit" in lock and lock["elicit"].parts == parts)


def _keep(run: Run, folder: Path, made: Plan, kept_before: int) -> None:
    """Write the plan. The one that the report compares stays if its run has begun: what came later knew more."""
    plain = made.model_dump(mode="json")
    held = plans.read_plan(folder / plans.HELD)
    same = held is not None and (held.settings, held.passages_sha256) == (made.settings, made.passages_sha256)
    if not (held and same) or not (made.begun or (held.observed and kept_before > held.kept)):
        write_json(folder / plans.HELD, plain)
    write_json(folder / plans.FILE, plain)
