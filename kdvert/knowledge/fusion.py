"""How a passage's score by words and its similarity of meaning become one score."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DENSE_WEIGHT = 0.25
CANDIDATES = 100
"""How many of the nearest passages by meaning have a say, however many are asked for; the last of them counts as 0."""


def fuse(lexical: NDArray[np.float32], dense: Mapping[int, float], weight: float) -> NDArray[np.float32]:
    """Return one score for each passage, between 0 and 1.

    Scores are fused, not ranks: that the best passage by words is far ahead of the second is what a rank forgets.
    Where no word of the question occurs in the index, meaning alone decides.

    Args:
        lexical: the score by words of every passage, at least 0.
        dense: place of a passage and its cosine similarity, for the nearest ones: `CANDIDATES` of them, or more.
        weight: of the dense part, from 0 to 1.
    """
    best = float(lexical.max(initial=0.0))
    weight = weight if best > 0 else 1.0
    total = lexical * ((1 - weight) / best if best > 0 else 0.0)
    nearest = heapq.nlargest(CANDIDATES, dense.items(), key=lambda pair: pair[1])
    high, low = (nearest[0][1], nearest[-1][1]) if nearest else (0.0, 0.0)
    for place, similarity in nearest:
        total[place] += weight * ((similarity - low) / (high - low) if high > low else 1.0)
    return total
