"""Plots of the review as inline SVG, drawn by shapes that take their colors from the style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEPS = (5, 10, 20, 30, 60, 120, 300, 3600)
"""Upper bounds of the classes of reading time, in seconds."""
ORDER = ("accepted", "edited", "rejected", "escalated", "conflict", "open")


@dataclass(frozen=True)
class Bar:
    """One bar: its label, how many, and its length as a share of the longest."""

    label: str
    count: int
    share: float


def times(seconds: Sequence[int]) -> list[Bar]:
    """Return how many decisions took how long."""
    if not seconds:
        return []
    counts, before = [], -1
    for step in STEPS:
        counts.append((f"up to {_span(step)}", sum(before < s <= step for s in seconds)))
        before = step
    return _bars(counts)


def statuses(counts: Mapping[str, int]) -> list[Bar]:
    """Return how many records are in which status."""
    return _bars([(name, counts.get(name, 0)) for name in ORDER])


def _bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    most = max([1, *(count for _, count in counts)])
    return [Bar(label, count, count / most) for label, count in counts]


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
