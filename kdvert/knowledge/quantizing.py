"""Linear layers in 8-bit integers: an embedder twice as fast on a CPU, with hardly another order of passages."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

from kdvert import hardware
from kdvert.errors import UserError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Precision = Literal["float32", "int8"]
_ENGINES = ("x86", "fbgemm", "onednn")  # of torch; ARM's engine was not measured


def best_precision() -> Precision:
    """Return int8 where it is known to be the faster way, else float32."""
    return "int8" if hardware.probe().device == "cpu" and _engine() else "float32"


def quantized(model: SentenceTransformer) -> SentenceTransformer:
    """Return the model with its linear layers in int8, one scale for each output channel, on the CPU.

    Raises:
        UserError: this torch cannot do it.
    """
    import torch

    engine = _engine()
    if engine is None:
        raise UserError(
            "This machine's torch has no 8-bit layers for its processor, and the index was made with them.",
            hint="Set index.precision: float32, then kdvert run --from index.",
        )
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = engine
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch announces torchao, which needs a compiler for the same speed
            made: SentenceTransformer = quantize_dynamic(model, {torch.nn.Linear: per_channel_dynamic_qconfig})
    finally:
        torch.backends.quantized.engine = before
    return made


def _engine() -> str | None:
    """Return torch's engine for 8-bit layers on this processor, or None."""
    import torch

    try:
        from torch.ao.quantization import quantize_dynamic  # noqa: F401 - is it there at all
    except ImportError:
        return None
    return next((e for e in _ENGINES if e in torch.backends.quantized.supported_engines), None)
