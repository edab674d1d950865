"""Cut the scrubbed documents into passages, embed them and index their words for retrieval."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.errors import UserError
from kdvert.knowledge.chunking import chunk
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import STORE, TITLE_TOKENS, build
from kdvert.knowledge.quantizing import Precision, best_precision
from kdvert.knowledge.settings import SearchSettings
from kdvert.progress import track
from kdvert.records import Chunk, Document
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, write_json
from kdvert.weights import DEFAULT_EMBEDDER

VERSION = 2
VOLATILE = (STORE,)


class Config(ConfigBase):
    """How passages are cut and stored.

    Attributes:
        chunk_tokens: most tokens of a passage, counted by the embedder's own tokenizer.
        overlap: most tokens that a passage repeats from the one before it.
        embedder: the sentence embedding model, a model reference.
        precision: of the embedder's calculation: ``float32``, ``int8`` (CPU only, twice as fast), or ``auto``, which
            takes int8 where there is no GPU and passages are not found by meaning alone.
        server: ``http://host:port`` of a Chroma server; null for the embedded store below ``work/``.
        search: how passages are found in it, by every stage that searches.
    """

    chunk_tokens: int = Field(default=160, ge=16)
    overlap: int = Field(default=0, ge=0)
    embedder: str = DEFAULT_EMBEDDER
    precision: Literal["auto", "float32", "int8"] = "auto"
    server: str | None = None
    search: SearchSettings = SearchSettings()

    @field_validator("server")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        url = urlsplit(value)
        try:
            sound = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:  # a port that is no number
            sound = False
        if not sound or url.username or url.path not in ("", "/"):
            raise ValueError("expected http://host:port, without user or path")
        return value.rstrip("/")

    @field_validator("overlap")
    @classmethod
    def _is_small(cls, value: int, info: Any) -> int:
        if value > info.data.get("chunk_tokens", 160) // 2:
            raise ValueError("at most half of chunk_tokens")
        return value


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the models that are folders of the user's own; a reference with a version cannot change."""
    folders = [ctx.project / Path(ref).expanduser() for ref in (config.embedder, config.search.reranker)]
    return [folder for folder in folders if folder.is_dir()]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Write ``chunks.jsonl``, ``index.json`` and the store."""
    started = time.monotonic()
    embedder = Embedder(config.embedder, root=ctx.project, precision=_precision(config))
    _check_size(embedder, config)
    documents = list(iter_jsonl(ctx.inputs["scrub"] / "documents.jsonl", Document))
    chunks: list[Chunk] = []
    without = 0
    for document in track(ctx.progress, "cutting documents", documents):
        found = _chunks(document, embedder, config)
        without += not found
        chunks += found
    info = build(
        chunks, ctx.out, embedder, server=config.server, progress=ctx.progress, cache=ctx.cache / "vectors.sqlite",
        language=ctx.vertical.manifest.languages[0], search=config.search,
    )  # fmt: skip
    summary = {
        "documents": len(documents),
        "passages": info.count,
        "documents_without_passages": without,
        "store": config.server or "embedded",
    }
    write_json(ctx.out / "summary.json", {**summary, "seconds": round(time.monotonic() - started, 2)})
    return summary


def _precision(config: Config) -> Precision:
    if config.precision != "auto":
        return config.precision
    # by meaning alone, int8 lost 2.5 points of recall@5 on one corpus of those measured; words make up for it
    return "float32" if config.search.by == "meaning" else best_precision()


def _check_size(embedder: Embedder, config: Config) -> None:
    most = embedder.max_tokens - TITLE_TOKENS
    if config.chunk_tokens > most:
        raise UserError(
            f"index.chunk_tokens is {config.chunk_tokens}, and the embedder reads {embedder.max_tokens} tokens, "
            f"{TITLE_TOKENS} of them for the title: the end of a passage would be lost.",
            hint=f"Set index.chunk_tokens to {most} or less, or name an embedder that reads more.",
        )


def _chunks(document: Document, embedder: Embedder, config: Config) -> list[Chunk]:
    spans = chunk(document.text, embedder.offsets, budget=config.chunk_tokens, overlap=config.overlap)
    return [
        Chunk(
            id=f"{document.id}@{start}-{end}", document_id=document.id, start=start, end=end,
            title=document.source.title, license=document.source.license, text=document.text[start:end],
        )
        for start, end in spans
    ]  # fmt: skip
