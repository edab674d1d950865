"""The tagger's network in numpy: a word's vector is looked up once, then dilated convolutions read the context."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from kdvert.privacy import tagger_features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DILATIONS = (1, 2, 4, 8, 1)
"""A token is judged by the 16 tokens on each side of it."""
CHUNK = 512
"""Tokens that are computed at once: their vectors stay in the processor's cache."""
REACH = sum(DILATIONS)
REMEMBERED = 50_000
"""Words whose vectors are kept; the memory of a process stays bounded."""


class Network:
    """A trained network.

    Args:
        weights: ``table`` [rows, width], whole numbers from -127 to 127, and ``scale`` [rows, 1], what each is
            multiplied by; ``kernel.N`` [3 * width, width] and ``bias.N`` [width] of each convolution; ``out.kernel``
            [width, tags] and ``out.bias`` [tags].
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        import numpy as np

        self._weights = {
            name: np.asarray(array, dtype=np.float32) for name, array in weights.items() if name != "table"
        }
        self._table, self._scale = weights["table"], self._weights["scale"]
        width = self._table.shape[1]
        self._kernels = [
            np.concatenate(np.split(self._weights[f"kernel.{layer}"], 3), axis=1) for layer in range(len(DILATIONS))
        ]
        self._places = self._rows(list(range(tagger_features.ROWS - 4, tagger_features.ROWS)))
        self._vectors = _Vectors(width)

    def probabilities(self, words: Sequence[str], context: Sequence[int]) -> NDArray[np.float32]:
        """Return the probability of each tag for each token but the first and the last `REACH`, [tokens, tags].

        Those at the ends are read as context alone.
        """
        import numpy as np

        judged = len(words) - 2 * REACH
        parts = []
        for start in range(0, judged, CHUNK):
            end = min(judged, start + CHUNK) + 2 * REACH
            parts.append(self._forward(self._embed(words[start:end], context[start:end])))
        return np.concatenate(parts) if parts else np.empty((0, len(self._weights["out.bias"])), dtype=np.float32)

    def _embed(self, words: Sequence[str], context: Sequence[int]) -> NDArray[np.float32]:
        import numpy as np

        if self._vectors.is_full:
            self._vectors = _Vectors(self._table.shape[1])  # threads that still read the old one keep it
        return self._vectors.of(words, self._vector) + self._places[np.asarray(context)]

    def _vector(self, word: str) -> NDArray[np.float32]:
        import numpy as np

        known, pieces, shape = tagger_features.rows(word)
        rows = [*known, shape, *pieces]
        factors = self._scale[rows, 0]
        if pieces:
            factors[-len(pieces) :] /= len(pieces) ** 0.5
        vector: NDArray[np.float32] = factors @ self._table[rows].astype(np.float32)
        return vector

    def _rows(self, rows: list[int]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._table[rows] * self._scale[rows]
        return found

    def _forward(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities for the vectors between the first and the last `REACH` of ``x``."""
        import numpy as np

        width = x.shape[1]
        for layer, step in enumerate(DILATIONS):
            seen = x @ self._kernels[layer]  # what a token gives to the one behind it, to itself, to the one before it
            read = seen[step:-step, width : 2 * width] + self._weights[f"bias.{layer}"]
            read += seen[: -2 * step, :width]
            read += seen[2 * step :, 2 * width :]
            x = x[step:-step] + np.maximum(read, 0, out=read)
        scores = x @ self._weights["out.kernel"] + self._weights["out.bias"]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)


class _Vectors:
    """Vectors of words, kept once they are computed. Threads may share it: what is written never changes."""

    def __init__(self, width: int) -> None:
        import numpy as np

        self._places: dict[str, int] = {}
        self._matrix = np.empty((REMEMBERED + CHUNK + 2 * REACH, width), dtype=np.float32)
        self._lock = Lock()

    @property
    def is_full(self) -> bool:
        """Whether another chunk's words may find no room."""
        return len(self._places) > REMEMBERED

    def of(self, words: Sequence[str], compute: Callable[[str], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the vectors of ``words``, [words, width]; those that are not kept yet are computed."""
        places = self._places
        missing = set(words).difference(places)
        if not missing:
            return self._matrix[[places[word] for word in words]]
        with self._lock:
            if len(places) + len(missing) > len(self._matrix):  # several threads fill it at once
                return _stacked(words, compute)
            for word in missing.difference(places):
                self._matrix[len(places)] = compute(word)
                places[word] = len(places)
        return self._matrix[[places[word] for word in words]]


def _stacked(words: Sequence[str], compute: Callable[[str], NDArray[np.float32]]) -> NDArray[np.float32]:
    import numpy as np

    return np.stack([compute(word) for word in words])
