"""Search in a real index: words and meaning, filters, neighbors, reranking."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdvert.errors import UserError
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import Retriever, build
from kdvert.knowledge.reranking import Reranker
from kdvert.knowledge.settings import Only, SearchSettings, query_text
from kdvert.records import Chunk

TEXTS = {
    "a": ["Form 27B is for visitors.", "Visitors wait in the hall.", "The hall closes at night.", "Keys hang there."],
    "b": ["Form 28C is for nurses.", "A remedy against a raised body temperature is paracetamol."],
}


@pytest.fixture(scope="module")
def folder(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two documents under two licenses."""
    chunks = [
        Chunk(id=f"{name}@{i}", document_id=f"sources/{name}.md", start=i, end=i + 1, title="Ward",
              license={"a": "MIT", "b": "CC0-1.0"}[name], text=text)
        for name, texts in TEXTS.items() for i, text in enumerate(texts)
    ]  # fmt: skip
    out = tmp_path_factory.mktemp("searching")
    build(chunks, out, embedder)
    return out


def _texts(folder: Path, query: str, k: int = 1, only: Only | None = None, **settings: object) -> list[str]:
    with Retriever.open(folder, search=SearchSettings.model_validate(settings)) as retriever:
        return [hit.chunk.text for hit in retriever.search(query, k, only=only)]


@pytest.mark.parametrize("by", ["both", "words"])
def test_a_code_is_found_by_its_letters(folder: Path, by: str) -> None:
    assert _texts(folder, "28C", by=by) == ["Form 28C is for nurses."]


@pytest.mark.parametrize("by", ["both", "meaning"])
def test_other_words_are_found_by_meaning(folder: Path, by: str) -> None:
    assert _texts(folder, "Which drug treats fever?", by=by) == [TEXTS["b"][1]]


def test_words_alone_give_nothing_where_none_fits(folder: Path) -> None:
    assert _texts(folder, "Zebra?", 5, by="words") == []
    assert len(_texts(folder, "Zebra?", 5)) == 5


def test_scores_fall_and_repeat(folder: Path) -> None:
    with Retriever.open(folder) as retriever:
        hits = retriever.search("form for nurses", 6)
        assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
        assert 0 <= hits[-1].score <= hits[0].score <= 1
        assert retriever.search_many(["hall", "form for nurses"], 6)[1] == hits


def test_a_passage_as_query_has_its_own_vector(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passage, question = TEXTS["b"][1], "Which drug treats fever?"
    with Retriever.open(folder, search=SearchSettings(by="meaning")) as retriever:
        alone = retriever.search(question, 6)
        asked: list[str] = []
        embed = retriever.embedder.embed_queries
        monkeypatch.setattr(retriever.embedder, "embed_queries", lambda texts: asked.extend(texts) or embed(texts))
        hits, others, again = retriever.search_many([passage, question, passage], 6)
    assert asked == [question]
    assert others == alone
    assert hits == again
    assert (hits[0].chunk.text, hits[0].score) == (passage, pytest.approx(1.0, abs=1e-5))


def test_the_scores_are_the_same_however_many_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdvert.knowledge.fusion.CANDIDATES", 2)
    monkeypatch.setattr("kdvert.knowledge.index.CANDIDATES", 2)
    with Retriever.open(folder) as retriever:
        few, many = (retriever.search("form for nurses with a fever", k) for k in (1, 6))
    assert few == many[:1]


@pytest.mark.parametrize("by", ["both", "words", "meaning"])
@pytest.mark.parametrize(
    ("only", "documents"),
    [
        (Only(documents=["sources/a*"]), {"sources/a.md"}),
        (Only(licenses=["CC0-1.0"]), {"sources/b.md"}),
        (Only(documents=["sources/a*"], licenses=["CC0-1.0"]), set()),
        (Only(), {"sources/a.md", "sources/b.md"}),
    ],
)
def test_filters(folder: Path, by: str, only: Only, documents: set[str]) -> None:
    query = "form for visitors or nurses"
    for hits in (_hits(folder, query, only, by=by), _hits(folder, query, None, by=by, only=only)):
        assert {chunk.document_id for chunk in hits} == documents


def _hits(folder: Path, query: str, only: Only | None, /, **settings: object) -> list[Chunk]:
    with Retriever.open(folder, search=SearchSettings.model_validate(settings)) as retriever:
        return [hit.chunk for hit in retriever.search(query, 6, only=only)]


def test_neighbors_follow_and_count(folder: Path) -> None:
    assert _texts(folder, "Visitors wait", 3, neighbors=1) == [TEXTS["a"][i] for i in (1, 0, 2)]
    assert _texts(folder, "27B", 2, neighbors=3) == TEXTS["a"][:2]
    with Retriever.open(folder, search=SearchSettings(neighbors=1)) as retriever:
        assert [h.neighbor for h in retriever.search("Visitors wait", 3)] == [False, True, True]


def test_choices_are_part_of_what_is_searched_for(folder: Path) -> None:
    query = query_text("Which of these is used?", ["aspirin", "form 28C"])
    assert _texts(folder, query) == ["Form 28C is for nurses."]


# --- reranking -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A cross-encoder of one small layer, not trained."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("cross")
    config = BertConfig(vocab_size=len(embedder.tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=16, num_labels=1, initializer_range=1.0)  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(out)
    embedder.tokenizer.save_pretrained(out)
    return out


def test_the_reranker_orders_the_best_anew(folder: Path, cross_encoder: Path) -> None:
    query = "form for visitors"
    settings = SearchSettings(reranker=str(cross_encoder), rerank=4)
    first = set(_texts(folder, query, 4))
    with Retriever.open(folder, search=settings) as retriever:
        hits = retriever.search(query, 3)
    scores = Reranker(str(cross_encoder)).scores(query, [f"Ward\n{text}" for text in first])
    expected = [text for _, text in sorted(zip(scores, first, strict=True), reverse=True)[:3]]
    assert [hit.chunk.text for hit in hits] == expected
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True)[:3], abs=1e-4)


def test_a_reranker_that_is_none(folder: Path, tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(UserError, match="nowhere"):
        Retriever.open(folder, search=SearchSettings(reranker="nowhere"))
    settings = SearchSettings(reranker=str(embedder._weights.path))
    with Retriever.open(folder, search=settings) as retriever, pytest.raises(UserError, match="no reranker") as caught:
        retriever.search("form", 2)
    assert "index.search.reranker: off" in str(caught.value.hint)
