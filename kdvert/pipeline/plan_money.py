"""What a plan says of money and budgets; what is not known is said, and never counted as nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from kdvert.elicitation.survey import PartSurvey, Survey, Unit
from kdvert.pipeline.shares import Share
from kdvert.reporting.plans import PartPlan, Range
from kdvert.teachers.budget import Limits
from kdvert.teachers.settings import TeacherSettings


@dataclass(frozen=True)
class Bill:
    """The price of all replies and of those still to come (None without prices), and the tokens still to come."""

    money: Range | None
    to_pay: Range | None
    tokens: Range


def prices(teacher: TeacherSettings) -> Limits | None:
    """Return the prices, or None if none is set."""
    if teacher.price_in is None and teacher.price_out is None:
        return None
    return Limits(price_in=teacher.price_in or 0.0, price_out=teacher.price_out or 0.0)


def bill(parts: Sequence[PartPlan], total: dict[str, Range], teacher: TeacherSettings) -> Bill:
    """Return what the tokens of a run cost.

    Args:
        parts: the plan of each part.
        total: tokens of all parts together, as ``input_tokens`` and ``output_tokens``.
        teacher: with the prices of a million tokens.
    """
    read, written = total["input_tokens"], total["output_tokens"]
    kept = [sum(part.kept_input for part in parts), sum(part.kept_output for part in parts)]
    left = (read.less(kept[0]) + written.less(kept[1])).clipped(0, None) if _known(read, written) else Range()
    price = prices(teacher)
    if price is None:
        return Bill(None, None, left)
    if not _known(read, written):
        return Bill(Range(), Range(), left)
    rates = [price.cost(1, 0), price.cost(0, 1)]
    money = read.times(*[rates[0]] * 3) + written.times(*[rates[1]] * 3)
    if teacher.price_in is None or teacher.price_out is None:  # half of a price is a lower limit of it
        money = Range(low=money.low)
    return Bill(money, money.less(price.cost(*kept)).clipped(0, None), left)


def _known(*ranges: Range) -> bool:
    return all(r.known for r in ranges)


def before_asking(before: Survey, part: Share, teacher: TeacherSettings) -> str:
    """Return what a sample asks and costs at most, in one sentence.

    Args:
        before: what a run would ask, before the sample.
        part: what the sample asks about.
        teacher: with prices.
    """
    units = [u for one, few in zip(before.parts, part.first, strict=True) if one.all_known for u in _first(one, few)]
    unknown = any(not one.all_known for one in before.parts)
    waiting = sum(u.waiting for u in units)
    if not waiting and not unknown:
        return f"Asks about {part.asked} of {part.of} {part.unit}: every reply is kept, so nothing is paid."
    read = sum(u.waiting_input for u in units)
    calls = sum(max(u.waiting, u.most_requests - u.requests) for u in units)
    repeats = calls / waiting if waiting else 1.0
    written = round(sum(u.waiting_output for u in units) * repeats)
    said = (
        f"Asks about {part.asked} of {part.of} {part.unit} now: {waiting:,} to {calls:,} requests, about {read:,} "
        f"tokens to read if each is asked once, at most {written:,} to write"
    )
    if (price := prices(teacher)) and None not in (teacher.price_in, teacher.price_out):
        said += f"; at most about {price.cost(round(read * repeats), written):.4f} in money"
    if unknown:
        said += "; further requests build on the records that come back"
    return f"{said}."


def _first(part: PartSurvey, count: int) -> list[Unit]:
    """Return the units that a sample asks about: as many as it takes for so many passages, as calls may share them."""
    places = accumulate((unit.size for unit in part.units), initial=0)
    return [unit for unit, before in zip(part.units, places) if before < count]


def over_budget(calls: Range, due: Bill, teacher: TeacherSettings) -> list[str]:
    """Return a sentence for each limit of ``elicit.teacher`` that the run would meet."""
    rows: list[tuple[str, Any, Range | None, str]] = [
        ("max_requests", teacher.max_requests, calls, "requests"),
        ("max_tokens_total", teacher.max_tokens_total, due.tokens, "tokens"),
        ("max_cost", teacher.max_cost, due.to_pay, "in money"),
    ]
    found: list[str] = []
    for name, limit, need, what in rows:
        if limit is None or need is None:
            continue
        if (need.expected is not None and need.expected > limit) or (need.low is not None and need.low > limit):
            value = need.expected if need.expected is not None else need.low
            found.append(
                f"The plan exceeds elicit.teacher.{name}: {value:,.4g} {what}, {limit:,g} allowed. The run would stop "
                "there; what it has by then is kept."
            )
        elif need.high is not None and need.high > limit:
            found.append(
                f"The plan may exceed elicit.teacher.{name}: up to {need.high:,.4g} {what}, {limit:,g} allowed."
            )
    return found


def notes(survey: Survey, parts: Sequence[PartPlan], teacher: TeacherSettings) -> list[str]:
    """Return what a reader of the plan must know, in sentences."""
    found: list[str] = []
    if teacher.price_in is None and teacher.price_out is None:
        fee = "the teacher runs on this machine and takes no fee" if survey.local else "no price is set"
        found.append(f"Money is not planned: {fee} (elicit.teacher.price_in, price_out).")
    elif teacher.price_in is None or teacher.price_out is None:
        missing = "price_in" if teacher.price_in is None else "price_out"
        found.append(f"elicit.teacher.{missing} is not set, so the money is a lower limit.")
    if lost := sum(part.unreported for part in parts):
        found.append(f"{lost} replies came without counts of tokens, so tokens and money are not known.")
    if not survey.counted and any(not part.observed for part in parts):
        found.append("Tokens of prompts are estimated at 4 characters each; the teacher's tokenizer is not at hand.")
    seen, good = sum(part.observed for part in parts), sum(part.accepted_observed for part in parts)
    if not seen:
        found.append("Nobody was asked: replies are taken as long as max_tokens allows. kdvert plan --sample 10 asks.")
    elif not good:
        found.append(f"0 accepted records of {seen} passages or questions: too few to say how many a run gives.")
    elif seen < 5:
        found.append(f"The ranges rest on {seen} passages or questions only.")
    if any(part.unit == "records" for part in parts):
        found.append("Entries that build on records of others may ask about other records than those of the sample.")
    return found
