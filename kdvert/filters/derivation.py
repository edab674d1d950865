"""Whether a figure follows from others by one step of arithmetic, and not by chance.

There are so many pairs of numbers in a page that some pair gives almost any result. So operands are taken from one line
or one column of a table, those on lines that share words with question or answer first, and a result counts only if the
number of candidates near it would seldom hit it by luck.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kdvert.filters.figures import Figure, figures, within

_CHANCE = 0.25
_MOST_OPERANDS = 60  # of one line or column
_WORD = re.compile(r"[^\W\d_]{3,}")
_YEARS = (1900.0, 2100.0)


@dataclass(frozen=True)
class Source:
    """Where figures stand together.

    Attributes:
        lines: figures of each line with the words of the line.
        columns: the same cell of neighboring table rows, as (line, figure).
    """

    lines: list[tuple[frozenset[str], list[Figure]]]
    columns: list[list[tuple[int, Figure]]]


def source(text: str) -> Source:
    """Read lines and table columns (cells parted by ``|``) of a text that went through `figures.plain`."""
    lines: list[tuple[frozenset[str], list[Figure]]] = []
    columns: list[list[tuple[int, Figure]]] = []
    table: dict[int, list[tuple[int, Figure]]] = {}
    for number, line in enumerate(text.splitlines()):
        found = figures(line)
        lines.append((_words(line), found))
        if "|" not in line:
            columns += table.values()
            table = {}
            continue
        for figure in found:
            table.setdefault(line.count("|", 0, figure.start), []).append((number, figure))
    return Source(lines, [*columns, *table.values()])


def follows(figure: Figure, given: Source, question: str, answer: str, named: Sequence[Figure]) -> bool:
    """Tell whether ``figure`` is a sum, difference, product, ratio, change or mean of given figures.

    Args:
        figure: the figure to explain.
        given: the evidence.
        question: its words choose lines.
        answer: its words do too.
        named: figures that question and answer state themselves; operands among them are believed.
    """
    known = [f for _, line in given.lines for f in line]
    spoken = [f.value for f in known if any(within(n.value, f.value, 0) for n in named if n is not figure)]
    results = _one_step(list(dict.fromkeys(spoken)), figure.unit == "%")
    if any(within(figure.value, r, figure.step) for r in results):
        return True
    words = _words(question) | _words(answer)
    shares = [len(said & words) / max(len(said), 1) for said, _ in given.lines]
    best = max(shares, default=0) or 1
    return any(
        _hit(figure, _groups(given, {number for number, share in enumerate(shares) if share >= least}))
        for least in (best, 1e-9, 0)
    )


def _groups(given: Source, chosen: set[int]) -> Iterable[list[float]]:
    """Yield the operands that stand together, years left out."""
    for number in sorted(chosen):
        yield _operands(given.lines[number][1])
    for column in given.columns:
        yield _operands(figure for number, figure in column if number in chosen)


def _operands(found: Iterable[Figure]) -> list[float]:
    values = (f.value for f in found if not (f.bare and _YEARS[0] <= f.value <= _YEARS[1]))
    return list(values)[:_MOST_OPERANDS]


def _hit(figure: Figure, groups: Iterable[Sequence[float]]) -> bool:
    percent = figure.unit == "%"
    near = [r for g in groups for r in _one_step(g, percent) if figure.value / 2 <= r <= figure.value * 2]
    if not any(within(figure.value, r, figure.step) for r in near):
        return False
    distinct = {float(f"{r:.6g}") for r in near}
    return len(distinct) * figure.step / (1.5 * max(figure.value, 1e-12)) <= _CHANCE


def _one_step(values: Sequence[float], percent: bool) -> list[float]:
    """Return the sizes of all that one operation makes of the values, and sums and means of runs of them."""
    import numpy as np

    if len(values) < 2:
        return []
    row = np.asarray(values, dtype=float)
    left, right = row[:, None], row[None, :]
    other = ~np.eye(len(row), dtype=bool)
    with np.errstate(all="ignore"):
        ratios = np.concatenate([(left / right)[other], ((left - right) / right)[other]])
        upper = np.triu(other)
        pairs = [(left + right)[upper], (left - right)[upper], (left * right)[upper], ((left + right) / 2)[upper]]
    first, last = np.triu_indices(len(row) + 1, k=3)
    total = np.concatenate([[0.0], np.cumsum(row)])
    runs = total[last] - total[first]
    found = np.abs(np.concatenate([*pairs, ratios * 100 if percent else ratios, runs, runs / (last - first)]))
    return [float(v) for v in found[np.isfinite(found)]]


def _words(text: str) -> frozenset[str]:
    return frozenset(w.casefold() for w in _WORD.findall(text))
