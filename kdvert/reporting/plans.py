"""A plan of a run: what it is expected to take and to give, each with a range. ``kdvert plan`` writes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from kdvert.errors import WorkFailed
from kdvert.footprint.records import TrainingPlan
from kdvert.records import Record
from kdvert.store import read_json, sha256_file

FOLDER, FILE, HELD = "plan", "plan.json", "held.json"
"""In ``work/``: the folder, the last plan, and the plan that the report holds the run against."""

STAGES = ("elicit", "filter", "distill", "evaluate")
_NOT_PLANNED = {
    "max_requests", "max_tokens_total", "max_cost", "retries", "timeout_s", "api_key_env", "min_accepted",
}  # fmt: skip
"""Settings of these stages that change nothing of what a plan expects."""


class Range(Record):
    """A number that is expected, and the limits that it is expected within; None: not known."""

    expected: float | None = None
    low: float | None = None
    high: float | None = None

    def __add__(self, other: Range) -> Range:
        """Add up; what is not known of one is not known of the sum, but for the lower limit."""
        lows = [r.low for r in (self, other) if r.low is not None]
        return Range(
            expected=None if self.expected is None or other.expected is None else self.expected + other.expected,
            low=sum(lows) if lows else None,
            high=None if self.high is None or other.high is None else self.high + other.high,
        )

    def times(self, low: float, expected: float, high: float) -> Range:
        """Return the range with each of its numbers multiplied."""
        return Range(
            expected=None if self.expected is None else self.expected * expected,
            low=None if self.low is None else self.low * low,
            high=None if self.high is None else self.high * high,
        )

    def less(self, known: float) -> Range:
        """Return what is left without ``known``."""
        return self + Range(expected=-known, low=-known, high=-known)

    def clipped(self, least: float, most: float | None) -> Range:
        """Return the range without what is impossible."""

        def clip(value: float | None) -> float | None:
            return None if value is None else max(least, value if most is None else min(value, most))

        return Range(expected=clip(self.expected), low=clip(self.low), high=clip(self.high))

    def whole(self) -> Range:
        """Return the range of a count: limits are whole numbers, rounded away from each other."""
        return Range(
            expected=None if self.expected is None else round(self.expected, 2),
            low=None if self.low is None else math.floor(round(self.low, 6)),
            high=None if self.high is None else math.ceil(round(self.high, 6)),
        )

    @property
    def known(self) -> bool:
        """Whether anything is known."""
        return (self.expected, self.low, self.high) != (None, None, None)


def exactly(value: float) -> Range:
    """Return the range of a number that is known."""
    return Range(expected=value, low=value, high=value)


class PartPlan(Record):
    """An entry of the mix.

    Attributes:
        unit: what is counted in ``units``: passages, questions, or records of other entries.
        observed: units whose replies are kept; the estimate rests on them.
        asked_for: records asked for, at most.
        kept: requests that are answered already.
        unreported: kept replies whose tokens the teacher did not report.
        accepted_observed: accepted records of the observed units.
    """

    name: str
    unit: str
    units: Range
    observed: int
    asked_for: Range
    requests: Range
    input_tokens: Range
    output_tokens: Range
    records: Range
    accepted: Range
    kept: int
    kept_input: int
    kept_output: int
    unreported: int
    accepted_observed: int


class StagePlan(Record):
    """Wall time of a stage in seconds. ``basis`` says what it rests on, or why it is not known."""

    stage: str
    seconds: Range
    basis: str


class Pace(Record):
    """How fast the teacher answered.

    Attributes:
        teacher: its name; ``concurrency`` and ``batch_size`` are those of the settings.
        calls: how many it answered in ``seconds`` of wall time.
        at_once: how many of them were under way together, at most.
        overhead: the rest of the stage's time, in seconds: models to load, passages to look up.
        source: where it was measured, in words.
    """

    teacher: str
    concurrency: int
    batch_size: int
    calls: int
    seconds: float
    at_once: int
    overhead: float
    source: str


class Course(Record):
    """How much the student is trained.

    Attributes:
        records: to train on, without those held out.
        canary_rows: of made-up secrets that join them in each epoch, and are no records; counted in tokens and steps.
        tokens_each: of a record of the sample, on average; None: no record, or no tokenizer of the student here.
        tokens: that the student reads, over all epochs.
        steps: of the optimizer.
        others: objectives that do not go through the records, and are not counted.
    """

    records: Range
    canary_rows: Range = Field(default_factory=Range)
    tokens_each: float | None
    tokens: Range
    steps: Range
    others: list[str]


class Plan(Record):
    """What a run is expected to take and to give.

    Attributes:
        made: UTC time, ISO 8601.
        sample: passages or questions asked for it (0: nobody was asked).
        settings: of the stages that it is about, without those that change nothing of it.
        passages_sha256: of the passages of the index.
        begun: the run of these settings had begun before.
        kept: requests that are answered already and cost nothing more.
        reused: those of them that the run takes over. A teacher on this machine computes whole batches again, as long
            as one reply of a batch is missing; that takes time and no money.
        to_pay: money, without what is kept; None without prices.
        money: price of all replies; None without prices.
        teacher_seconds: wall time of the calls that are still to be made.
        confidence: of the ranges that rest on a sample.
        course: how much the student is trained.
        training: parameters and memory of the training; None if a note says why that is not known.
        notes: what a reader must know, in sentences.
        over_budget: limits that the run would meet, in sentences.
    """

    made: str
    kdvert: str
    teacher: str
    route: str
    sample: int
    settings: dict[str, Any]
    passages_sha256: str
    begun: bool
    parts: list[PartPlan]
    observed: int
    requests: Range
    input_tokens: Range
    output_tokens: Range
    records: Range
    accepted: Range
    kept: int
    reused: int
    money: Range | None
    to_pay: Range | None
    teacher_seconds: Range
    stages: list[StagePlan]
    pace: Pace | None
    confidence: float
    course: Course | None = None
    training: TrainingPlan | None = None
    notes: list[str] = Field(default_factory=list)
    over_budget: list[str] = Field(default_factory=list)


def planned_settings(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a plan rests on, as plain data."""
    kept = {name: _without(dict(resolved.get(name) or {})) for name in STAGES}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain


def _without(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key not in _NOT_PLANNED
    }


def passages_sha256(index: Path) -> str:
    """Return the hash of the passages of ``index``."""
    return sha256_file(index / "chunks.jsonl")


def read_plan(path: Path) -> Plan | None:
    """Read a plan; None if there is none, or one of another version of kdvert."""
    try:
        return Plan.model_validate(read_json(path)) if path.is_file() else None
    except (ValidationError, WorkFailed):  # half a file or an older form: a plan is made anew in no time
        return None
