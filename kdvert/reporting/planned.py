"""How wrong the plan was: what ``kdvert plan`` expected, beside what the run took and gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.records import Record
from kdvert.reporting import plans
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.plans import Plan, Range

_NEAR = 0.05
"""Share of the requests by which kept replies may differ from the plan before times are not compared."""


class PlannedRow(Record):
    """One quantity.

    Attributes:
        name: for machines; ``label`` for people.
        kind: how to show it: ``count``, ``money`` or ``seconds``.
        planned: what was expected.
        actual: what came; None if it is not known.
        error: the expectation's error in percent of what came; None if it cannot be said.
        inside: whether what came lies in the range; None if there is none.
        remark: why it is not compared, or the empty string.
    """

    name: str
    label: str
    kind: str
    planned: Range
    actual: float | None
    error: float | None
    inside: bool | None
    remark: str


class Planned(Record):
    """The plan and the run.

    Attributes:
        made: when the plan was made, UTC, ISO 8601.
        observed: passages or questions that its ranges rest on.
        begun: the run had begun by then.
        differs: settings, and ``passages``, that are others than the plan's.
    """

    made: str
    observed: int
    begun: bool
    differs: list[str]
    rows: list[PlannedRow]


@dataclass(frozen=True)
class _Run:
    """The plan, what the stages say of themselves (their summaries by name), and the settings of the teacher."""

    plan: Plan
    said: Mapping[str, Mapping[str, Any]]
    teacher: Mapping[str, Any]


@dataclass(frozen=True)
class _Quantity:
    """A row of the table: where the plan has it, and how the run's value is found (None: not known)."""

    name: str
    label: str
    kind: str
    stage: str
    planned: Callable[[Plan], Range | None]
    actual: Callable[[_Run], float | None]
    remark: Callable[[_Run], str] = lambda run: ""


def _tokens(name: str) -> Callable[[_Run], float | None]:
    return lambda run: None if run.said["elicit"].get("unreported") else _number(run.said["elicit"].get(name))


def _money(run: _Run) -> float | None:
    prices = run.teacher.get("price_in"), run.teacher.get("price_out")
    if None in prices or run.said["elicit"].get("unreported"):
        return None
    read, written = (float(run.said["elicit"].get(name) or 0) for name in ("input_tokens", "output_tokens"))
    return (read * float(prices[0] or 0) + written * float(prices[1] or 0)) / 1e6


def _asking(run: _Run) -> float | None:
    """Return the time of the teacher, and of the student where it answers first."""
    own = _number(run.said["elicit"].get("seconds"))
    return None if own is None else own + float((run.said["elicit"].get("student") or {}).get("seconds", 0.0))


def _reused(run: _Run) -> str:
    cached, planned = int(run.said["elicit"].get("cached") or 0), run.plan.reused
    if abs(cached - planned) <= max(2, _NEAR * int(run.said["elicit"].get("requests") or 0)):
        return ""
    return f"{cached} replies were kept from before, {planned} in the plan, so the times are not of the same calls."


def _resumed(run: _Run) -> str:
    return (
        "The training was interrupted; its time is that of its last part."
        if run.said["distill"].get("resumed_at_step")
        else ""
    )


def _stage(name: str) -> Callable[[Plan], Range | None]:
    return lambda plan: next((s.seconds for s in plan.stages if s.stage == name), None)


def _said(stage: str, name: str) -> Callable[[_Run], float | None]:
    return lambda run: _number(run.said[stage].get(name))


def _own(name: str) -> Callable[[Plan], Range | None]:
    return lambda plan: getattr(plan, name)  # type: ignore[no-any-return]


QUANTITIES = (
    _Quantity("requests", "Requests", "count", "elicit", _own("requests"), _said("elicit", "requests")),
    _Quantity("input_tokens", "Tokens read", "count", "elicit", _own("input_tokens"), _tokens("input_tokens")),
    _Quantity("output_tokens", "Tokens written", "count", "elicit", _own("output_tokens"), _tokens("output_tokens")),
    _Quantity("money", "Money", "money", "elicit", _own("money"), _money),
    _Quantity("records", "Records written", "count", "elicit", _own("records"), _said("elicit", "examples")),
    _Quantity("accepted", "Records accepted", "count", "filter", _own("accepted"), _said("filter", "accepted")),
    _Quantity(
        "teacher_seconds", "Time of the teacher", "seconds", "elicit", _own("teacher_seconds"), _asking, _reused,
    ),
    _Quantity(
        "distill_seconds", "Time of training", "seconds", "distill", _stage("distill"), _said("distill", "seconds"),
        _resumed,
    ),
    _Quantity(
        "evaluate_seconds", "Time of evaluation", "seconds", "evaluate", _stage("evaluate"),
        _said("evaluate", "seconds"),
    ),
)  # fmt: skip
"""Everything that is compared."""


def path_of(inputs: Mapping[str, Path]) -> Path | None:
    """Return where the plan lies that the run is held against, or None if the stage ``elicit`` is not there."""
    return inputs["elicit"].parent / plans.FOLDER / plans.HELD if "elicit" in inputs else None


def planned(inputs: Inputs, configuration: Mapping[str, Any]) -> Planned | None:
    """Return the comparison, or None if there is no plan.

    Args:
        inputs: the output folders of the other stages.
        configuration: all settings of the run.

    Raises:
        WorkFailed: the output of a stage is missing or damaged.
    """
    path = path_of(inputs.folders)
    plan = plans.read_plan(path) if path else None
    if plan is None:
        return None
    differs = _differences(plan, inputs, configuration)
    teacher = (configuration.get("elicit") or {}).get("teacher") or {}
    run = _Run(plan, {name: inputs.json(name) for name in plans.STAGES}, teacher)
    changed = {name.partition(".")[0] for name in differs}
    reached = next((n for n, stage in enumerate(plans.STAGES) if stage in changed or "passages" in changed), 9)
    rows = [_row(q, run) for q in QUANTITIES if plans.STAGES.index(q.stage) < reached]
    return Planned(
        made=plan.made,
        observed=plan.observed,
        begun=plan.begun,
        differs=differs,
        rows=[row for row in rows if row.planned.known or row.actual is not None],
    )


def _row(quantity: _Quantity, run: _Run) -> PlannedRow:
    expected = quantity.planned(run.plan) or Range()
    actual, remark = quantity.actual(run), quantity.remark(run)
    comparable = actual is not None and not remark
    return PlannedRow(
        name=quantity.name,
        label=quantity.label,
        kind=quantity.kind,
        planned=expected,
        actual=actual,
        error=_error(expected.expected, actual) if comparable else None,
        inside=_inside(expected, actual) if comparable else None,
        remark=remark,
    )


def _error(expected: float | None, actual: float | None) -> float | None:
    if expected is None or actual is None:
        return None
    if not actual:
        return 0.0 if not expected else None
    return round(100 * (expected - actual) / actual, 1)


def _inside(expected: Range, actual: float | None) -> bool | None:
    if expected.low is None or actual is None:
        return None
    return expected.low <= actual and (expected.high is None or actual <= expected.high)


def _differences(plan: Plan, inputs: Inputs, configuration: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that differ; their values may be nobody's business."""
    own = _flat(plans.planned_settings(configuration))
    theirs = _flat(plan.settings)
    found = sorted(name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name))
    same = plan.passages_sha256 == plans.passages_sha256(inputs.path("index", "chunks.jsonl").parent)
    return found if same else [*found, "passages"]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
