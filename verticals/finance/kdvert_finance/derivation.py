"""Figures that follow from others by one step of arithmetic: sums, differences, ratios, changes and means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

_MOST = 40  # operands of one row, column or paragraph
_CHANCE = 0.25
_YEAR = re.compile(r"(?<![\d,.$€£¥])(?:19|20)\d\d(?![\d,.]\d|\d)")
_WORD = re.compile(r"[a-z]{3,}")
_NOISE = frozenset(
    "the and for from what was were how much did does which are that this with between year years".split()
)

Reader = Callable[[str], Iterable[tuple[float, float]]]
Fits = Callable[[float], bool]


def follows(value: float, step: float, fits: Fits, evidence: str, said: str, read: Reader) -> bool:
    """Tell whether one step from figures that stand together gives ``value``, and would seldom do so by chance.

    Rows and columns that share words with ``said`` are tried by themselves first; the rest offers more candidates, so
    it proves less.

    Args:
        value: the figure to explain.
        step: the size of its last digit.
        fits: whether a result is the figure, by any scale.
        evidence: the source; a table has its cells parted by ``|``.
        said: question and answer.
        read: returns the figures of a text with the sizes of their last digits.
    """
    lines = evidence.splitlines()
    words = set(_WORD.findall(said.lower())) - _NOISE
    shares = [_share(set(_WORD.findall(line.lower())) - _NOISE, words) for line in lines]
    best = max(shares, default=0) or 1
    tiers = (
        [line if share >= least else "" for line, share in zip(lines, shares, strict=True)] for least in (best, 1e-9, 0)
    )
    return any(_reached(value, step, fits, _groups(texts, read)) for texts in tiers)


def _share(own: set[str], words: set[str]) -> float:
    """Return which part of a line's words is said."""
    return len(own & words) / max(len(own), 1)


def _groups(lines: Sequence[str], read: Reader) -> Iterator[list[float]]:
    """Yield the figures of each line and of each column of neighboring table rows, years left out."""
    columns: dict[int, list[float]] = {}
    for line in lines:
        cells = line.split("|")
        yield _values(line.replace("|", " | "), read)
        if len(cells) < 2:
            yield from columns.values()
            columns = {}
        for index, cell in enumerate(cells[1:]):
            columns.setdefault(index, []).extend(_values(cell, read))
    yield from columns.values()


def _values(text: str, read: Reader) -> list[float]:
    return [value for value, _ in read(_YEAR.sub(" ", text))][:_MOST]


def _reached(value: float, step: float, fits: Fits, groups: Iterable[Sequence[float]]) -> bool:
    results = {float(f"{r:.7g}") for group in groups for r in _results(group)}
    if not any(fits(r) for r in results):
        return False
    near = sum(value / 2 <= abs(r) <= value * 2 for r in results)
    return near * step / (1.5 * max(value, 1e-12)) <= _CHANCE


def _results(values: Sequence[float]) -> Iterator[float]:
    """Yield the size of all that one operation makes of two values, and sums and means of longer runs."""
    for one, other in combinations(values, 2):
        yield from (one + other, abs(one - other), (one + other) / 2, one * other)
        for left, right in ((one, other), (other, one)):
            if right:
                yield from (left / right, abs(left - right) / right)
    for start in range(len(values)):
        for end in range(start + 3, len(values) + 1):
            total = sum(values[start:end])
            yield from (total, total / (end - start))
