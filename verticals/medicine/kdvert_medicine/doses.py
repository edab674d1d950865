"""How much how often: doses with their rhythm, shares and risks, and values that no body has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_NUMBER = r"(?<![\w.,])(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+)"
_AMOUNT = (
    r"(?P<unit>mg|mcg|µg|μg|g|kg|mL|ml|L|IU|units?|mEq|mmol|grams?|milligrams?|micrograms?|tablets?|puffs?|drops?)"
)
_PER_WEIGHT = r"(?P<weight>\s*(?:/\s*kg|per kilogram|per kg)\b)?"
_DOSE = re.compile(rf"{_NUMBER}[\s-]?{_AMOUNT}\b{_PER_WEIGHT}")
_COUNT = {
    "once": 1,
    "one": 1,
    "twice": 2,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "twelve": 12,
}
_TIMES = r"(?:\d+(?:\.\d+)?|" + "|".join(_COUNT) + r")"
_PERIODS = {"hour": 1 / 24, "hr": 1 / 24, "h": 1 / 24, "day": 1, "week": 7, "month": 30, "night": 1, "minute": 1 / 1440}
_PERIOD = r"hours?|hrs?|h|days?|weeks?|months?|nights?|minutes?"
_RHYTHMS = [
    re.compile(rf"\bevery\s+(?:(?P<every>{_TIMES})[\s-]*)?(?P<period>{_PERIOD})\b", re.IGNORECASE),
    re.compile(
        rf"\b(?P<count>{_TIMES})(?:\s+times)?\s*(?:a|per|each|every|/)?\s*(?P<period>day|week|month|daily|weekly|monthly)\b",
        re.I,
    ),
    re.compile(rf"(?:\b(?:per|a|each)\s+|/\s*)(?P<period>{_PERIOD})\b", re.IGNORECASE),
    re.compile(r"\b(?P<period>daily|weekly|monthly|nightly|hourly)\b", re.IGNORECASE),
    re.compile(r"\bq\s?(?P<every>\d{1,2})\s?(?P<period>h)\b", re.IGNORECASE),
    re.compile(r"\b(?P<latin>qd|bid|tid|qid|b\.i\.d|t\.i\.d|q\.i\.d)\b", re.IGNORECASE),
]
_LATIN = {"qd": 1, "bid": 2, "tid": 3, "qid": 4}
_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z(])")

_PERCENT = re.compile(rf"{_NUMBER}\s?(?:%|percent\b|per cent\b)")
_RATIO = re.compile(
    r"\b(?:odds ratio|hazard ratio|risk ratio|relative risk|rate ratio|number needed to (?:treat|harm)|OR|HR|RR|NNT|"
    r"NNH)"
    rf"\s*(?:\(\w+\)\s*)?(?:of|was|is|=|:)?\s*{_NUMBER}"
)
_ANY = re.compile(_NUMBER)
_IN = re.compile(r"(?<![\w.,])(?P<part>\d[\d,]*)\s*(?:/|of|in|out of)\s*(?:the\s|all\s)?(?P<whole>\d[\d,]*)")
_WORDS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_WORDS |= {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_WORDS |= {"hundred": 100, "half": 50, "quarter": 25}

# What it is, how it is written, least and greatest value that a living body or a scale has.
_BOUNDS = [
    (r"\bpH\s*(?:of|is|was|=|:|below|above)?\s*", "", 0, 14),
    (r"\b(?:oxygen saturation|SpO2|SaO2)\s*(?:of|is|was|=|:|below|above)?\s*", r"\s?(?:%|percent)", 0, 100),
    (r"\b(?:body temperature|fever|temperature)\s*(?:of|is|was|=|:|above|over)\s*", r"\s?°?C\b", 10, 47),
    (r"\b(?:body temperature|fever|temperature)\s*(?:of|is|was|=|:|above|over)\s*", r"\s?°?F\b", 50, 116),
    (r"\b(?:heart rate|pulse)\s*(?:of|is|was|=|:|above|over)\s*", "", 0, 400),
    (
        r"\b(?:sensitivity|specificity|prevalence|mortality|probability|survival)\s*(?:of|is|was|=|:)\s*",
        r"\s?(?:%|percent)",
        0,
        100,
    ),
    (r"\b(?:Glasgow Coma (?:Scale|Score)|GCS)\s*(?:score\s)?(?:of|is|was|=|:)\s*", "", 3, 15),
]
_BOUNDED = [(re.compile(rf"{cue}(?P<value>\d+(?:\.\d+)?){unit}", re.I), low, high) for cue, unit, low, high in _BOUNDS]
_MOST_GRAMS = 250.0  # of a drug at once; above it stand fluids and food, which are given in liters or with a word
_DRUG_CUE = re.compile(
    r"\b(?:take|takes|give|given|dose|dosage|administer(?:ed)?|prescribe[ds]?|inject(?:ed)?)\b", re.I
)


def dose_rhythm_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Rejects a dose whose rhythm ("twice daily", "every 8 hours", "mg/kg per day") the evidence gives otherwise.

    Judged where a dose and a rhythm stand in one sentence and the evidence gives a rhythm too. The same amount a day
    in other portions passes: 1 g daily is 500 mg twice daily.

    Args:
        question: The question; what it states counts as given.
        answer: The answer to check.
        evidence: The quoted passage.

    Returns:
        None or "dose_rhythm_differs_from_evidence".
    """
    given = [pair for text in (evidence, question) for pair in _scheduled(text)]
    rhythms = {rate for text in (evidence, question) for rate in _rates(text)}
    if not rhythms:
        return None
    for quantity, rates in _scheduled(answer):
        if rates <= rhythms or any(_same_per_day(quantity, rates, other, theirs) for other, theirs in given):
            continue
        return "dose_rhythm_differs_from_evidence"
    return None


def shares_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Rejects a percentage or a ratio of risks that the evidence does not give.

    A percentage may be the complement of a given one, the share in "12 of 48", or a fraction there.

    Args:
        question: The question; its figures count as given.
        answer: The answer to check.
        evidence: The quoted passage.

    Returns:
        None, "percent_not_in_evidence" or "risk_not_in_evidence".
    """
    ground = f"{evidence}\n{question}"
    numbers = {_value(m["number"]) for m in _ANY.finditer(ground)}
    numbers |= {float(n) for w, n in _WORDS.items() if re.search(rf"\b{w}\b", ground.lower())}
    shares = {100 * _value(m["part"]) / whole for m in _IN.finditer(ground) if (whole := _value(m["whole"]))}
    candidates = (
        numbers
        | {100 * n for n in numbers if n <= 1}
        | {100 - n for n in numbers if n <= 100}
        | shares
        | {100 - s for s in shares}
    )
    if any(not _near(m["number"], candidates) for m in _PERCENT.finditer(answer)):
        return "percent_not_in_evidence"
    return "risk_not_in_evidence" if any(not _near(m["number"], numbers) for m in _RATIO.finditer(answer)) else None


def values_possible(question: str, answer: str, evidence: str) -> str | None:
    """Rejects values that cannot be: a pH of 17, a saturation of 120 %, half a kilogram of a drug.

    Args:
        question: The question, not used here.
        answer: The answer to check.
        evidence: The quoted passage; a value that it has passes.

    Returns:
        None, "value_impossible" or "dose_absurd".
    """
    numbers = {_value(m["number"]) for m in _ANY.finditer(evidence)}
    for form, low, high in _BOUNDED:
        if any(
            not low <= float(m["value"]) <= high and float(m["value"]) not in numbers for m in form.finditer(answer)
        ):
            return "value_impossible"
    for sentence in _SENTENCE.split(answer):
        for match in _DOSE.finditer(sentence) if _DRUG_CUE.search(sentence) else ():
            quantity = _quantity(match)
            heavy = quantity.is_compatible_with("g") and quantity.to("g").magnitude > _MOST_GRAMS
            if heavy and _value(match["number"]) not in numbers:
                return "dose_absurd"
    return None


def _scheduled(text: str) -> Iterator[tuple[Any, set[float]]]:
    """Yields each dose with the rhythms of its sentence, in times a day."""
    for sentence in _SENTENCE.split(text):
        rates = _rates(sentence)
        if rates:
            yield from ((_quantity(match), rates) for match in _DOSE.finditer(sentence))


def _rates(text: str) -> set[float]:
    found: set[float] = set()
    taken: list[tuple[int, int]] = []
    for form in _RHYTHMS:
        for match in form.finditer(text):
            if all(match.end() <= start or end <= match.start() for start, end in taken):
                taken.append(match.span())
                found.add(round(_rate(match.groupdict()), 4))
    return found


def _rate(groups: dict[str, str | None]) -> float:
    if groups.get("latin"):
        return float(_LATIN[str(groups["latin"]).lower().replace(".", "")])
    word = str(groups["period"]).lower()
    period = {"daily": "day", "weekly": "week", "monthly": "month", "nightly": "night", "hourly": "hour"}.get(
        word, word
    )
    days = _PERIODS[period if period in _PERIODS else period.rstrip("s")]
    return _times(groups.get("count")) / (days * _times(groups.get("every")))


def _times(word: str | None) -> float:
    if not word:
        return 1.0
    return float(_COUNT.get(word.lower()) or word) or 1.0


def _same_per_day(quantity: Any, rates: set[float], other: Any, theirs: set[float]) -> bool:
    if not quantity.is_compatible_with(other):
        return False
    amounts = {round(float(other.to(quantity.units).magnitude) * r, 6) for r in theirs}
    return any(abs(float(quantity.magnitude) * r - a) <= 0.01 * abs(a) for r in rates for a in amounts)


def _quantity(match: re.Match[str]) -> Any:
    unit = {"ml": "mL", "IU": "iu_", "units": "iu_", "unit": "iu_", "mEq": "meq_"}.get(match["unit"], match["unit"])
    quantity = _units().Quantity(_value(match["number"]), unit.replace("μ", "µ"))
    return quantity / _units().Quantity(1, "bodyweight_") if match["weight"] else quantity


@lru_cache(maxsize=1)
def _units() -> Any:
    """Returns pint's units and those of medicine; a kilogram of body weight is no kilogram of a drug."""
    import pint

    units: Any = pint.UnitRegistry()
    for name in ("iu_", "meq_", "bodyweight_", "tablet", "puff", "drop"):
        units.define(f"{name} = [{name}]")
    units.define("mcg = microgram")
    return units


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _near(stated: str, candidates: set[float]) -> bool:
    """Tells whether a figure is one of the candidates, rounded as it is written but by at most 5 percent."""
    value, step = _value(stated), 10.0 ** -len(stated.partition(".")[2])
    return any(abs(value - c) <= max(min(step / 2, abs(c) / 20), 1e-9) for c in candidates)
