"""Elicit a few records at once and judge them, so that a person sees what a run would give before it is paid for.

What the stages ``elicit`` and ``filter`` would write lies in ``work/preview``; their own folders and the lock stay as
they are. Replies go into the cache of ``elicit``, so the run does not ask for them again.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kdvert.errors import UserError, WorkFailed
from kdvert.lineage.job import must_be_done
from kdvert.pipeline import aside, plan_money, shares
from kdvert.pipeline.runner import Run, Step, exclusive, execute
from kdvert.records import Chunk, Example, Failure, Record, Verdict
from kdvert.reporting import reasons, samples
from kdvert.reporting.facts import Loss, Sample
from kdvert.reporting.inputs import Inputs
from kdvert.store import iter_jsonl, read_json, read_jsonl, write_json
from kdvert.teachers.replies import ReplyStore

FOLDER, FILE = "preview", "preview.json"
MOST = 200
"""Passages of a preview, at most: for more, set elicit.passages and run."""


Tokens = dict[str, tuple[int, int]]


class Use(Record):
    """What one passage took and gave, as far as its records and failures name the calls behind them."""

    passage: str
    requests: int
    input_tokens: int
    output_tokens: int
    records: int
    accepted: int


class Shown(Record):
    """A record with its passage and the tokens of the calls behind it (a call may stand behind several)."""

    sample: Sample
    accepted: bool
    verdicts: list[Verdict]
    requests: int
    input_tokens: int
    output_tokens: int


class Preview(Record):
    """What a few passages gave.

    Attributes:
        asked: how much was asked about, of ``of`` that a run would ask about; ``unit`` says what is counted.
        passages: how many passages were asked about.
        uses: one row a passage that gave a record or a reason.
        records: accepted ones first.
        failures: what gave no record, by reason.
        requests: replies behind it; ``cached`` of them were there before.
        unreported: replies whose tokens the teacher did not report; the counts leave them out.
        calls: calls made now; ``at_once`` the most under way together, ``seconds`` the wall time of all.
        cost: price of all replies, in the currency of ``elicit.teacher.price_in``; None if it is not known.
        paid: price of the calls made now.
        stage_seconds: wall time of each stage, with loading what it needs.
    """

    asked: int
    of: int
    unit: str
    passages: int
    teacher: str
    route: str
    uses: list[Use]
    records: list[Shown]
    failures: list[Loss]
    requests: int
    cached: int
    calls: int
    at_once: int
    input_tokens: int
    output_tokens: int
    unreported: int
    seconds: float
    cost: float | None
    paid: float | None
    stage_seconds: dict[str, float]

    @property
    def accepted(self) -> int:
        """How many records passed every check."""
        return sum(record.accepted for record in self.records)


def preview(run: Run, count: int, on_step: Callable[[Step, bool], None] = lambda step, done: None) -> Preview:
    """Bring the index up to date, then elicit and judge records from ``count`` passages.

    Raises:
        UserError: ``count`` is out of range, or another run is under way.
        GateBlocked: a document has no license, or the license check blocks the project.
        WorkFailed: there is no passage, the teacher cannot be reached, or its budget is spent.
    """
    if not 1 <= count <= MOST:
        raise UserError(
            f"A preview of {count} passages: allowed are 1 to {MOST}.", hint="For more, set elicit.passages and run."
        )
    execute(run, last="index", on_step=on_step)
    with exclusive(run.project.work):
        must_be_done(run.project.root)
        return _made(run, count)


def _made(run: Run, count: int) -> Preview:
    folder = run.project.work / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    config: Any = run.resolved.stages["elicit"]
    chunks = sum(1 for _ in iter_jsonl(run.project.work / "index" / "chunks.jsonl", Chunk))
    part = shares.share(config, count, chunks, run.project.root)
    seconds: dict[str, float] = {}
    started = time.monotonic()
    try:
        aside.stage(run, "elicit", folder / "elicit", lambda module, ctx: module.run(ctx, config, part.first))
    except WorkFailed:  # no usable record: the reasons are what the preview is for
        if not (folder / "elicit" / "summary.json").is_file():
            raise
    seconds["elicit"] = time.monotonic() - started
    if (folder / "elicit" / "examples.jsonl").stat().st_size:
        filters = run.resolved.stages["filter"].model_copy(update={"min_accepted": 0})
        started = time.monotonic()
        judged = {"elicit": folder / "elicit"}
        aside.stage(run, "filter", folder / "filter", lambda module, ctx: module.run(ctx, filters), judged)
        seconds["filter"] = time.monotonic() - started
    shown = _gathered(run, folder, part, seconds)
    write_json(folder / FILE, shown.model_dump(mode="json"))
    return shown


def _gathered(run: Run, folder: Path, part: shares.Share, seconds: dict[str, float]) -> Preview:
    summary = read_json(folder / "elicit" / "summary.json")
    failures = read_jsonl(folder / "elicit" / "failures.jsonl", Failure)
    judged = [e for state in ("accepted", "rejected") for e in _records(folder, state)]
    tokens = _tokens(run, judged, failures)
    asked = {e.provenance.chunk_ids[0] for e in judged if e.provenance.chunk_ids}
    asked |= {f.chunk_id for f in failures if f.chunk_id}
    config: Any = run.resolved.stages["elicit"]
    prices = None if summary["unreported"] else plan_money.prices(config.teacher)
    read, written = int(summary["input_tokens"]), int(summary["output_tokens"])
    return Preview(
        asked=part.asked,
        of=part.of,
        unit=part.unit,
        passages=summary["passages"],
        teacher=summary["teacher"],
        route=summary["route"],
        uses=[_use(name, judged, failures, tokens) for name in sorted(asked)],
        records=_shown(run, folder, judged, tokens),
        failures=reasons.losses("elicit", Counter(f.reason for f in failures)),
        requests=summary["requests"],
        cached=summary["cached"],
        calls=summary["calls"],
        at_once=summary["most_at_once"],
        input_tokens=read,
        output_tokens=written,
        unreported=summary["unreported"],
        seconds=summary["seconds"],
        cost=prices.cost(read, written) if prices else None,
        paid=summary["cost"] if prices else None,
        stage_seconds=seconds,
    )


def _records(folder: Path, state: str) -> list[Example]:
    path = folder / "filter" / f"{state}.jsonl"
    return read_jsonl(path, Example) if path.is_file() else []


def _tokens(run: Run, judged: list[Example], failures: list[Failure]) -> Tokens:
    """Return the tokens read and written of each kept reply that is named by a record or a failure."""
    named = {i for e in judged for i in e.provenance.request_ids} | {f.request_id for f in failures}
    with ReplyStore.reading(run.project.work / "cache" / "elicit" / "replies.sqlite") as store:
        found = store.find(sorted(named))
    return {i: (reply.input_tokens or 0, reply.output_tokens or 0) for i, reply in found.items()}


def _use(passage: str, judged: list[Example], failures: list[Failure], tokens: Tokens) -> Use:
    own = [e for e in judged if e.provenance.chunk_ids[:1] == [passage]]
    calls = {i for e in own for i in e.provenance.request_ids if i in tokens}
    calls |= {f.request_id for f in failures if f.chunk_id == passage and f.request_id in tokens}
    return Use(
        passage=passage,
        requests=len(calls),
        input_tokens=sum(tokens[i][0] for i in calls),
        output_tokens=sum(tokens[i][1] for i in calls),
        records=len(own),
        accepted=sum(e.accepted for e in own),
    )


def _shown(run: Run, folder: Path, judged: list[Example], tokens: Tokens) -> list[Shown]:
    """Return every judged record as the report would show it."""
    if not judged:
        return []
    inputs = Inputs({"filter": folder / "filter", "index": run.project.work / "index"})
    origin = {e.id: [i for i in e.provenance.request_ids if i in tokens] for e in judged}
    verdicts = {e.id: e.verdicts for e in judged}
    return [
        Shown(
            sample=sample,
            accepted=accepted,
            verdicts=verdicts[sample.id],
            requests=len(origin[sample.id]),
            input_tokens=sum(tokens[i][0] for i in origin[sample.id]),
            output_tokens=sum(tokens[i][1] for i in origin[sample.id]),
        )
        for accepted, draw in ((True, partial(samples.accepted, stage="filter")), (False, samples.rejected))
        for sample in draw(inputs, len(judged))
    ]
