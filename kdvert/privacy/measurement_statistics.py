"""Proportions with their 95 % intervals.

**Entity recall** is a plain proportion of entities, so it gets Wilson's interval (Wilson 1927), which stays inside
[0, 1] and does not vanish when everything was found. Entities of one text are found or missed together, so their
number is first divided by the design effect of the texts (Kish 1965; the linearized variance of a ratio).

**Characters** come by whole words, so that their number says nothing of certainty, and F2 is no proportion at all:
these get the percentile bootstrap over texts, seeded. Where all texts have the same share (all right, all wrong, or a
single text) the bootstrap has nothing to vary; then it is Wilson's interval over the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.privacy.measurement_counts import Counts, Key

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

SEED = 20261124
RESAMPLES = 1_000
Z = 1.959964
"""The standard normal quantile of a 95 % interval."""
_CELLS = 4_000_000
"""Random numbers held at a time."""
_ALIKE = 1e-9


@dataclass(frozen=True)
class Measure:
    """A share with its 95 % interval; None where nothing could be counted.

    Attributes:
        hits: units right.
        of: units in all.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    hits: int = 0
    of: int = 0


NOTHING = Measure(None)


def wilson(hits: float, of: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of ``hits`` out of ``of`` (which may be a fraction)."""
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * (share * (1 - share) / of + z2 / (4 * of * of)) ** 0.5
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


class Table:
    """The counts of many texts, and resamples of them.

    Args:
        counts: one `Counts` a text.
    """

    def __init__(self, counts: Sequence[Counts]) -> None:
        import numpy as np

        keys = dict.fromkeys(key for row in counts for key in row)
        self._column = {key: number for number, key in enumerate(keys)}
        self._cells = np.zeros((len(counts), 2 * len(keys)))
        for number, row in enumerate(counts):
            for key, (hits, of) in row.items():
                self._cells[number, 2 * self._column[key] : 2 * self._column[key] + 2] = hits, of
        self._resampled = np.concatenate(list(self._resample()))

    def names(self, kind: str) -> list[str]:
        """Return what was counted under ``kind``, in order of appearance."""
        return [key.name for key in self._column if key.kind == kind]

    def proportion(self, key: Key) -> Measure:
        """Return a share whose units are texts' entities: Wilson's interval with the design effect."""
        hits, of = self._of(self._cells, key)
        if not of.sum():
            return NOTHING
        share, total = hits.sum() / of.sum(), of.sum()
        effect = 1.0
        if 0 < share < 1:
            effect = max(1.0, ((hits - share * of) ** 2).sum() / (share * (1 - share) * total))
        return _measure(share, wilson(hits.sum() / effect, total / effect), hits, of)

    def ratio(self, key: Key) -> Measure:
        """Return a share of characters: the bootstrap's interval."""
        import numpy as np

        hits, of = self._of(self._cells, key)
        if not of.sum():
            return NOTHING
        share, texts = hits.sum() / of.sum(), int(np.count_nonzero(of))
        low, high = _percentiles(_divide(*self._of(self._resampled, key)), share)
        if high - low < _ALIKE:
            low, high = wilson(texts * share, texts)
        return _measure(share, (low, high), hits, of)

    def f2(self, recall: Key, precision: Key) -> Measure:
        """Return F2, which weighs recall twice as much as precision: 5PR / (4P + R); the bootstrap's interval."""
        found, right = self.ratio(recall), self.ratio(precision)
        if found.value is None or right.value is None:
            return NOTHING
        value = float(_f2(found.value, right.value))
        low, high = _percentiles(_f2(*(_divide(*self._of(self._resampled, key)) for key in (recall, precision))), value)
        if high - low < _ALIKE:
            low, high = float(_f2(found.low, right.low)), float(_f2(found.high, right.high))
        return Measure(value, low, high)

    def _of(self, cells: Array, key: Key) -> tuple[Array, Array]:
        import numpy as np

        if key not in self._column:
            return np.zeros(len(cells)), np.zeros(len(cells))
        column = 2 * self._column[key]
        return cells[:, column], cells[:, column + 1]

    def _resample(self) -> Iterator[Array]:
        import numpy as np

        draws, texts = np.random.default_rng(SEED), len(self._cells)
        at_a_time = max(1, min(RESAMPLES, _CELLS // texts))
        for start in range(0, RESAMPLES, at_a_time):
            size = min(at_a_time, RESAMPLES - start)
            yield draws.multinomial(texts, np.full(texts, 1 / texts), size=size) @ self._cells


def _measure(share: float, bounds: tuple[float, float], hits: Array, of: Array) -> Measure:
    return Measure(float(share), float(bounds[0]), float(bounds[1]), int(hits.sum()), int(of.sum()))


def _divide(hits: Array, of: Array) -> Array:
    """Return the shares of the resamples in which there was anything to count."""
    import numpy as np

    return np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)


def _percentiles(values: Array, value: float) -> tuple[float, float]:
    """Return the middle 95 % of ``values``, widened to hold ``value`` itself."""
    import numpy as np

    low, high = np.nanpercentile(values, [2.5, 97.5])
    return min(float(low), value), max(float(high), value)


def _f2(recall: Any, precision: Any) -> Any:
    import numpy as np

    weighed = np.asarray(4 * precision + recall, dtype=float)
    return np.divide(5 * precision * recall, weighed, out=np.zeros_like(weighed), where=weighed != 0)
