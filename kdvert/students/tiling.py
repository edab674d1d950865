"""Losses over a whole vocabulary, some positions at a time: few tensors of its size are alive at once.

A loss on logits makes many such tensors: logits in float32, log-probabilities, what a divergence masks, and the same
again on the way back. With a small student that is most of the memory. Here the gradient of a tile is taken as soon as
its loss is known; what stays is the logits and their gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[["Tensor", slice], "Tensor"]
"""(logits of some positions in float32, shape (n, vocabulary); which of the given positions these are) to their sum."""

_NUMBERS = {"cpu": 2**22}
_NUMBERS_ELSEWHERE = 2**26
"""Logits in a tile: on a CPU 16 MB of them are enough to keep it busy, on a GPU it takes more."""


def tiled(logits: Tensor, positions: Tensor, loss: Loss) -> Tensor:
    """Return the sum of a loss over positions; gradients flow to ``logits``.

    Args:
        logits: shape (rows, length, vocabulary).
        positions: which of rows x length count, shape (n,), each at most once.
        loss: of some of them. Gradients flow to nothing that it holds besides.
    """
    total: Tensor = _function().apply(logits, positions, loss)
    return total


@cache
def _function() -> Any:
    import torch

    class Tiled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, logits: Tensor, positions: Tensor, loss: Loss) -> Tensor:
            wanted = ctx.needs_input_grad[0]
            flat = logits.flatten(0, 1)
            # float16 is too narrow for a gradient before a scaler has made it large, and for the scale
            kept = torch.float32 if logits.dtype == torch.float16 else logits.dtype
            gradient = torch.zeros_like(flat, dtype=kept) if wanted else None
            total = torch.zeros((), dtype=torch.float32, device=logits.device)
            size = max(1, _NUMBERS.get(logits.device.type, _NUMBERS_ELSEWHERE) // logits.shape[-1])
            for start in range(0, len(positions), size):
                some = slice(start, min(start + size, len(positions)))
                with torch.set_grad_enabled(wanted):
                    tile = flat[positions[some]].float().requires_grad_(wanted)
                    one = loss(tile, some)
                if gradient is not None:
                    gradient[positions[some]] = torch.autograd.grad(one, tile)[0].to(kept)
                total += one.detach()
            if gradient is not None:
                ctx.save_for_backward(gradient.view_as(logits))
                ctx.dtype = logits.dtype
            return total

        @staticmethod
        def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None, None]:
            (gradient,) = ctx.saved_tensors
            return gradient.mul_(outer.to(gradient.dtype)).to(ctx.dtype), None, None

    return Tiled
