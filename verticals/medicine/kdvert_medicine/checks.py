"""Checks of medical answers: doses, amounts, and thresholds."""

import re

from .coding import icd_codes_valid as icd_codes_valid
from .doses import dose_rhythm_in_evidence as dose_rhythm_in_evidence
from .doses import shares_in_evidence as shares_in_evidence
from .doses import values_possible as values_possible

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: number for number, word in enumerate(_SMALL)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}

# spelling -> (kind, factor to the base unit of the kind)
_UNITS: dict[str, tuple[str, float]] = {
    "kg": ("mass", 1e6),
    "kilogram": ("mass", 1e6),
    "g": ("mass", 1e3),
    "gram": ("mass", 1e3),
    "mg": ("mass", 1.0),
    "milligram": ("mass", 1.0),
    "mcg": ("mass", 1e-3),
    "µg": ("mass", 1e-3),
    "μg": ("mass", 1e-3),
    "microgram": ("mass", 1e-3),
    "l": ("volume", 1e3),
    "liter": ("volume", 1e3),
    "litre": ("volume", 1e3),
    "dl": ("volume", 100.0),
    "ml": ("volume", 1.0),
    "milliliter": ("volume", 1.0),
    "millilitre": ("volume", 1.0),
    "unit": ("units", 1.0),
    "iu": ("units", 1.0),
    "meq": ("meq", 1.0),
    "mmol": ("mmol", 1.0),
    "mmhg": ("mmhg", 1.0),
}
_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
_NUMBER = r"(?<![\w.,])(\d+(?:,\d{3})+(?:\.\d+)?|\d++(?:\.\d++)?|\.\d++)"
_AMOUNT = re.compile(rf"{_NUMBER}[\s-]?({_UNIT})s?\b", re.IGNORECASE)
_BARE_NUMBER = re.compile(rf"{_NUMBER}(?![\d.,]*\d)")
_UNIT_WORD = re.compile(rf"(?:(?<=\d)|\b)({_UNIT})s?\b", re.IGNORECASE)

_BARE = r"(?:about\s+)?\d+(?:[.,]\d+)*(?![\d.,]*\d)"
_RHYTHM = r",?\s+(?:once|twice|every|daily|by mouth|a day|per day|at night|in the morning)\b"
_DOSE_WITHOUT_UNIT = re.compile(
    rf"\bdos(?:e|es|age) (?:is|of)\s+{_BARE}(?:\s*[.;]?\s*$|{_RHYTHM})"
    rf"|\b(?:takes?|gives?|administer)\s+{_BARE}{_RHYTHM}",
    re.IGNORECASE,
)

_HIGHER = r"above|over|more than|greater than|higher than|at least|exceeding|exceeds"
_LOWER = r"below|under|less than|lower than|fewer than|at most"
_THRESHOLD = re.compile(
    rf"(?<!not )(?<!no )(?<!never )\b(?:(?P<higher>{_HIGHER})|(?P<lower>{_LOWER}))"
    r"\s+(?:about\s+)?(?P<number>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _numbers(text: str) -> set[float]:
    found = {_value(match.group(1)) for match in _BARE_NUMBER.finditer(text)}
    found |= {_value(match.group(1)) for match in _AMOUNT.finditer(text)}
    words = re.findall(r"[a-z]+", text.lower())
    for position, word in enumerate(words):
        if word in _WORDS:
            found.add(float(_WORDS[word]))
            following = _WORDS.get(words[position + 1], 0) if position + 1 < len(words) else 0
            if 20 <= _WORDS[word] < 100 and 0 < following < 10:
                found.add(float(_WORDS[word] + following))
    return found


def dose_has_unit(question: str, answer: str, evidence: str) -> str | None:
    """Rejects a dose that is a bare number, such as "take 500 twice daily".

    Args:
        question: The question; one that asks for a count ("how many tablets") may be answered by a bare number.
        answer: The answer to check.
        evidence: The quoted passage, not used here.

    Returns:
        None if every dose has a unit or a form, else "dose_without_unit".
    """
    if re.search(r"\bhow (?:many|often)\b", question, re.IGNORECASE):
        return None
    return "dose_without_unit" if _DOSE_WITHOUT_UNIT.search(answer) else None


def amount_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Rejects an amount with a medical unit that the evidence does not give.

    An amount counts as given when the evidence has the same number and a unit of the same kind ("between 5 and 10 mg"
    gives 5 mg), or the same amount in another unit of the kind (1 g and 1000 mg). Numbers written as words count.

    Args:
        question: The question; an amount that the question states may be repeated.
        answer: The answer to check.
        evidence: The quoted passage.

    Returns:
        None if every amount is given, else "amount_not_in_evidence".
    """
    known = f"{question}\n{evidence}"
    numbers = _numbers(known)
    spellings = {match.group(1).lower() for match in _UNIT_WORD.finditer(known)}
    scales = {_UNITS[spelling] for spelling in spellings}
    for match in _AMOUNT.finditer(answer):
        kind, factor = _UNITS[match.group(2).lower()]
        amount = _value(match.group(1)) * factor
        if not any(
            kind == other and abs(number * scale - amount) <= 1e-6 * abs(amount)
            for other, scale in scales
            for number in numbers
        ):
            return "amount_not_in_evidence"
    return None


def threshold_direction_kept(question: str, answer: str, evidence: str) -> str | None:
    """Rejects a threshold that points the other way than in the evidence, such as "above 70" for "below 70".

    Args:
        question: The question, not used here.
        answer: The answer to check.
        evidence: The quoted passage.

    Returns:
        None if no threshold is turned around, else "threshold_reversed".
    """
    stated: dict[float, set[str]] = {}
    for match in _THRESHOLD.finditer(evidence):
        stated.setdefault(float(match.group("number")), set()).add("higher" if match.group("higher") else "lower")
    for match in _THRESHOLD.finditer(answer):
        direction = "higher" if match.group("higher") else "lower"
        directions = stated.get(float(match.group("number")), set())
        if directions and direction not in directions:
            return "threshold_reversed"
    return None
