"""What a reviewed sample shows about the records nobody looked at: exact bounds on the share that is wrong.

A sample without a failure does not show that there is none. It shows that the share of wrong records is at most some
rate, to a stated confidence (ASTM E2334). With failures the bound is that of Clopper and Pearson (Biometrika 26, 1934).
Both are exact: they follow from the binomial distribution itself, and promise at least their confidence for any rate.
Where the number of all records is known, it is the hypergeometric distribution, since nobody reviews a record twice;
that bound is tighter.

All of this takes a simple random sample. `kdvert.rulings.sampling` draws in proportion to the strata, which varies no
more than that; only where a tiny stratum is given more than its share does the pooled rate lean toward it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

_ROUNDING = 1e-9  # two ways to work out the same probability differ by less, relative to it


@dataclass(frozen=True)
class Corrected:
    """A bound that counts in what reviewers overlook.

    Attributes:
        recall: share of the planted errors that were caught; None if none was planted.
        recall_low: lower bound of the share of errors that reviewers catch; 0 if none was planted.
        rate_upper: upper bound of the share of wrong records, found or overlooked.
    """

    recall: float | None
    recall_low: float
    rate_upper: float


def sample_size(rate: float, confidence: float, population: int | None = None) -> int:
    """Return the fewest records that show an error rate of at most ``rate``, if none of them is wrong.

    Args:
        rate: share of wrong records, above 0 and below 1.
        confidence: above 0 and below 1, such as 0.95.
        population: how many records there are in all; None for so many that it makes no difference.

    Raises:
        ValueError: a number is out of its range.
    """
    alpha = _alpha(confidence)
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie above 0 and below 1, got {rate}")
    if population is None:
        return max(1, math.ceil(math.log(alpha) / math.log1p(-rate) - _ROUNDING))
    if population < 1:
        raise ValueError(f"population must be at least 1, got {population}")
    wrong = math.floor(Fraction(str(rate)) * population) + 1  # the fewest that would be too many
    clean, size = 1.0, 0
    while clean > alpha * (1 + _ROUNDING):
        clean *= (population - wrong - size) / (population - size)
        size += 1
    return size


def upper(failures: int, examined: int, confidence: float, population: int | None = None) -> float:
    """Return the one-sided exact upper bound of the share of wrong records, from 0 to 1.

    Args:
        failures: how many of the examined records were wrong.
        examined: how many were examined.
        confidence: above 0 and below 1.
        population: how many records there are in all, the examined ones among them. The bound is then the largest
            number of wrong ones that leaves so few failures a chance above ``1 - confidence``, over all. Where all were
            examined it is the share itself.

    Raises:
        ValueError: a number is out of its range.
    """
    return _upper(failures, examined, _alpha(confidence), population)


def interval(failures: int, examined: int, confidence: float) -> tuple[float, float]:
    """Return the two-sided interval of Clopper and Pearson for the share of wrong records, (0, 1) if none was examined.

    Args:
        failures: how many of the examined records were wrong.
        examined: how many were examined.
        confidence: above 0 and below 1; each side is given half of what is missing to 1.

    Raises:
        ValueError: a number is out of its range.
    """
    half = _alpha(confidence) / 2
    _check(failures, examined, None)
    return _lower(failures, examined, half), _upper(failures, examined, half, None)


def corrected(
    failures: int, examined: int, caught: int, planted: int, confidence: float, population: int | None = None
) -> Corrected:
    """Return the upper bound of the share of wrong records, given that reviewers overlook some of them.

    Errors that are known, and hidden among the records, tell which share of errors reviewers catch. It has a lower
    bound of its own; what may go wrong (``1 - confidence``) is split in half between the two bounds (Bonferroni), so
    that both hold at once. ASTM E2334 allows for misclassification too. Without ``population`` the result is
    ``min(1, upper / recall_low)``.

    With ``population`` a plain division would promise too much: whether a wrong record is overlooked is chance too,
    even where every record was examined. So the bound is the largest number of wrong records that leaves so few
    failures a chance, when each wrong one among the examined is caught with probability ``recall_low``.

    It rests on the planted errors being no easier to see than real ones, which no number here can show. A record that
    was refused without need counts as wrong and only makes the bound larger.

    Args:
        failures: how many of the examined records were found wrong.
        examined: how many were examined, planted errors not counted.
        caught: how many of the planted errors were refused.
        planted: how many were shown to reviewers.
        confidence: above 0 and below 1.
        population: how many records there are in all, planted errors not counted.

    Raises:
        ValueError: a number is out of its range.
    """
    half = _alpha(confidence) / 2
    _check(failures, examined, population)
    _check(caught, planted, None)
    low = _lower(caught, planted, half)
    recall = caught / planted if planted else None
    if low == 0:
        return Corrected(recall, 0.0, 1.0)
    if population is None:
        return Corrected(recall, low, min(1.0, _upper(failures, examined, half, None) / low))
    return Corrected(recall, low, _most_wrong(failures, examined, half, population, low) / population)


def _alpha(confidence: float) -> float:
    """Return what is missing to 1, exact in decimals: 0.05 for 0.95, where floats would leave 0.05000000000000004."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie above 0 and below 1, got {confidence}")
    return float(1 - Fraction(str(confidence)))


def _check(failures: int, examined: int, population: int | None) -> None:
    if not 0 <= failures <= examined:
        raise ValueError(f"expected 0 to {examined} of {examined}, got {failures}")
    if population is not None and not max(1, examined) <= population:
        raise ValueError(f"{examined} of {population} records cannot have been examined")


def _upper(failures: int, examined: int, alpha: float, population: int | None) -> float:
    from scipy.stats import beta

    _check(failures, examined, population)
    if population is not None:
        return _most_wrong(failures, examined, alpha, population, 1.0) / population
    if failures == examined:
        return 1.0
    return float(beta.ppf(1 - alpha, failures + 1, examined - failures))


def _lower(hits: int, of: int, alpha: float) -> float:
    from scipy.stats import beta

    return float(beta.ppf(alpha, hits, of - hits + 1)) if hits else 0.0


def _most_wrong(failures: int, examined: int, alpha: float, population: int, recall: float) -> int:
    """Return the largest number of wrong records that leaves ``failures`` or fewer a chance above ``alpha``."""
    low, high = failures, population  # the chance falls as the number grows; with ``failures`` wrong it is 1
    while low < high:
        middle = (low + high + 1) // 2
        if _chance(failures, examined, population, middle, recall) > alpha * (1 + _ROUNDING):
            low = middle
        else:
            high = middle - 1
    return low


def _chance(failures: int, examined: int, population: int, wrong: int, recall: float) -> float:
    """Return the probability that ``failures`` or fewer are found, if each wrong one is seen with ``recall``."""
    import numpy as np
    from scipy.stats import binom, hypergeom

    if recall == 1:
        return float(hypergeom.cdf(failures, population, wrong, examined))
    met = np.arange(max(0, examined + wrong - population), min(examined, wrong) + 1)
    return float(hypergeom.pmf(met, population, wrong, examined) @ binom.cdf(failures, met, recall))
