"""What each entry of the mix is expected to take and to give, from what was seen of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from kdvert.elicitation.expansion import NAME as EXPANSION
from kdvert.elicitation.expansion import WAYS
from kdvert.elicitation.survey import PartSurvey, Unit
from kdvert.pipeline import plan_ranges as ranges
from kdvert.reporting.plans import PartPlan, Range, exactly

_PER_RECORD = {EXPANSION: len(WAYS)}
"""Questions that a strategy makes of one record, at most; others make one."""

_ONCE_MORE = 2
"""Calls of a question, at most: a reply of which nothing can be read is asked for once more."""

_MISCOUNTED = (0.75, 1.35)
"""Limits of true over estimated tokens of a prompt, where characters stand for tokens (English prose)."""


def planned(parts: Sequence[PartSurvey], accepted: Collection[str], *, counted: bool) -> list[PartPlan]:
    """Return the plan of each part.

    Args:
        parts: what was seen of them, in the order in which they are elicited.
        accepted: ids of the records that passed the filters.
        counted: tokens of prompts were counted, not estimated.
    """
    done: list[PartPlan] = []
    before = Range()
    for part in parts:
        done.append(_planned(part, _units(part, before), set(accepted), counted))
        before = done[-1].records if len(done) == 1 else before + done[-1].records
    return done


def _units(part: PartSurvey, before: Range) -> Range:
    """Return how many units there are: as many as are wanted, if there will be records enough to build on."""
    if part.all_known:
        return exactly(sum(u.size for u in part.units))
    each = _PER_RECORD.get(part.strategy, 1)
    return before.times(each, each, each).clipped(0, part.wanted)


def _planned(part: PartSurvey, units: Range, accepted: set[str], counted: bool) -> PartPlan:
    # a passage without a quotable sentence costs and gives nothing: that is known, and says nothing of the others
    silent = [u for u in part.units if part.unit == "passages" and u.complete and not u.prompt]
    asked = part.model_copy(update={"units": [u for u in part.units if u not in silent]})
    seen = [u for u in asked.units if u.complete]
    left = units.less(sum(u.size for u in silent)).clipped(0, None)
    given = _predicted(asked, left, seen, accepted) if seen else _unseen(asked, left, counted)
    unreported = sum(u.unreported for u in part.units)
    if unreported:
        given |= {"input_tokens": Range(), "output_tokens": Range()}
    return PartPlan(
        name=part.name,
        unit=part.unit,
        units=units.whole(),
        observed=sum(u.size for u in seen),
        asked_for=units.times(*[part.per_unit] * 3).whole(),
        **{name: value.whole() for name, value in given.items()},
        kept=sum(u.requests for u in part.units),
        kept_input=sum(u.input_tokens for u in part.units),
        kept_output=sum(u.output_tokens for u in part.units),
        unreported=unreported,
        accepted_observed=_accepted(seen, accepted),
    )


def _accepted(units: Sequence[Unit], accepted: set[str]) -> int:
    return sum(name in accepted for unit in units for name in unit.records)


def _predicted(part: PartSurvey, units: Range, seen: Sequence[Unit], accepted: set[str]) -> dict[str, Range]:
    """Predict the units that were not seen from those that were."""
    sizes = [u.size for u in seen]
    rest = units.less(sum(sizes)).clipped(0, None)
    calls = exactly(len(part.units) - len(seen)) if part.all_known else rest
    most = max(1, *(u.most_requests for u in part.units))
    least = int(part.all_known and all(u.waiting for u in part.units if not u.complete))
    requests = _counted(calls, [u.requests for u in seen], most, least=least)
    records = _counted(rest, [len(u.records) for u in seen], part.per_unit, sizes)
    passed = _counted(rest, [_accepted([u], accepted) for u in seen], part.per_unit, sizes)
    more = requests.high / requests.expected if requests.high and requests.expected else 1.0
    prompts = [u.prompt or 1 for u in seen]
    unseen = [u.prompt or 1 for u in part.units if not u.complete] if part.all_known else []
    read = _amount(calls, [u.input_tokens for u in seen], prompts, _mean(unseen or prompts))
    left = [u.size for u in part.units if not u.complete] if part.all_known else []
    written = _amount(calls, [u.output_tokens for u in seen], sizes, _mean(left or sizes))
    return {
        "requests": requests,
        "input_tokens": read.times(1, 1, more),
        "output_tokens": written.times(1, 1, more),
        "records": records,
        "accepted": passed.clipped(0, records.high),
    }


def _counted(
    rest: Range, seen: Sequence[int], most: int, sizes: Sequence[int] | None = None, *, least: int = 0
) -> Range:
    return _at_each(rest, lambda n: ranges.count(seen, n, least=least, most=most, sizes=sizes))


def _amount(rest: Range, seen: Sequence[int], sizes: Sequence[int], size: float) -> Range:
    return _at_each(rest, lambda n: ranges.amount(seen, sizes, n, n * size))


def _at_each(rest: Range, predict: Callable[[float], Range]) -> Range:
    """Predict for the expected number of units that were not seen, and for its limits."""
    low, expected, high = (None if n is None else predict(n) for n in (rest.low, rest.expected, rest.high))
    return Range(
        low=low.low if low else None,
        expected=expected.expected if expected else None,
        high=high.high if high else None,
    )


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)


def _unseen(part: PartSurvey, units: Range, counted: bool) -> dict[str, Range]:
    """Return what can be said before anyone answered: the prompts are known, the replies have a longest length."""
    known = part.units if part.all_known else []
    asked_for = None if units.high is None else units.high * part.per_unit
    limits = {"records": Range(low=0, high=asked_for), "accepted": Range(low=0, high=asked_for)}
    if not part.all_known:
        nothing = Range(low=0)
        most = None if units.high is None else units.high * _ONCE_MORE
        return limits | {"requests": Range(low=0, high=most), "input_tokens": nothing, "output_tokens": nothing}
    requests = sum(u.requests + u.waiting for u in known)
    calls = [(u, max(u.waiting, u.most_requests - u.requests)) for u in known]  # those still to come, at most
    less, more = (1.0, 1.0) if counted else _MISCOUNTED
    kept_input, kept_output = sum(u.input_tokens for u in known), sum(u.output_tokens for u in known)
    waiting = sum(u.waiting_input for u in known)
    repeated = sum(u.waiting_input / u.waiting * most for u, most in calls if u.waiting)
    longest = sum(u.waiting_output / u.waiting * most for u, most in calls if u.waiting)
    return limits | {
        "requests": Range(low=requests, high=sum(u.requests for u in known) + sum(most for _, most in calls)),
        "input_tokens": Range(low=kept_input + less * waiting, high=kept_input + more * repeated),
        "output_tokens": Range(low=kept_output, high=kept_output + longest),
    }
