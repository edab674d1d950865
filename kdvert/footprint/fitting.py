"""The largest batch and the longest record that fit a machine.

Memory that comes and goes grows with the batch b and the length l as c0 + c1·b + c2·b·l + c3·b·l² + c4·t, where t is
how many tokens TRL's loss takes at once. A few traced steps give the five numbers; the rest is arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from kdvert.footprint import tracing
from kdvert.footprint.estimate import Student, computing, held, loading, phases
from kdvert.footprint.machines import Machine
from kdvert.footprint.records import Fit
from kdvert.footprint.steps import STEPS
from kdvert.footprint.tracing import Computing
from kdvert.students.models import precision

TILE = 4096
"""Tokens that TRL's loss takes at once (``TOKEN_CHUNK_SIZE``)."""

MOST_BATCH = 4096
"""The largest batch that is looked for; no training here takes larger ones."""

_SHAPES = ((1, 512), (6, 512), (24, 512), (2, 1024), (2, 3072))  # tokens on both sides of a tile


@dataclass(frozen=True)
class Growth:
    """How the memory of a step grows with its shape: five numbers for each phase of each objective."""

    rows: tuple[tuple[int, tuple[float, ...]], ...]

    def at(self, batch: int, length: int) -> float:
        """Return bytes beyond weights, adapter and optimizer."""
        return max(
            sum(c * f for c, f in zip(found, _features(batch * sequences, length), strict=True))
            for sequences, found in self.rows
        )


def _features(batch: int, length: int) -> tuple[float, ...]:
    return (1.0, batch, batch * length, batch * length**2, min(batch * (length - 1), TILE))


@lru_cache(maxsize=16)
def growth(student: Student, how: Computing) -> Growth:
    """Trace some steps and return how their memory grows.

    Raises:
        UserError: see `kdvert.footprint.tracing.trace`.
    """
    import numpy as np

    rows = []
    for name in student.objectives:
        sequences = STEPS[name].sequences
        found = [phases(student, name, how, batch, length) for batch, length in _SHAPES]
        known = np.array([_features(batch * sequences, length) for batch, length in _SHAPES])
        for phase in tracing.PHASES:
            sizes = np.array([sum(moments[phase].values()) for moments in found])
            rows.append((sequences, tuple(np.linalg.solve(known, sizes).tolist())))
    return Growth(tuple(rows))


def fit(student: Student, machine: Machine, *, four_bit: bool, batch: int, length: int) -> Fit:
    """Return what fits on a machine.

    Args:
        student: base, adapter, objectives.
        machine: to train on.
        four_bit: whether the base is held in nf4.
        batch: records a step over all devices, for which the longest length is looked for.
        length: tokens of a record, for which the largest batch is looked for.

    Raises:
        UserError: see `kdvert.footprint.tracing.trace`.
    """
    grows = growth(student, _alike(computing(machine)))
    always = held(student, machine, four_bit=four_bit).total
    loads = loading(student, machine, four_bit=four_bit) <= machine.usable_bytes

    def fits(each: int, tokens: int) -> bool:
        return loads and always + grows.at(each, tokens) <= machine.usable_bytes

    share = max(1, batch // machine.count)
    context = student.sizes.context or MOST_BATCH
    return Fit(
        machine=machine.name,
        precision=precision(machine.hardware, four_bit=four_bit),
        memory_bytes=machine.hardware.memory_bytes,
        usable_bytes=machine.usable_bytes,
        peak_bytes=round(always + grows.at(share, length)),
        batch=_largest(MOST_BATCH, lambda each: fits(each, length)) * machine.count,
        length=_largest(context, lambda tokens: fits(share, tokens)),
    )


def _alike(how: Computing) -> Computing:
    """Return how, with one dtype for all of its size: float16 takes what bfloat16 takes, and is traced only once.

    Where there is a heap, all tensors are counted as if they lay in it: with growing batches some no longer do, and
    five numbers cannot say from where on. So what fits a CPU is said with some room.
    """
    import torch

    return Computing(
        torch.bfloat16 if how.base.itemsize == 2 else how.base, how.autocast, how.checkpointing, how.in_place,
        sys.maxsize if how.heap else 0,
    )  # fmt: skip


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number from 1 to ``most`` that fits, or 0."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
