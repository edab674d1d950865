"""Totals of a run out of a sample of its passages: what is expected, and a 95 % range.

The passages that were asked about count as they are; the others are predicted. For a mean of the sample, the range of
the rest is Student's t prediction interval for a sum (Cochran 1977, *Sampling Techniques*, chapter 2). A sample of few
passages may miss what happens seldom, so counts that have limits (a passage gives no more records than it is asked for)
are widened as the rule of three does (Hanley and Lippman-Hand 1983): what was seen in none of n passages may still
happen in a share of ``1 - 0.025 ** (1 / n)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kdvert.reporting.plans import Range

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_Z = 1.959964
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % point of Student's t with 1 to 30 degrees of freedom."""


def student_t(degrees: int) -> float:
    """Return the 97.5 % point of Student's t."""
    return _T[degrees - 1] if degrees <= len(_T) else _Z + (_Z**3 + _Z) / (4 * degrees)


def seldom(n: int) -> float:
    """Return the largest share of all in which something may happen that was seen in none of ``n``."""
    return 1.0 - _TAIL ** (1 / n)


def count(
    seen: Sequence[float], rest: float, *, least: float, most: float, sizes: Sequence[int] | None = None
) -> Range:
    """Predict the total of a count with limits.

    Args:
        seen: the count of each passage asked about; one at least.
        rest: how many passages were not asked about.
        least: count of a passage, at least.
        most: the same, at most.
        sizes: of how many passages each of ``seen`` is the count (None: of one). What one call is about stands or
            falls together, so the range is that of as many single passages, wider by the root of the mean size.
    """
    n, total = len(seen), sum(seen)
    sizes = sizes or [1] * n
    mean = total / sum(sizes)
    spread = _spread([y / size for y, size in zip(seen, sizes, strict=True)], rest) * math.sqrt(sum(sizes) / n)
    low = min(rest * mean - spread, rest * (mean - (mean - least) * seldom(n)))
    high = max(rest * mean + spread, rest * (mean + (most - mean) * seldom(n)))
    found = Range(expected=total + rest * mean, low=total + low, high=total + high)
    return found.clipped(total + rest * least, total + rest * most)


def amount(seen: Sequence[float], sizes: Sequence[float], rest: float, rest_size: float) -> Range:
    """Predict the total of an amount that grows with the size of a passage's prompts.

    Args:
        seen: the amount of each passage asked about; one at least.
        sizes: the size of each of them.
        rest: how many passages were not asked about.
        rest_size: their size in all.
    """
    total = sum(seen)
    rate = total / sum(sizes) if sum(sizes) else 0.0
    expected = total + rate * rest_size
    if rest and len(seen) < 2:
        return Range(expected=expected, low=total, high=None)
    residuals = [y - rate * x for y, x in zip(seen, sizes, strict=True)]
    spread = _spread(residuals, rest)
    return Range(expected=expected, low=max(total, expected - spread), high=expected + spread)


def _spread(seen: Sequence[float], rest: float) -> float:
    """Return the half-width of the interval for the sum of ``rest`` further values."""
    n = len(seen)
    if n < 2 or not rest:
        return 0.0
    mean = sum(seen) / n
    variance = sum((y - mean) ** 2 for y in seen) / (n - 1)
    return student_t(n - 1) * math.sqrt(variance * rest * (1 + rest / n))
