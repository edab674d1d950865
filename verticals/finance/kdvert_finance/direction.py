"""Words for up and down must agree with the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UP = r"increas(?:ed?|es|ing)|rose|rises?|rising|risen|grew|grows?|grown|growth|climbed|gained|improved|up"
_DOWN = (
    r"decreas(?:ed?|es|ing)|fell|falls?|fallen|falling|declin(?:ed?|es|ing)|dropp?(?:ed|s)?|shrank|reduced|lower|down"
)
_DIRECTION = rf"(?:(?P<up>\b(?:{_UP})\b)|(?P<down>\b(?:{_DOWN})\b))"
_NUMBER = r"[$€£¥]?\s?\(?(?P<{}>\d[\d,]*(?:\.\d+)?)\)?"
_GAP = r"(?:(?!\b(?:not|never|without|from)\b)[^.;\d]|\.(?=\d)){0,40}?"
_SCALE = r"\s?(?:%|percent|thousand|million|billion|trillion|bn|m|k)?"
_FROM_TO = re.compile(
    rf"{_DIRECTION}{_GAP}\bfrom\s+{_NUMBER.format('before')}(?P<first>{_SCALE})[^.;\d]{{0,25}}?\bto\s+{_NUMBER.format('after')}(?P<second>{_SCALE})",
    re.IGNORECASE,
)
_BY = re.compile(rf"{_DIRECTION}{_GAP}\b(?:by|of)\s+(?:about\s+)?{_NUMBER.format('amount')}", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:not|never|no|n't|did not|without)\s+(?:\w+\s+)?$", re.IGNORECASE)
_CELL_NUMBER = re.compile(
    r"^[\s$€£¥]*(?P<open>\()?[$€£¥\s]*(?P<sign>[-−])?[$€£¥\s]*(?P<number>\d[\d,]*(?:\.\d+)?)\s*%?\s*\)?\s*%?\s*$"
)
_YEAR = re.compile(r"\b(?:FY\s?|fiscal\s)?(?P<year>(?:19|20)\d{2})\b")


def direction_agrees(question: str, answer: str, evidence: str) -> str | None:
    """Require that "increased" and its like agree with the figures beside them and with the evidence.

    Args:
        question: the question (unused).
        answer: the answer to test.
        evidence: the quoted source passage; rows of tables have cells parted by ``|`` and years in their head.

    Returns:
        None, ``direction_wrong`` ("rose from 10 to 8"), or ``direction_differs_from_evidence`` ("rose by 596" where the
        row, or the sentence with that amount, falls).
    """
    for match in _FROM_TO.finditer(answer):
        if _judged(match, answer) and match["first"].strip().lower() == match["second"].strip().lower():
            before, after = _value(match["before"]), _value(match["after"])
            if before != after and (after > before) != bool(match["up"]):
                return "direction_wrong"
    told = {(_value(m["amount"]), bool(m["up"])) for m in _BY.finditer(evidence) if _judged(m, evidence)}
    rows = list(_changes(evidence))
    for match in _BY.finditer(answer):
        amount, up = _value(match["amount"]), bool(match["up"])
        ways = {way for value, way in told if value == amount} | {
            way for way, sizes in rows if _among(amount, match, sizes)
        }
        if _judged(match, answer) and ways and up not in ways:
            return "direction_differs_from_evidence"
    return None


def _judged(match: re.Match[str], text: str) -> bool:
    return not _NEGATED.search(text[: match.start()])


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def _among(amount: float, match: re.Match[str], sizes: tuple[float, float]) -> bool:
    """Tell whether the amount is the difference or the percent change of a row, rounded as it is written."""
    slack = 10.0 ** -len(match["amount"].partition(".")[2]) / 2
    return amount > 0 and any(abs(amount - size) <= min(slack, size / 100) + 1e-9 for size in sizes)


def _changes(evidence: str) -> Iterator[tuple[bool, tuple[float, float]]]:
    """Yield of each pair of years in each table row whether it rises, with the difference and the percent change."""
    years: dict[int, int] = {}
    for line in evidence.splitlines():
        cells = line.split("|")
        if len(cells) < 2:
            continue
        head = {i: int(m["year"]) for i, cell in enumerate(cells) if i and (m := _YEAR.search(cell))}
        if len(head) > 1:
            years = head
            continue
        values = {i: v for i, cell in enumerate(cells) if i in years and (v := _cell(cell)) is not None}
        yield from _pairs(values, years)


def _pairs(values: dict[int, float], years: dict[int, int]) -> Iterator[tuple[bool, tuple[float, float]]]:
    for first, before in values.items():
        for second, after in values.items():
            if years[first] < years[second] and before != after:
                change = abs(after - before)
                yield after > before, (change, 100 * change / abs(before) if before else change)


def _cell(text: str) -> float | None:
    match = _CELL_NUMBER.match(text)
    if not match:
        return None
    return -_value(match["number"]) if match["open"] or match["sign"] else _value(match["number"])
