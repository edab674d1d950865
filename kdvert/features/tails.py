"""What is kept of a whole distribution: the likeliest tokens, the mass of all others, and a few drawn from these.

A single bucket for the tail makes every divergence too small: it cannot tell how the student spreads the same mass, and
for reverse KL that matters most. So m tokens are drawn from the tail, token i with r_i = p_i^a / Z, and log Z is kept.
A sum over the tail is then estimated without bias by the mean of f_i / r_i over those drawn. At a = 1 hardly a token
is drawn that only the student finds likely, at a = 0 hardly one that the teacher does; `POWER` lies between. One random
number makes all m draws at equal steps (systematic sampling), which spreads them and lowers the variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kdvert.features.store import Distributions

if TYPE_CHECKING:
    from torch import Tensor

POWER = 0.75
"""The exponent a. `benchmarks/features.py` compares others."""

_SORTED = 2048
"""How many of the tail are drawn in the order of their likelihood; neighbors in it are alike, so draws spread well."""


def kept(logprobs: Tensor, target: Tensor, *, k: int, samples: int, seed: int, power: float = POWER) -> Distributions:
    """Return what is kept of whole distributions.

    Args:
        logprobs: in nats, shape (positions, vocabulary).
        target: the answer's tokens, shape (positions,).
        k: likeliest tokens to keep, fewer than the vocabulary.
        samples: tokens to draw from the others.
        seed: of the draw.
        power: the exponent a.
    """
    import numpy as np
    import torch

    positions, vocabulary = logprobs.shape
    lead = min(vocabulary, k + (_SORTED if samples else 0))
    values, ids = logprobs.topk(lead, dim=1)
    head = torch.zeros_like(logprobs, dtype=torch.bool).scatter_(1, ids[:, :k], True)
    tails = logprobs.masked_fill(head, -torch.inf).logsumexp(dim=1)
    drawn, scales = _drawn(logprobs, ids, k, samples, seed, power)

    def plain(tensor: Tensor) -> Any:
        return tensor.cpu().numpy()

    return Distributions(
        target=plain(target),
        target_logprobs=plain(logprobs.gather(1, target[:, None])[:, 0]),
        ids=plain(ids[:, :k]),
        logprobs=plain(values[:, :k]),
        counts=np.full(positions, k),
        tails=plain(tails),
        sampled_ids=plain(drawn),
        sampled_logprobs=plain(logprobs.gather(1, drawn)),
        scales=plain(scales),
    )


def _drawn(logprobs: Tensor, ids: Tensor, k: int, samples: int, seed: int, power: float) -> tuple[Tensor, Tensor]:
    """Return ids drawn from the tail, shape (positions, samples), and log Z, shape (positions,)."""
    import numpy as np
    import torch

    positions = len(logprobs)
    if not samples:
        return ids[:, :0], torch.zeros(positions)
    order = torch.cat([ids[:, k:], _rest(logprobs, ids)], dim=1)
    weights = (logprobs.gather(1, order).double() * power).exp()
    ends = weights.cumsum(dim=1)
    total = ends[:, -1:]
    offsets = torch.from_numpy(np.random.default_rng(seed).random(positions)).to(logprobs.device)
    steps = (torch.arange(samples, device=logprobs.device) + offsets[:, None]) / samples
    places = torch.searchsorted(ends, steps * total, right=True).clamp(max=order.shape[1] - 1)
    return order.gather(1, places), total[:, 0].log()


def _rest(logprobs: Tensor, ids: Tensor) -> Tensor:
    """Return the ids that are not among ``ids``, in the order of the vocabulary."""
    import torch

    left = torch.ones_like(logprobs, dtype=torch.bool).scatter_(1, ids, False)
    return left.nonzero()[:, 1].reshape(len(logprobs), -1)
