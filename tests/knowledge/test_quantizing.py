"""8-bit layers: about the same vectors, each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from kdvert.errors import UserError
from kdvert.knowledge import quantizing
from kdvert.knowledge.embeddings import Embedder, vectors_id
from kdvert.weights import DEFAULT_EMBEDDER

TEXTS = ["The nurse washes her hands.", "Stocks fell on Monday.", "Clean hands stop germs. " * 9, "A bond pays."]


def test_vectors_are_near_those_of_float32_and_do_not_depend_on_neighbors(embedder: Embedder) -> None:
    small = Embedder(DEFAULT_EMBEDDER, precision="int8")
    together = small.vectors(TEXTS)
    similarities = (np.array(together) * np.array(embedder.vectors(TEXTS))).sum(axis=1)
    assert similarities.min() > 0.95
    assert similarities.min() < 0.99999  # it is another calculation
    assert all(np.array_equal(a, small.vectors([t])[0]) for a, t in zip(together, TEXTS, strict=True))


def test_vectors_of_one_precision_are_not_taken_for_the_other(embedder: Embedder) -> None:
    assert embedder.vectors_id == embedder.sha256
    assert Embedder(DEFAULT_EMBEDDER, precision="int8").vectors_id == vectors_id(embedder.sha256, "int8")
    assert vectors_id("x", "int8") != "x"


def test_a_processor_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizing, "_ENGINES", ())
    assert quantizing.best_precision() == "float32"
    with pytest.raises(UserError, match="no 8-bit layers"):
        Embedder(DEFAULT_EMBEDDER, precision="int8").embed_query("x")
