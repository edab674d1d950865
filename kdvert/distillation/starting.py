"""Where an adapter starts: at nothing, or at what rounding the base to 4 bits lost (LoftQ, arXiv 2310.08659).

One turn of LoftQ: the base stays as bitsandbytes rounds it, the adapter starts as the best approximation of its rank to
what is missing. PEFT has the same for GPUs only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kdvert.errors import UserError
from kdvert.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

Start = Literal["zero", "loftq"]


def make_up_for_rounding(model: Any, weights: Weights) -> None:
    """Set the adapter to what rounding took from the base, as far as its rank goes.

    Args:
        model: a base in nf4, packed or unpacked, with a LoRA adapter.
        weights: of the base, unrounded.

    Raises:
        UserError: the files have no tensor of a layer's name or shape.
    """
    import torch

    original = _reader(weights.path)
    with torch.no_grad():
        for name, module in model.get_base_model().named_modules():
            if not hasattr(module, "lora_A"):
                continue
            rounded = _unrounded(module.base_layer)
            found = original(f"{name}.weight")
            if found is None or found.shape != rounded.shape:
                raise UserError(
                    f"The files of '{weights.ref}' hold no weights of {name} to start the adapter from.",
                    hint="Set distill.start: zero.",
                )
            first, second = module.lora_A["default"].weight, module.lora_B["default"].weight
            rank = first.shape[0]
            u, s, v = torch.svd_lowrank(found.to(rounded) - rounded, q=2 * rank, niter=4)
            half = (s[:rank] / module.scaling["default"]).sqrt()
            second.copy_(u[:, :rank] * half)
            first.copy_((v[:, :rank] * half).T)


def _unrounded(layer: Any) -> Tensor:
    """Return a layer's weights in float32, as they compute."""
    state = getattr(layer.weight, "quant_state", None)
    if state is None:
        weight: Tensor = layer.weight.data
        return weight.float()
    from bitsandbytes.functional import dequantize_4bit

    unpacked: Tensor = dequantize_4bit(layer.weight.data, state)
    return unpacked.float()


def _reader(folder: Path) -> Callable[[str], Tensor | None]:
    """Return what reads a tensor by name from the safetensors files in ``folder``, or gives None."""
    from safetensors import safe_open

    files = [safe_open(path, framework="pt") for path in sorted(folder.glob("*.safetensors"))]
    places = {name: file for file in files for name in file.keys()}  # noqa: SIM118 - not a dict
    return lambda name: places[name].get_tensor(name) if name in places else None
