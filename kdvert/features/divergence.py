"""Divergences between a student's whole distribution and what a store keeps of the teacher's.

The sum over the kept tokens is exact. For the tail, the bucket (all its mass spread as the student spreads its own) is
computed exactly too, and the tokens drawn from the tail estimate without bias what the bucket leaves out. Without
drawn tokens the bucket alone is left: a lower bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from kdvert.features.store import Distributions

Kind = Literal["forward", "reverse", "jensen_shannon"]
KINDS: tuple[Kind, ...] = ("forward", "reverse", "jensen_shannon")


@dataclass(frozen=True)
class Kept:
    """The teacher's side as tensors. See `kdvert.features.store.Distributions` for shapes.

    Attributes:
        ids: likeliest tokens.
        logprobs: theirs, scaled so that with the tail they sum to 1; -inf where fewer than k are given.
        tails: log of the mass of all others.
        drawn: tokens drawn from the others.
        drawn_logprobs: theirs.
        log_weights: log of what each drawn token counts for, 1 / (m r).
    """

    ids: Tensor
    logprobs: Tensor
    tails: Tensor
    drawn: Tensor
    drawn_logprobs: Tensor
    log_weights: Tensor

    @classmethod
    def of(cls, found: Distributions, *, power: float, device: Any = "cpu") -> Kept:
        """Return the tensors of one record.

        Args:
            found: as read from a store.
            power: of the store's header.
            device: of torch.
        """
        import numpy as np
        import torch

        def tensor(values: Any) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(values), device=device)

        logprobs, tails = tensor(found.logprobs), tensor(found.tails)
        places = torch.arange(logprobs.shape[1], device=device)
        logprobs = logprobs.masked_fill(places >= tensor(found.counts)[:, None], -torch.inf)
        mass = torch.log(-torch.expm1(tails.clamp(max=-1e-6)))
        logprobs = logprobs + (mass - logprobs.logsumexp(dim=1))[:, None]
        drawn, drawn_logprobs = tensor(found.sampled_ids), tensor(found.sampled_logprobs)
        count = max(1, drawn.shape[1])
        log_weights = tensor(found.scales)[:, None] - power * drawn_logprobs - math.log(count)
        return cls(tensor(found.ids), logprobs, tails, drawn, drawn_logprobs, log_weights)


def divergence(kind: Kind, teacher: Kept, student: Tensor) -> Tensor:
    """Return the divergence at each position, in nats, shape (T,); gradients flow to ``student``.

    Args:
        kind: ``forward`` is KL(teacher | student), ``reverse`` KL(student | teacher), ``jensen_shannon`` with equal
            weights.
        teacher: what is kept of its distributions.
        student: log-probabilities of the whole vocabulary, shape (T, vocabulary).
    """
    import torch

    terms = TERMS[kind]
    absent = torch.isinf(teacher.logprobs)
    logprobs = teacher.logprobs.masked_fill(absent, -1e4)
    ids = torch.where(absent, teacher.ids[:, :1], teacher.ids)  # padding must not hide a token of the tail
    shown = student.gather(1, ids)
    head = terms(logprobs, shown).masked_fill(absent, 0.0).sum(dim=1)
    rest = student.scatter(1, ids, -torch.inf).logsumexp(dim=1)
    total = head + terms(teacher.tails, rest)
    if not teacher.drawn.shape[1]:
        return total
    mine = student.gather(1, teacher.drawn)
    spread = mine + (teacher.tails - rest)[:, None]
    missed = terms(teacher.drawn_logprobs, mine) - terms(spread, mine)
    return total + (teacher.log_weights.exp() * missed).sum(dim=1)


def _forward(p: Tensor, q: Tensor) -> Tensor:
    return p.exp() * (p - q)


def _reverse(p: Tensor, q: Tensor) -> Tensor:
    return q.exp() * (q - p)


def _jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    import torch

    middle = torch.logaddexp(p, q) - math.log(2)
    return 0.5 * (p.exp() * (p - middle) + q.exp() * (q - middle))


TERMS = {"forward": _forward, "reverse": _reverse, "jensen_shannon": _jensen_shannon}
"""What one token adds, by its log-probability with the teacher and with the student."""
