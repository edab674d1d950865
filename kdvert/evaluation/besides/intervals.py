"""Intervals of shares and of exposures that hold for small numbers, where a bootstrap claims too much."""

from __future__ import annotations

import math
from collections.abc import Sequence

_Z = 1.959963984540054  # of 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); of nothing it is all from 0 to 1.

    It does not shrink to nothing where no case, or every case, is a hit.
    """
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_shares(base: Sequence[bool], student: Sequence[bool]) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares on the same cases, student - base.

    Newcombe 1998, *Improved confidence intervals for the difference between binomial proportions based on paired
    data*, Statistics in Medicine 17, method 10 (with the correction for continuity).
    """
    of = len(base)
    first, second = sum(student), sum(base)
    low1, high1 = wilson(first, of)
    low2, high2 = wilson(second, of)
    if not of:
        return -1.0, 1.0
    p1, p2 = first / of, second / of
    phi = _correlation(base, student)
    below, above = p1 - low1, high2 - p2
    down = math.sqrt(max(0.0, below**2 - 2 * phi * below * above + above**2))
    below, above = high1 - p1, p2 - low2
    up = math.sqrt(max(0.0, below**2 - 2 * phi * below * above + above**2))
    return max(-1.0, p1 - p2 - down), min(1.0, p1 - p2 + up)


def _correlation(base: Sequence[bool], student: Sequence[bool]) -> float:
    pairs = list(zip(base, student, strict=True))
    both, neither = pairs.count((True, True)), pairs.count((False, False))
    only_base, only_student = pairs.count((True, False)), pairs.count((False, True))
    scale = (both + only_base) * (only_student + neither) * (both + only_student) * (only_base + neither)
    if not scale:
        return 0.0
    excess = both * neither - only_base * only_student
    return (max(0.0, excess - len(pairs) / 2) if excess > 0 else excess) / math.sqrt(scale)


def by_chance(exposures: Sequence[float]) -> float:
    """Return how likely a mean exposure as high as this one is in a model that never saw the canaries.

    The rank of a secret that was drawn at random is then uniform, so that exposure times ln 2 is at most an
    exponential variable, and the sum of ``n`` has the tail of an Erlang distribution.
    """
    total = sum(exposures) * math.log(2)
    term = tail = 1.0
    for number in range(1, len(exposures)):
        term *= total / number
        tail += term
    return min(1.0, math.exp(-total) * tail) if exposures else 1.0
