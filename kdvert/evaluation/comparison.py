"""Base against student: means over questions, and an interval of their difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.evaluation.metrics import HIGHER_IS_BETTER
from kdvert.records import Score

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
_AT_ONCE = 500  # resamples drawn at once, to bound memory


@dataclass(frozen=True)
class Pair:
    """One question, both systems."""

    base: float
    student: float
    weight: float


def compare(scores: Iterable[Score], *, resamples: int, seed: int) -> list[dict[str, object]]:
    """Return a row for each mode and metric.

    Returns:
        Rows of {mode, metric, base, student, delta, low, high, n, unscored, higher_is_better}: weighted means over
        the ``n`` questions that both systems have a value for, ``delta`` = student - base with its 95 % interval.
        ``unscored`` counts the questions that lack a value. Values are None where nothing, and limits where fewer
        than two questions, could be compared.
    """
    table: dict[tuple[str, str], dict[str, dict[str, Score]]] = {}
    for one in scores:
        table.setdefault((one.mode, one.metric), {}).setdefault(one.item_id, {})[one.system] = one
    order = list(HIGHER_IS_BETTER)
    keys = sorted(table, key=lambda key: (key[0], order.index(key[1])))
    return [_row(mode, metric, table[mode, metric], resamples, seed) for mode, metric in keys]


def _row(mode: str, metric: str, items: dict[str, dict[str, Score]], resamples: int, seed: int) -> dict[str, object]:
    pairs = [p for p in (_pair(items[name]) for name in sorted(items)) if p is not None]
    base, student = _mean([(p.base, p.weight) for p in pairs]), _mean([(p.student, p.weight) for p in pairs])
    low, high = paired_bootstrap(pairs, resamples=resamples, seed=seed)
    return {
        "mode": mode,
        "metric": metric,
        "base": base,
        "student": student,
        "delta": None if base is None or student is None else student - base,
        "low": low,
        "high": high,
        "n": len(pairs),
        "unscored": len(items) - len(pairs),
        "higher_is_better": HIGHER_IS_BETTER[metric],
    }


def _pair(systems: dict[str, Score]) -> Pair | None:
    base, student = systems.get("base"), systems.get("student")
    if base is None or student is None or base.value is None or student.value is None:
        return None
    return Pair(base.value, student.value, base.weight)


def _mean(values: Sequence[tuple[float, float]]) -> float | None:
    total = sum(weight for _, weight in values)
    return sum(value * weight for value, weight in values) / total if total else None


def paired_bootstrap(pairs: Sequence[Pair], *, resamples: int, seed: int) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of the difference of weighted means, student - base.

    Questions are drawn with replacement, each with both of its values, so what makes a question hard for both does
    not widen the interval (Efron and Tibshirani 1993, chapter 13). None for fewer than two questions.
    """
    import numpy as np

    if len(pairs) < 2:
        return None, None
    difference = np.array([(p.student - p.base) * p.weight for p in pairs])
    weight = np.array([p.weight for p in pairs])
    generator = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    for start in range(0, resamples, _AT_ONCE):
        picks = generator.integers(0, len(pairs), size=(min(_AT_ONCE, resamples - start), len(pairs)))
        drawn.append(difference[picks].sum(axis=1) / weight[picks].sum(axis=1))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(drawn), [tail, 1 - tail])
    return float(low), float(high)
