"""How long the stages are expected to take: from a sample, from earlier runs of the project, or not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kdvert.distillation.canaries import fitting
from kdvert.distillation.settings import Settings
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Run
from kdvert.records import sha256_json
from kdvert.reporting.plans import Course, Pace, Range, StagePlan
from kdvert.store import read_json

STEADY = 1.5
"""How many times faster or slower than in its sample a stage may run: batches fill, caches warm, others compute."""


def teacher_seconds(calls: Range, pace: Pace | None, *, local: bool) -> Range:
    """Return the wall time of calls to the teacher.

    A local teacher computes one batch after another. A remote one answers up to ``concurrency`` calls together if it
    bears so many; that is expected, and the upper limit is that it bears no more than the sample sent at once.
    """
    if pace is None or not pace.calls:
        return Range() if calls.high != 0 else Range(expected=0, low=0, high=0)
    each = pace.seconds / pace.calls
    if local:
        return calls.times(each / STEADY, each, each * STEADY)
    latency = each * min(pace.at_once, pace.calls)

    def waves(count: float | None, at_once: int) -> float | None:
        return None if count is None else latency * (max(1.0, count / at_once) if count else 0.0)

    low, expected = waves(calls.low, pace.concurrency), waves(calls.expected, pace.concurrency)
    high = waves(calls.high, max(1, min(pace.at_once, pace.calls, pace.concurrency)))
    return Range(low=low, expected=expected, high=high).times(1 / STEADY, 1, STEADY)


def elicit(calls: Range, pace: Pace | None, *, local: bool) -> StagePlan:
    """Return the time of the stage ``elicit``."""
    if pace is None:
        if calls.high == 0:
            return StagePlan(stage="elicit", seconds=Range(), basis="not known: every reply is kept, none was timed")
        return StagePlan(stage="elicit", seconds=Range(), basis="not known before a sample: kdvert plan --sample 10")
    fixed = Range(low=pace.overhead / STEADY, expected=pace.overhead, high=pace.overhead * STEADY)
    return StagePlan(stage="elicit", seconds=teacher_seconds(calls, pace, local=local) + fixed, basis=pace.source)


def filtering(records: Range, timed: tuple[int, float, float] | None) -> StagePlan:
    """Return the time of the stage ``filter``.

    Args:
        records: how many it will judge.
        timed: how many it judged in the sample, the seconds of that, and the seconds of doing it again, when models
            were loaded.
    """
    if not timed or not timed[0]:
        return StagePlan(stage="filter", seconds=Range(), basis="not known: there is no record yet to judge")
    count, first, again = timed
    loading, each = max(0.0, first - again), again / count
    fixed = Range(low=loading, expected=loading, high=loading)
    seconds = (records.times(each, each, each) + fixed).times(1 / STEADY, 1, STEADY)
    return StagePlan(stage="filter", seconds=seconds, basis=f"judging {count} records, twice")


def distilling(accepted: Range, course: Course, run: Run) -> StagePlan:
    """Return the time of the stage ``distill``, from the last training of the same student.

    With the very same settings its records count and the rows of canaries beside them, with other ones the tokens that
    it read a second.
    """
    last = _last(run, "distill")
    if isinstance(last, str):
        return _by_tokens(course.tokens, run) or StagePlan(stage="distill", seconds=Range(), basis=f"not known: {last}")
    records = int(last["train_records"]) + int(last["validation_records"])
    if not records or last["resumed_at_step"]:
        return StagePlan(stage="distill", seconds=Range(), basis="not known: the last training was interrupted")
    canaries = sum(fitting(_settings(run).canaries, int(last["train_records"]))) if last["canaries"] else 0
    each = float(last["seconds"]) / (records + canaries)
    seconds = (accepted + course.canary_rows).times(each / STEADY, each, each * STEADY)
    return StagePlan(stage="distill", seconds=seconds, basis=f"the last training, of {records} records")


def _settings(run: Run) -> Settings:
    found = run.resolved.stages["distill"]
    assert isinstance(found, Settings)
    return found


def _by_tokens(tokens: Range, run: Run) -> StagePlan | None:
    """Return the time by the tokens a second of a training with other settings, if there was one of this student."""
    row = read_lock(run.project.work).get("distill")
    if row is None or not tokens.known or row.summary.get("student") != _settings(run).student:
        return None
    read, took = row.summary.get("tokens"), row.summary.get("seconds")
    if not read or not took or row.summary.get("resumed_at_step"):
        return None
    each = float(took) / float(read)
    seconds = tokens.times(each / STEADY**2, each, each * STEADY**2)
    basis = f"the last training, with other settings: {1 / each:,.0f} tokens a second"
    return StagePlan(stage="distill", seconds=seconds, basis=basis)


def evaluating(run: Run) -> StagePlan:
    """Return the time of the stage ``evaluate``, from the last evaluation with the very same student and settings."""
    last = _last(run, "distill", "evaluate")
    if isinstance(last, str):
        return StagePlan(stage="evaluate", seconds=Range(), basis=f"not known: {last}")
    took = float(last["seconds"])
    seconds = Range(low=took / STEADY, expected=took, high=took * STEADY)
    return StagePlan(stage="evaluate", seconds=seconds, basis=f"the last evaluation, of {last['items']} questions")


def last_pace(run: Run, teacher: str) -> Pace | None:
    """Return how fast the teacher answered when the stage ``elicit`` last finished, if it made calls then."""
    row, config = read_lock(run.project.work).get("elicit"), run.resolved.stages["elicit"]
    path = run.project.work / "elicit" / "summary.json"
    summary = read_json(path) if row and path.is_file() else {}
    if not summary.get("calls") or summary.get("teacher") != teacher or row is None:
        return None
    return pace_of(summary, row.seconds, config, f"the last run, of {summary['calls']} calls")


def pace_of(summary: Mapping[str, Any], stage_seconds: float, config: Any, source: str) -> Pace:
    """Return the pace that a summary of ``elicit`` shows.

    Args:
        summary: with calls made, wall time and calls at once.
        stage_seconds: wall time of the whole stage.
        config: the stage's settings.
        source: where it was measured, in words.
    """
    asking = float(summary["seconds"]) + float((summary.get("student") or {}).get("seconds", 0.0))
    return Pace(
        teacher=summary["teacher"],
        concurrency=together(config.teacher),
        batch_size=config.teacher.batch_size,
        calls=summary["calls"],
        seconds=asking,
        at_once=max(1, summary["most_at_once"]),
        overhead=max(0.0, stage_seconds - asking),
        source=source,
    )


def together(teacher: Any) -> int:
    """Return how many calls may be under way together, over all endpoints."""
    weights = [at.weight for at in teacher.reached()] or [1.0]
    return round(teacher.concurrency * sum(weights) / max(weights))


def _last(run: Run, *stages: str) -> dict[str, Any] | str:
    """Return the summary of the last of ``stages`` if all last ran with these settings, or why there is none."""
    lock = read_lock(run.project.work)
    what = {"distill": "training", "evaluate": "evaluation"}[stages[-1]]
    if stages[-1] not in lock:
        return f"no {what} of this project was timed yet"
    now = {name: sha256_json(run.resolved.stages[name].model_dump(mode="json")) for name in stages}
    if any(name not in lock or lock[name].parts.get("config") != sha for name, sha in now.items()):
        return f"the last {what} had other settings"
    return lock[stages[-1]].summary
