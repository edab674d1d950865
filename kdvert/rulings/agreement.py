"""How far reviewers agree on the records that more than one of them judged.

Chance alone makes two people agree often where nearly everything is accepted. So there are two coefficients that take
chance out, Cohen's kappa (Educational and Psychological Measurement 20, 1960) for two judges and Krippendorff's alpha
(Content Analysis, 2004) for any number, not all of whom judge each record. Both swing wildly where refusals are rare.
Positive agreement (Spitzer and Fleiss, British Journal of Psychiatry 125, 1974) says of refusals alone how often they
are shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kdvert.records import Record

REJECT = "reject"
"""The label that positive agreement is about."""

CONFIDENCE = 0.95
"""Of the interval of alpha."""

RESAMPLES = 1_000
SEED = 20261124


class Agreement(Record):
    """Agreement on the records that two or more people judged. Shares are from 0 to 1.

    Attributes:
        records: how many two or more people judged.
        judges: how many people judged one of them.
        percent: share of agreeing pairs among all pairs of judgments on the same record; None without a pair.
        kappa: Cohen's kappa, -1 to 1; None unless there are two judges and two records, or if only one label was given.
        alpha: Krippendorff's alpha for nominal labels, at most 1; None if only one label was given.
        positive: of the judgments that reject, paired with each other one on the record, the share of pairs that
            rejects too; for two judges ``2 * both / (2 * both + one of them)``. None if nobody rejected.
        alpha_interval: lower and upper end of its 95 % interval; None if it cannot be told, as when all agree.
    """

    records: int
    judges: int
    percent: float | None
    kappa: float | None
    alpha: float | None
    positive: float | None
    alpha_interval: tuple[float, float] | None


def agreement(judgments: Mapping[str, Mapping[str, str]]) -> Agreement:
    """Return how far people agree.

    Args:
        judgments: the label by judge, by record. A record with one judge is left out.
    """
    shared = [judged for _, judged in sorted(judgments.items()) if len(judged) > 1]
    judges = sorted({judge for judged in shared for judge in judged})
    labels = sorted({label for judged in shared for label in judged.values()})
    counts = [Counter(judged.values()) for judged in shared]
    table = [[count[label] for label in labels] for count in counts]
    return Agreement(
        records=len(shared),
        judges=len(judges),
        percent=_share(counts, labels),
        kappa=_kappa(shared, judges, labels),
        alpha=_alpha(table),
        positive=_share(counts, [REJECT]),
        alpha_interval=_alpha_interval(table),
    )


def _share(counts: Sequence[Counter[str]], labels: Sequence[str]) -> float | None:
    """Return the share of pairs with both the same label, among the pairs of which one has one of ``labels``."""
    agreeing = sum(count[label] * (count[label] - 1) for count in counts for label in labels)
    pairs = sum(count[label] * (count.total() - 1) for count in counts for label in labels)
    return agreeing / pairs if pairs else None


def _kappa(shared: Sequence[Mapping[str, str]], judges: Sequence[str], labels: Sequence[str]) -> float | None:
    if len(judges) != 2 or len(shared) < 2 or len(labels) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    first, second = ([judged[judge] for judged in shared] for judge in judges)
    return float(cohen_kappa_score(first, second))


def _alpha(table: Sequence[Sequence[int]]) -> float | None:
    """Return alpha from judgments by label, one row a record; None if all of them are of one label."""
    if sum(any(column) for column in zip(*table, strict=True)) < 2:
        return None
    from krippendorff import alpha

    return float(alpha(value_counts=table, level_of_measurement="nominal"))


def _alpha_interval(table: Sequence[Sequence[int]]) -> tuple[float, float] | None:
    """Return the percentile interval over records drawn with replacement (Efron and Tibshirani 1993, chapter 13).

    Where all agree, every resample does, and the interval would shrink to a point that few records have not earned.
    Resamples of one label alone have no alpha and are left out; with most of them so, there is no interval.
    """
    import numpy as np

    if len(table) < 2 or not any(sum(count > 0 for count in row) > 1 for row in table):
        return None
    rows = np.array(table)
    judges = rows.sum(axis=1)
    disagreement = (judges**2 - (rows**2).sum(axis=1)) / (judges - 1)
    generator = np.random.default_rng(SEED)
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        times = np.bincount(generator.integers(0, len(rows), size=len(rows)), minlength=len(rows))
        pooled, size = times @ rows, times @ judges
        expected = size**2 - (pooled**2).sum()
        if expected:  # alpha for nominal labels, as the package works it out; it takes far longer
            drawn.append(1 - (size - 1) * (times @ disagreement) / expected)
    if len(drawn) * 2 < RESAMPLES:
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
