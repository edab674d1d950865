"""The index stage: from scrubbed documents to an index that answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kdvert.errors import UserError
from kdvert.knowledge import quantizing
from kdvert.knowledge.index import Retriever
from kdvert.knowledge.settings import Only, SearchSettings
from kdvert.records import Chunk, Document, Source
from kdvert.stages import index
from kdvert.stages.contract import StageContext
from kdvert.store import hash_tree, read_json, read_jsonl, write_jsonl
from kdvert.verticals import Vertical

Make = Callable[..., StageContext]


@pytest.fixture
def scrubbed(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the output of ``scrub``."""

    def write(*texts: str) -> Path:
        folder = tmp_path / "work" / "scrub"
        documents = [
            Document(id=f"sources/{i}.md", text=text,
                     source=Source(uri=f"sources/{i}.md", title=f"Paper {i}", license="CC0-1.0", sha256="0" * 64))
            for i, text in enumerate(texts)
        ]  # fmt: skip
        write_jsonl(folder / "documents.jsonl", documents)
        return folder

    return write


def test_passages_are_slices_and_the_index_answers_after_the_rename(
    scrubbed: Callable[..., Path], make_context: Make, vertical: Vertical
) -> None:
    texts = [path.read_text(encoding="utf-8") for path in vertical.corpus[:3]]
    folder = scrubbed(*texts, "Übelkeit? 😀 Ja.", "x" * 5000)
    ctx = make_context("index", {"scrub": folder})
    summary = index.run(ctx, index.Config())
    final = ctx.out.with_name("index")
    os.replace(ctx.out, final)
    chunks = read_jsonl(final / "chunks.jsonl", Chunk)
    documents = {d.id: d for d in read_jsonl(folder / "documents.jsonl", Document)}
    for chunk in chunks:
        assert documents[chunk.document_id].text[chunk.start : chunk.end] == chunk.text
        assert chunk.id == f"{chunk.document_id}@{chunk.start}-{chunk.end}"
        assert (chunk.title, chunk.license) == (documents[chunk.document_id].source.title, "CC0-1.0")
    assert summary == {"documents": 5, "passages": len(chunks), "documents_without_passages": 0, "store": "embedded"}
    assert read_json(final / "summary.json")["passages"] == len(chunks)
    with Retriever.open(final) as retriever:
        assert retriever.search("Übelkeit?", 1)[0].chunk.document_id == "sources/3.md"


def test_the_same_documents_give_the_same_index(scrubbed: Callable[..., Path], make_context: Make) -> None:
    ctx = make_context("index", {"scrub": scrubbed("First of all. Second.", "Another paper.")})
    hashes = []
    for _ in range(2):
        index.run(ctx, index.Config())
        hashes.append(hash_tree(ctx.out, leave_out=[*index.VOLATILE, "summary.json"]))
        shutil.rmtree(ctx.out)
        ctx.out.mkdir()
        shutil.rmtree(ctx.cache)
    assert hashes[0] == hashes[1]
    assert {name for name in hashes[0] if not name.startswith("lexicon/")} == {"chunks.jsonl", "index.json"}
    assert any(name.startswith("lexicon/words/") for name in hashes[0])


@pytest.mark.parametrize(("by", "precision"), [("both", quantizing.best_precision()), ("meaning", "float32")])
def test_precision_is_chosen_by_how_passages_are_found(
    scrubbed: Callable[..., Path], make_context: Make, by: Any, precision: str
) -> None:
    ctx = make_context("index", {"scrub": scrubbed("Text.")})
    index.run(ctx, index.Config(search=SearchSettings(by=by)))
    assert read_json(ctx.out / "index.json")["precision"] == precision


def test_no_documents_and_documents_without_text(scrubbed: Callable[..., Path], make_context: Make) -> None:
    ctx = make_context("index", {"scrub": scrubbed()})
    assert index.run(ctx, index.Config())["passages"] == 0
    ctx = make_context("index", {"scrub": scrubbed("# Only a heading", "Text.")})
    summary = index.run(ctx, index.Config())
    assert (summary["passages"], summary["documents_without_passages"]) == (1, 1)


def test_passages_that_the_embedder_would_cut_are_refused(scrubbed: Callable[..., Path], make_context: Make) -> None:
    ctx = make_context("index", {"scrub": scrubbed("Text.")})
    with pytest.raises(UserError, match="reads 254 tokens") as caught:
        index.run(ctx, index.Config(chunk_tokens=230))
    assert "222" in str(caught.value.hint)


def test_settings_are_used(scrubbed: Callable[..., Path], make_context: Make) -> None:
    text = " ".join(f"Sentence {i} of this paper is short." for i in range(30))
    ctx = make_context("index", {"scrub": scrubbed(text)})
    index.run(ctx, index.Config(chunk_tokens=40, overlap=10))
    chunks = read_jsonl(ctx.out / "chunks.jsonl", Chunk)
    assert len(chunks) > 5
    assert all(after.start < before.end for before, after in pairwise(chunks))


def test_only_models_of_the_users_own_are_content(make_context: Make, tmp_path: Path) -> None:
    ctx = make_context("index")
    (tmp_path / "mine").mkdir()
    (tmp_path / "second").mkdir()
    assert index.content(ctx, index.Config()) == []
    assert index.content(ctx, index.Config(embedder="mine")) == [tmp_path / "mine"]
    assert index.content(ctx, index.Config(search=SearchSettings(reranker="second"))) == [tmp_path / "second"]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_precision_and_search_are_kept_in_the_index(
    scrubbed: Callable[..., Path], make_context: Make, precision: Any
) -> None:
    ctx = make_context("index", {"scrub": scrubbed("Insulin lowers sugar.", "Glucagon raises sugar.")})
    search = SearchSettings(by="meaning", only=Only(documents=["sources/1*"]))
    index.run(ctx, index.Config(precision=precision, search=search))
    with Retriever.open(ctx.out, root=ctx.project) as retriever:
        assert (retriever.embedder.precision, retriever.info.search, retriever.info.language) == (
            precision,
            search,
            "en",
        )
        assert [h.chunk.document_id for h in retriever.search("insulin", 5)] == ["sources/1.md"]


@pytest.mark.parametrize(
    "settings",
    [
        {"chunk_tokens": 3},
        {"overlap": -1},
        {"chunk_tokens": 100, "overlap": 60},
        {"precision": "int4"},
        {"search": {"by": "magic"}},
        {"search": {"meaning_weight": 1.5}},
        {"search": {"neighbours": 1}},
        {"server": "localhost:8000"},
        {"server": "ftp://localhost"},
        {"server": "http://user:secret@localhost:8000"},
        {"server": "http://localhost:port"},
        {"server": "http://localhost:8000/path"},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        index.Config(**settings)


def test_a_server_url_is_taken() -> None:
    assert index.Config(server="https://chroma.example:8443/").server == "https://chroma.example:8443"
