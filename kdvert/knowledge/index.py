"""The index of passages: how it is built, and how questions find passages in it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge import chroma
from kdvert.knowledge.embeddings import Embedder
from kdvert.progress import Progress, Silent
from kdvert.records import Chunk, Record
from kdvert.store import iter_jsonl, read_json, write_json, write_jsonl

if TYPE_CHECKING:
    from chromadb.api.client import Client

    from kdvert.knowledge.embeddings import Vectors

COLLECTIONS = "collections.json"
"""Beside the cache of vectors: the collections that were ever made on servers, so that they can be deleted there."""
CHUNKS, STORE, INFO = "chunks.jsonl", "chroma", "index.json"

TITLE_TOKENS = 32
"""Room for the title, embedded before each passage, since a passage alone often leaves its topic unsaid."""

_AGAIN = "Build it again: kdvert run --from index --force"
_DECIMALS = 5  # of a vector, in the index's hash
_PROBES = 50  # vectors read to see whether the store is whole
_MORE = 4  # how many times k are asked for, so that equal scores are ordered here and not by the graph


class IndexInfo(Record):
    """``index.json``.

    ``content_sha`` hashes the sorted (chunk id, title, text, rounded vector); Chroma's own files are left out, since
    it rewrites them on opening. ``server`` is None for the embedded store.
    """

    embedder: str
    embedder_sha256: str
    dimension: int
    count: int
    content_sha: str
    collection: str
    server: str | None = None


@dataclass(frozen=True)
class Hit:
    """A passage found for a question; ``score`` is the cosine similarity."""

    chunk: Chunk
    score: float


def build(
    chunks: Sequence[Chunk],
    out: Path,
    embedder: Embedder | str,
    server: str | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> IndexInfo:
    """Embed ``chunks`` and store them.

    Args:
        chunks: passages of scrubbed documents, with unique ids.
        out: the folder that gets ``chunks.jsonl``, ``index.json`` and, for the embedded store, ``chroma/``. What a
            killed build left there is replaced.
        embedder: a model reference, or the model.
        server: the URL of a Chroma server, or None for the embedded store.
        progress: where to show the count.
        cache: a file that keeps vectors from one build to the next.

    Raises:
        WorkFailed: the store cannot be written, or the server does not answer.
    """
    model = Embedder(embedder) if isinstance(embedder, str) else embedder
    if server:
        chroma.connect(None, server).close()  # before an hour of embedding, not after it
    write_jsonl(out / CHUNKS, chunks)
    vectors = model.vectors([embedded_text(c, model) for c in chunks], cache=cache, progress=progress or Silent())
    sha = _content_sha(chunks, vectors)
    info = IndexInfo(
        embedder=model.ref, embedder_sha256=model.sha256, dimension=model.dimension, count=len(chunks), content_sha=sha,
        collection=f"kdvert-{sha[:40]}", server=server,
    )  # fmt: skip
    if server and cache:
        _remember(cache.with_name(COLLECTIONS), server, info.collection)
    _store(info, out, chunks, vectors)
    write_json(out / INFO, info.model_dump())
    return info


def embedded_text(chunk: Chunk, embedder: Embedder) -> str:
    """Return what is embedded for a passage: its title, at most `TITLE_TOKENS` of it, and its text."""
    if len(chunk.title.encode()) <= TITLE_TOKENS:  # a token is a byte at least: the model need not be loaded
        return f"{chunk.title}\n{chunk.text}"
    tokens = embedder.offsets(chunk.title)
    title = chunk.title if len(tokens) <= TITLE_TOKENS else chunk.title[: tokens[TITLE_TOKENS - 1][1]]
    return f"{title}\n{chunk.text}"


def _store(info: IndexInfo, out: Path, chunks: Sequence[Chunk], vectors: Sequence[Vectors]) -> None:
    shutil.rmtree(out / STORE, ignore_errors=True)
    with chroma.explained(info.server, "written"):
        client = chroma.connect(out / STORE, info.server)
        try:
            if info.server is None or _count(client, info.collection) != info.count:
                chroma.fill(client, info.collection, chunks, vectors)
            if (stored := _count(client, info.collection)) != info.count:
                raise WorkFailed(f"The vector store kept {stored} of {info.count} passages.", hint=_AGAIN)
        finally:
            client.close()


def _remember(path: Path, server: str, collection: str) -> None:
    """Write a collection down before it is filled: a killed build leaves text on the server too."""
    made: dict[str, list[str]] = read_json(path) if path.is_file() else {}
    write_json(path, made | {server: sorted({*made.get(server, []), collection})})


def _count(client: Client, name: str) -> int | None:
    names = {collection.name for collection in client.list_collections()}
    return client.get_collection(name).count() if name in names else None


def _content_sha(chunks: Sequence[Chunk], vectors: Sequence[Vectors]) -> str:
    import numpy as np

    digest = hashlib.sha256()
    for chunk, vector in sorted(zip(chunks, vectors, strict=True), key=lambda pair: pair[0].id):
        for part in (chunk.id, chunk.title, chunk.text):
            digest.update(f"{len(part)}:{part}".encode())
        digest.update(np.rint(vector * 10**_DECIMALS).astype("<i4").tobytes())
    return digest.hexdigest()


class Retriever:
    """Finds passages. Open it with `Retriever.open`; close it after use, or use it in a ``with`` statement."""

    def __init__(self, info: IndexInfo, embedder: Embedder, chunks: dict[str, Chunk], client: Client) -> None:
        self.info = info
        self.embedder = embedder
        self.chunks = chunks
        self._client = client
        self.store = chroma.store(client, info.collection, embedder)
        """The LangChain vector store."""

    @classmethod
    def open(cls, folder: Path, *, root: Path | None = None) -> Retriever:
        """Open the index in ``folder``.

        Args:
            folder: output of the stage ``index``.
            root: the folder that a relative path of the embedder starts from. Default: the project folder, which is
                two levels above the index.

        Raises:
            UserError: the embedder is not the one that the index was built with.
            WorkFailed: the index is missing or damaged, or its server does not answer.
        """
        info = _read_info(folder)
        embedder = Embedder(info.embedder, root=root or folder.absolute().parent.parent)
        if embedder.sha256 != info.embedder_sha256:
            raise UserError(
                f"The index was built with another revision of '{info.embedder}' (sha256 {info.embedder_sha256[:12]}…, "
                f"now {embedder.sha256[:12]}…): its vectors cannot be compared.",
                hint=_AGAIN,
            )
        chunks = {c.id: c for c in iter_jsonl(folder / CHUNKS, Chunk)}
        if info.server is None and not (folder / STORE / "chroma.sqlite3").is_file():
            raise WorkFailed(f"The vector store in {folder / STORE} is missing.", hint=_AGAIN)
        with chroma.explained(info.server, "opened"):
            client = chroma.connect(folder / STORE, info.server)
            try:
                _check(client, info, list(chunks))
                return cls(info, embedder, chunks, client)
            except BaseException:
                client.close()
                raise

    def search(self, query: str, k: int) -> list[Hit]:
        """Return the ``k`` passages nearest to ``query``, best first; fewer if the index holds fewer."""
        return self.search_many([query], k)[0]

    def search_many(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """Return the ``k`` nearest passages for each query, which are embedded in batches."""
        if not self.info.count or k < 1:
            return [[] for _ in queries]
        return [self._nearest(vector, k) for vector in self.embedder.embed_queries(queries)]

    def close(self) -> None:
        """Let go of the store."""
        self._client.close()

    def __enter__(self) -> Retriever:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _nearest(self, vector: list[float], k: int) -> list[Hit]:
        with chroma.explained(self.info.server, "searched"):
            wanted = min(self.info.count, k * _MORE)
            found = self.store.similarity_search_by_vector_with_relevance_scores(vector, k=wanted)
        hits = [Hit(self.chunks[str(document.id)], round(1.0 - distance, 6)) for document, distance in found]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))[:k]


def _read_info(folder: Path) -> IndexInfo:
    missing = next((name for name in (INFO, CHUNKS) if not (folder / name).is_file()), None)
    if missing:
        raise WorkFailed(f"There is no index in {folder}: {missing} is missing.", hint="kdvert run --until index")
    try:
        return IndexInfo.model_validate(read_json(folder / INFO))
    except ValueError:
        raise WorkFailed(f"{folder / INFO} is not what kdvert writes.", hint=_AGAIN) from None


def _check(client: Client, info: IndexInfo, ids: list[str]) -> None:
    """Refuse a store that lost passages, or whose vectors cannot be read, before somebody relies on it."""
    stored = _count(client, info.collection)
    if stored is None and info.server:
        raise WorkFailed(f"The Chroma server {info.server} does not hold this index any more.", hint=_AGAIN)
    if not stored == info.count == len(ids):
        found = f"its store holds {stored or 0} and its {CHUNKS} {len(ids)} of {info.count} passages"
        raise WorkFailed(f"The index is damaged: {found}.", hint=_AGAIN)
    # The count stands in SQLite and the vectors in files beside it: Chroma opens a store that lost them and then
    # finds nothing, without a word.
    sample = ids[:: max(1, len(ids) // _PROBES)]
    if sample and not _are_unit(client.get_collection(info.collection).get(ids=sample, include=["embeddings"]), sample):
        raise WorkFailed("The index is damaged: its store lost vectors.", hint=_AGAIN)


def _are_unit(found: Any, ids: list[str]) -> bool:
    import numpy as np

    vectors = np.asarray(found["embeddings"], dtype="float32")
    return len(vectors) == len(ids) and bool(np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3))
