"""The real embedder: meaning, batching, cache."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from kdvert.errors import UserError
from kdvert.knowledge.embeddings import Embedder

TEXTS = ["The nurse washes her hands.", "Stocks fell on Monday.", "Clean hands stop germs.", "A bond pays a coupon."]


class _Counted(Embedder):
    """Counts what is really computed."""

    computed = 0

    def _encode(self, texts: list[str], *, queries: bool) -> object:  # type: ignore[override]
        self.computed += len(texts)
        return super()._encode(texts, queries=queries)


def test_it_is_a_langchain_embedder_of_unit_vectors(embedder: Embedder) -> None:
    vectors = np.array(embedder.embed_documents(TEXTS))
    assert vectors.shape == (4, embedder.dimension) == (4, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert isinstance(embedder, Embeddings)
    assert (embedder.max_tokens, len(embedder.sha256)) == (254, 64)


def test_questions_find_their_topic(embedder: Embedder) -> None:
    vectors = np.array(embedder.embed_documents(TEXTS))
    health, money = np.array(embedder.embed_queries(["Why wash hands?", "What does a bond pay?"])) @ vectors.T
    assert set(np.argsort(-health)[:2]) == {0, 2}
    assert np.argmax(money) == 3
    assert np.allclose(embedder.embed_query("Why wash hands?") @ vectors.T, health, atol=1e-6)


def test_a_vector_does_not_depend_on_its_neighbors(embedder: Embedder) -> None:
    texts = [" ".join(f"word{i % 7}" for i in range(n)) for n in (3, 9, 9, 40, 40, 41, 200, 400)]
    texts = [f"{text} {i}" for i, text in enumerate(texts)]
    together = embedder.vectors(texts)
    alone = [embedder.vectors([text])[0] for text in texts]
    assert all(np.array_equal(a, b) for a, b in zip(together, alone, strict=True))


def test_threads_share_the_model_and_leave_torch_as_it_was(embedder: Embedder) -> None:
    import torch

    before = torch.get_num_threads()
    texts = [f"{'many ' * (i % 20)}words {i}" for i in range(60)]
    first = embedder.vectors(texts)
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda _: embedder.vectors(texts), range(4)):
            assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert torch.get_num_threads() == before


def test_order_and_repeats_are_kept(embedder: Embedder) -> None:
    once = embedder.vectors(TEXTS)
    again = embedder.vectors([TEXTS[2], TEXTS[0], TEXTS[2]])
    assert all(np.array_equal(a, once[i]) for a, i in zip(again, (2, 0, 2), strict=True))
    assert embedder.vectors([]) == []
    assert embedder.embed_queries([]) == []


def test_the_cache_computes_nothing_twice(embedder: Embedder, tmp_path: Path) -> None:
    counted = _Counted(embedder.ref)
    file = tmp_path / "cache" / "vectors.sqlite"
    first = counted.vectors([*TEXTS, TEXTS[0]], cache=file)
    assert counted.computed == 4
    second = counted.vectors([*TEXTS, "A new text."], cache=file)
    assert counted.computed == 5
    assert all(np.array_equal(a, b) for a, b in zip(first[:4], second[:4], strict=True))


@pytest.mark.parametrize("damage", [b"this is no database" * 500, b""])
def test_a_damaged_cache_is_made_anew(embedder: Embedder, tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "vectors.sqlite"
    file.write_bytes(damage)
    embedder.vectors(TEXTS[:1], cache=file)
    counted = _Counted(embedder.ref)
    counted.vectors(TEXTS[:1], cache=file)
    assert counted.computed == 0


def test_a_language_model_is_no_embedder_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file or folder"):
        Embedder("nowhere/model", root=tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(UserError, match="cannot be used as an embedder"):
        Embedder("model", root=tmp_path).embed_query("x")


def test_importing_the_stages_loads_nothing_heavy() -> None:
    code = (
        "import sys, kdvert.stages.ingest, kdvert.stages.index, kdvert.knowledge.index\n"
        "heavy = {'torch', 'numpy', 'chromadb', 'langchain_core', 'sentence_transformers', 'bs4', 'pdfminer'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
