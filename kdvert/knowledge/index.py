"""The index of passages: how it is built, and how questions find passages in it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge import chroma, lexicon
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.fusion import CANDIDATES, fuse
from kdvert.knowledge.index_info import AGAIN, CHUNKS, INFO, STORE, IndexInfo, check, count, read_info
from kdvert.knowledge.reranking import OFF, Reranker
from kdvert.knowledge.settings import Only, SearchSettings
from kdvert.progress import Progress, Silent
from kdvert.records import Chunk
from kdvert.store import iter_jsonl, read_json, write_json, write_jsonl

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api.client import Client
    from numpy.typing import NDArray

    from kdvert.knowledge.embeddings import Vectors

COLLECTIONS = "collections.json"
"""Beside the cache of vectors: the collections that were ever made on servers, so that they can be deleted there."""

TITLE_TOKENS = 32
"""Room for the title, embedded before each passage, since a passage alone often leaves its topic unsaid."""

_DECIMALS = 5  # of a vector, in the index's hash
_MORE = 4  # how many times k are asked for, so that equal scores are ordered here and not by the graph


@dataclass(frozen=True)
class Hit:
    """A passage found for a question.

    Attributes:
        chunk: the passage.
        score: comparable for one question only: between 0 and 1 for words and meaning together, the reranker's where
            there is one, else the cosine similarity or the sum of BM25 scores.
        neighbor: True if it is here for the passage before or after it.
    """

    chunk: Chunk
    score: float
    neighbor: bool = False


def build(
    chunks: Sequence[Chunk],
    out: Path,
    embedder: Embedder | str,
    server: str | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
    language: str = "en",
    search: SearchSettings | None = None,
) -> IndexInfo:
    """Embed ``chunks`` and store them, and index their words.

    Args:
        chunks: passages of scrubbed documents, with unique ids, those of a document in order and together.
        out: the folder that gets ``chunks.jsonl``, ``index.json``, ``lexicon/`` and, for the embedded store,
            ``chroma/``. What a killed build left there is replaced.
        embedder: a model reference, or the model.
        server: the URL of a Chroma server, or None for the embedded store.
        progress: where to show the count.
        cache: a file that keeps vectors from one build to the next.
        language: two-letter code, for stems and function words.
        search: how it will be searched.

    Raises:
        UserError: the reranker cannot be used.
        WorkFailed: the store cannot be written, or the server does not answer.
    """
    model = Embedder(embedder) if isinstance(embedder, str) else embedder
    search = search or SearchSettings()
    reranker = _reranker(search, model.root)
    if server:
        chroma.connect(None, server).close()  # before an hour of embedding, not after it
    write_jsonl(out / CHUNKS, chunks)
    vectors = model.vectors([embedded_text(c, model) for c in chunks], cache=cache, progress=progress or Silent())
    sha = _content_sha(chunks, vectors)
    info = IndexInfo(
        embedder=model.ref, embedder_sha256=model.sha256, dimension=model.dimension, count=len(chunks), content_sha=sha,
        collection=f"kdvert-{sha[:40]}", server=server, precision=model.precision, language=language, search=search,
        reranker_sha256=reranker.sha256 if reranker else None,
    )  # fmt: skip
    if server and cache:
        _remember(cache.with_name(COLLECTIONS), server, info.collection)
    _store(info, out, chunks, vectors)
    shutil.rmtree(out / lexicon.FOLDER, ignore_errors=True)
    lexicon.build(chunks, out / lexicon.FOLDER, language)
    write_json(out / INFO, info.model_dump())
    return info


def embedded_text(chunk: Chunk, embedder: Embedder) -> str:
    """Return what is embedded for a passage: its title, at most `TITLE_TOKENS` of it, and its text."""
    if len(chunk.title.encode()) <= TITLE_TOKENS:  # a token is a byte at least: the model need not be loaded
        return f"{chunk.title}\n{chunk.text}"
    tokens = embedder.offsets(chunk.title)
    title = chunk.title if len(tokens) <= TITLE_TOKENS else chunk.title[: tokens[TITLE_TOKENS - 1][1]]
    return f"{title}\n{chunk.text}"


def _reranker(search: SearchSettings, root: Path | None) -> Reranker | None:
    return None if search.reranker == OFF else Reranker(search.reranker, root=root)


def _store(info: IndexInfo, out: Path, chunks: Sequence[Chunk], vectors: Sequence[Vectors]) -> None:
    shutil.rmtree(out / STORE, ignore_errors=True)
    with chroma.explained(info.server, "written"):
        client = chroma.connect(out / STORE, info.server)
        try:
            if info.server is None or count(client, info.collection) != info.count:
                chroma.fill(client, info.collection, chunks, vectors)
            if (stored := count(client, info.collection)) != info.count:
                raise WorkFailed(f"The vector store kept {stored} of {info.count} passages.", hint=AGAIN)
        finally:
            client.close()


def _remember(path: Path, server: str, collection: str) -> None:
    """Write a collection down before it is filled: a killed build leaves text on the server too."""
    made: dict[str, list[str]] = read_json(path) if path.is_file() else {}
    write_json(path, made | {server: sorted({*made.get(server, []), collection})})


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

    def __init__(
        self, folder: Path, info: IndexInfo, embedder: Embedder, reranker: Reranker | None, chunks: list[Chunk],
        client: Client,
    ) -> None:  # fmt: skip
        self.info = info
        self.embedder = embedder
        self.chunks = {chunk.id: chunk for chunk in chunks}
        self._list = chunks
        self._places = {chunk.id: i for i, chunk in enumerate(chunks)}
        self._reranker = reranker
        self._lexicon = lexicon.Lexicon(folder / lexicon.FOLDER, info.language, info.count, AGAIN)
        self._client = client
        self._collection = client.get_collection(info.collection, embedding_function=None)
        self.store = chroma.store(client, info.collection, embedder)
        """The LangChain vector store."""

    @classmethod
    def open(cls, folder: Path, *, root: Path | None = None, search: SearchSettings | None = None) -> Retriever:
        """Open the index in ``folder``.

        Args:
            folder: output of the stage ``index``.
            root: the folder that a relative path of the embedder starts from. Default: the project folder, which is
                two levels above the index.
            search: how to search it, if not as it was built for.

        Raises:
            UserError: the embedder or the reranker is not the one that the index was built with.
            WorkFailed: the index is missing or damaged, or its server does not answer.
        """
        info = read_info(folder)
        root = root or folder.absolute().parent.parent
        embedder = Embedder(info.embedder, root=root, precision=info.precision)
        if embedder.sha256 != info.embedder_sha256:
            raise UserError(
                f"The index was built with another revision of '{info.embedder}' (sha256 {info.embedder_sha256[:12]}…, "
                f"now {embedder.sha256[:12]}…): its vectors cannot be compared.",
                hint=AGAIN,
            )
        reranker = _same_reranker(info, search or info.search, root)
        info = info.model_copy(update={"search": search}) if search else info
        chunks = list(iter_jsonl(folder / CHUNKS, Chunk))
        if info.server is None and not (folder / STORE / "chroma.sqlite3").is_file():
            raise WorkFailed(f"The vector store in {folder / STORE} is missing.", hint=AGAIN)
        if not lexicon.is_whole(folder / lexicon.FOLDER):
            raise WorkFailed(f"The index of words in {folder / lexicon.FOLDER} is not whole.", hint=AGAIN)
        with chroma.explained(info.server, "opened"):
            client = chroma.connect(folder / STORE, info.server)
            try:
                check(client, info, [c.id for c in chunks])
                return cls(folder, info, embedder, reranker, chunks, client)
            except BaseException:
                client.close()
                raise

    def search(self, query: str, k: int, *, only: Only | None = None) -> list[Hit]:
        """Return the ``k`` best passages for ``query``, best first; fewer if fewer fit."""
        return self.search_many([query], k, only=only)[0]

    def search_many(self, queries: Sequence[str], k: int, *, only: Only | None = None) -> list[list[Hit]]:
        """Return the ``k`` best passages for each query; queries are embedded in batches.

        A query that is the text of a passage has the passage's own vector, which is there already.

        Args:
            queries: see `query_text` for questions with answers to choose from.
            k: how many passages, neighbors among them.
            only: which passages may be found, if not what ``index.search.only`` says.
        """
        allowed = self._allowed(only or self.info.search.only)
        if not self.info.count or k < 1 or allowed == []:
            return [[] for _ in queries]
        by_words = self.info.search.by == "words"
        vectors = [None] * len(queries) if by_words else self._vectors(queries)
        return [self._found(query, vector, k, allowed) for query, vector in zip(queries, vectors, strict=True)]

    def close(self) -> None:
        """Let go of the store."""
        self._client.close()

    def __enter__(self) -> Retriever:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _vectors(self, queries: Sequence[str]) -> list[list[float]]:
        """Return the vector of each query: from the store, or computed."""
        own = {query: self._by_text[query] for query in queries if query in self._by_text}
        new = list(dict.fromkeys(query for query in queries if query not in own))
        known = dict(zip(new, self.embedder.embed_queries(new), strict=True))
        ids = list(dict.fromkeys(own.values()))
        for start in range(0, len(ids), chroma.AT_ONCE):
            with chroma.explained(self.info.server, "read"):
                found: Any = self._collection.get(ids=ids[start : start + chroma.AT_ONCE], include=["embeddings"])
            known |= {self.chunks[i].text: v.tolist() for i, v in zip(found["ids"], found["embeddings"], strict=True)}
        return [known[query] for query in queries]

    @cached_property
    def _by_text(self) -> dict[str, str]:
        """The id of the first passage with a text."""
        return {chunk.text: chunk.id for chunk in reversed(self._list)}

    def _allowed(self, only: Only) -> list[int] | None:
        """Return the places of the passages that may be found; None if all may."""
        return None if only.is_open else [i for i, chunk in enumerate(self._list) if only.allows(chunk)]

    def _found(self, query: str, vector: list[float] | None, k: int, allowed: list[int] | None) -> list[Hit]:
        wanted = max(k, self.info.search.rerank) if self._reranker else k
        ranked = self._ranked(query, vector, wanted, allowed)
        if self._reranker:
            scores = self._reranker.scores(query, [_shown(self._list[place]) for place, _ in ranked])
            places = [place for place, _ in ranked]
            ranked = sorted(zip(places, scores, strict=True), key=lambda pair: (-pair[1], self._list[pair[0]].id))
        return self._with_neighbors(ranked, k)

    def _ranked(
        self, query: str, vector: list[float] | None, k: int, allowed: list[int] | None
    ) -> list[tuple[int, float]]:
        """Return places of passages with their scores, best first."""
        search = self.info.search
        nearest = self._nearest(vector, max(k * _MORE, CANDIDATES), allowed) if vector is not None else {}
        if search.by == "meaning":
            scores = nearest
        else:
            words = self._masked(self._lexicon.scores(query), allowed)
            total = words if vector is None else fuse(words, nearest, search.meaning_weight)
            scores = dict.fromkeys(nearest, 0.0) | _best(total, k)
        best = sorted(scores.items(), key=lambda pair: (-round(pair[1], 6), self._list[pair[0]].id))
        return [(place, round(score, 6)) for place, score in best[:k]]

    def _masked(self, scores: NDArray[np.float32], allowed: list[int] | None) -> NDArray[np.float32]:
        import numpy as np

        if allowed is None:
            return scores
        masked = np.zeros_like(scores)
        masked[allowed] = scores[allowed]
        return masked

    def _nearest(self, vector: list[float], k: int, allowed: list[int] | None) -> dict[int, float]:
        """Return the places of the passages nearest in meaning, with their cosine similarities."""
        documents = None if allowed is None else sorted({self._list[i].document_id for i in allowed})
        licenses = None if allowed is None else sorted({self._list[i].license for i in allowed})
        where: Any = allowed and {"$and": [{"document_id": {"$in": documents}}, {"license": {"$in": licenses}}]}
        asked: list[Sequence[float] | Sequence[int]] = [vector]
        with chroma.explained(self.info.server, "searched"):
            # ids alone: the texts are here, and reading a hundred of them from SQLite costs more than the search
            found: Any = self._collection.query(
                query_embeddings=asked, n_results=min(self.info.count, k), where=where, include=["distances"]
            )
        may = None if allowed is None else set(allowed)
        places = [(self._places[i], 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]
        return {place: similarity for place, similarity in places if may is None or place in may}

    def _with_neighbors(self, ranked: Sequence[tuple[int, float]], k: int) -> list[Hit]:
        found: dict[int, Hit] = {}
        for place, score in ranked:
            if len(found) >= k:
                break
            if place not in found or found[place].neighbor:
                found[place] = Hit(self._list[place], score)
            for near in lexicon.neighbors(self._list, place, self.info.search.neighbors):
                found.setdefault(near, Hit(self._list[near], score, neighbor=True))
        return list(found.values())[:k]


def _best(scores: NDArray[np.float32], k: int) -> dict[int, float]:
    """Return the places of the ``k`` highest scores above 0, and of those equal to the last of them."""
    import numpy as np

    least = float(np.partition(scores, -k)[-k]) if k < len(scores) else 0.0
    places = np.flatnonzero((scores > 0) & (np.round(scores, 6) >= round(least, 6)))
    return {int(i): float(scores[i]) for i in places}


def _shown(chunk: Chunk) -> str:
    return f"{chunk.title}\n{chunk.text}"


def _same_reranker(info: IndexInfo, search: SearchSettings, root: Path) -> Reranker | None:
    reranker = _reranker(search, root)
    if reranker and search == info.search and reranker.sha256 != info.reranker_sha256:
        raise UserError(f"The reranker '{search.reranker}' is not the one that the index was built with.", hint=AGAIN)
    return reranker
