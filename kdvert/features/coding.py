"""How a token distribution becomes bytes: ids in as many bits as the vocabulary needs, likelihoods in 16 or 8.

8 bits count on the square root of -log p: close where a token is likely and coarse where it hardly matters. The error
of a log-probability is 0.002 nats at p = 0.99, 0.02 at 0.37 and 0.07 at 0.00005; float16 is off by 0.004 there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

Coding = Literal["float16", "uint8"]

LEAST = -30.0
"""Nats. What is less likely is kept as this; there are 1e-13 of it."""

_STEPS = 255


def id_bits(vocabulary: int) -> int:
    """Return how many bits tell ``vocabulary`` tokens apart."""
    return max(1, (vocabulary - 1).bit_length())


def pack_ids(ids: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return token ids, shape (positions, k), in ``bits`` bits each: uint8, shape (positions, bytes)."""
    import numpy as np

    positions, k = ids.shape
    wide = ((ids[:, :, None].astype(np.uint32) >> np.arange(bits, dtype=np.uint32)) & 1).astype(np.uint8)
    return np.packbits(wide.reshape(positions, k * bits), axis=1, bitorder="little")


def unpack_ids(packed: NDArray[Any], k: int, bits: int) -> NDArray[Any]:
    """Return what `pack_ids` packed, as int64."""
    import numpy as np

    flat = np.unpackbits(packed, axis=1, count=k * bits, bitorder="little")
    weights = np.left_shift(np.int64(1), np.arange(bits, dtype=np.int64))
    return flat.reshape(len(packed), k, bits).astype(np.int64) @ weights


def pack_logprobs(values: NDArray[Any], coding: Coding) -> NDArray[Any]:
    """Return log-probabilities, in nats, as float16 or as uint8."""
    import numpy as np

    kept = np.clip(values.astype(np.float32), LEAST, 0.0)
    if coding == "float16":
        return kept.astype(np.float16)
    return np.rint(np.sqrt(kept / LEAST) * _STEPS).astype(np.uint8)


def unpack_logprobs(values: NDArray[Any], coding: Coding) -> NDArray[Any]:
    """Return what `pack_logprobs` packed, as float32."""
    import numpy as np

    if coding == "float16":
        return values.astype(np.float32)
    root = values.astype(np.float32) / _STEPS
    return (root * root * LEAST).astype(np.float32)
