"""What training did besides, from the numbers of the evaluation to words for a reviewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kdvert.reporting.comparison import MODES, measure, shown
from kdvert.reporting.facts import Besides, BesidesRow, Measure, Outcome
from kdvert.reporting.html import count, plural
from kdvert.reporting.inputs import Inputs
from kdvert.store import read_json
from kdvert.students.canaries import FILE, Canaries

_BY_CHANCE = 0.025  # below it an exposure is not put down to chance: the upper side of 95 %


def besides(inputs: Inputs) -> Besides | None:
    """Return what was measured besides; None if an older version evaluated."""
    summary = inputs.json("evaluate").get("besides")
    if not summary:
        return None
    rows = [_row(row) for row in summary.get("rows", [])]
    path = inputs.folders["distill"] / FILE
    canaries = Canaries.model_validate(read_json(path)) if path.is_file() else Canaries()
    given = {name: (how["given"], how["asked"]) for name, how in summary["settings"].items() if isinstance(how, dict)}
    said = [(row, _sentence(row, given, _whole(rows))) for row in rows]
    return Besides(
        rows=rows,
        missing=dict(summary.get("missing", {})),
        canaries=len(canaries.canaries),
        phases=canaries.phases,
        sentences=[text for _, text in said if text],
        clear=[text for row, text in said if text and row.measure.outcome == "worse" and row.measure.metric in _ALARMS],
        answers=given["answers"],
        passages=given["passages"],
        too_short={name.replace("_", " "): n for name, n in summary.get("too_short", {}).items() if n},
    )


_ALARMS = ("choice_accuracy", "answer_nll", "exposure", "told")
"""Measures whose loss is told at the top of a report. Answers that come back are not: they were to be learned."""


def _row(row: Mapping[str, Any]) -> BesidesRow:
    found = measure(row)
    chance = row.get("chance")
    if chance is not None and chance >= _BY_CHANCE and found.outcome == "worse":
        found = found.model_copy(update={"outcome": "unclear"})  # few canaries: the bootstrap alone claims too much
    return BesidesRow(
        measure=found,
        base_interval=row.get("base_interval"),
        student_interval=row.get("student_interval"),
        chance=chance,
    )


def _whole(rows: Sequence[BesidesRow]) -> Outcome:
    found = [row.measure.outcome for row in rows if row.measure.metric == "exposure" and _all(row)]
    return found[0] if found else "unscored"


def _all(row: BesidesRow) -> bool:
    return row.measure.mode == "canaries"


def _sentence(row: BesidesRow, given: Mapping[str, Sequence[int]], whole: Outcome) -> str:
    """Return what one measure says; empty for one that a wider one says already.

    ``whole`` is the outcome of the exposure of all canaries together.
    """
    one = row.measure
    if one.outcome == "unscored" and one.metric != "exposure":
        return ""
    if one.mode == "other_fields":
        return _general(one)
    if one.metric == "verbatim":
        return _verbatim(row, given)
    if one.metric == "told":
        return _told(one)
    if one.metric != "exposure":
        return ""
    speaks = _all(row) or whole == "unscored" or (one.outcome == "worse" and whole != "worse")
    return _exposure(row) if speaks else ""


def _general(one: Measure) -> str:
    what = "choice accuracy" if one.metric == "choice_accuracy" else "the loss on right answers"
    before, after, change = _values(one)
    found = {"worse": "fell clearly", "better": "rose clearly"}.get(one.outcome, "shows no clear change")
    asked = plural(one.n, "question")
    return f"General ability {found} by {what}: from {before} to {after} ({change}) on {asked} of other fields."


def _verbatim(row: BesidesRow, given: Mapping[str, Sequence[int]]) -> str:
    one = row.measure
    kind = one.mode.removeprefix("training_")
    before, after, change = _values(one)
    begun, asked = given[kind]
    found = {
        "worse": f"The student clearly gives back more of its training {kind} word for word",
        "better": f"The student clearly gives back less of the {kind} word for word",
    }.get(one.outcome, f"No clear difference in training {kind} that come back word for word")
    return (
        f"{found}: given the first {begun} tokens, it writes the next {asked} in {after} of {count(one.n)}, the base "
        f"in {before} ({change})."
    )


def _exposure(row: BesidesRow) -> str:
    one = row.measure
    before, after, change = _values(one)
    chance = f"by chance a student comes as high in {_percent(row.chance or 0)} of cases"
    told = f"{MODES.get(one.mode, one.mode.replace('_', ' '))} have {after} bits of exposure, {before} in the base"
    if one.outcome == "worse":
        return f"The student clearly remembers single rows: {told} ({change}; {chance})."
    if row.chance is not None and row.chance < _BY_CHANCE:  # too few canaries for their interval to say as much
        return f"Memory of single rows cannot be ruled out: {told} ({change}; {chance})."
    return f"No clear memory of single rows: {told} ({change}; {chance})."


def _told(one: Measure) -> str:
    if not one.student:
        return f"None of {plural(one.n, 'canary', 'canaries')} is told word for word when it is asked for."
    return (
        f"{count(one.student * one.n)} of {plural(one.n, 'canary', 'canaries')} are told word for word when asked for."
    )


def _values(one: Measure) -> tuple[str, str, str]:
    """Return base, student, and the change with its interval, as text."""
    change = shown(one.metric, one.delta, signed=True)
    interval = f"{shown(one.metric, one.low, signed=True)} to {shown(one.metric, one.high, signed=True)}"
    limits = "too few for an interval" if one.low is None else f"interval {interval}"
    return shown(one.metric, one.base), shown(one.metric, one.student), f"{change}, {limits}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.01 else "less than 1 %"
