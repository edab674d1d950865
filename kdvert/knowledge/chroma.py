"""The connection to Chroma, embedded or a server, and the collection as LangChain's vector store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from kdvert.errors import KdvertError, WorkFailed
from kdvert.records import Chunk

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from langchain_chroma import Chroma

    from kdvert.knowledge.embeddings import Embedder, Vectors

AT_ONCE = 5_000
"""Entries in one call; Chroma's embedded store takes at most 5,461."""

# A wide search: with Chroma's default of 100 the graph misses a lone passage beside a thousand that look alike
# (a form letter, a table in sentences). It costs some milliseconds, no more than embedding the question does. One
# thread builds the same graph each time.
_HNSW = {"space": "cosine", "ef_construction": 400, "ef_search": 2000, "max_neighbors": 32, "num_threads": 1}


def connect(folder: Path | None, server: str | None) -> Client:
    """Open Chroma in ``folder``, or at ``server`` (``http://host:port``).

    Close the client after use: Chroma keeps one system per path in a process, and a path that is renamed and
    made anew while it lives gives "readonly database".

    Raises:
        WorkFailed: the server does not answer.
    """
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if server is None:
        return cast("Client", chromadb.PersistentClient(path=str(folder), settings=settings))
    url = urlsplit(server)
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 8000)
    try:
        client = chromadb.HttpClient(host=str(url.hostname), port=port, ssl=secure, settings=settings)
        client.heartbeat()
    except Exception as error:  # chromadb raises ValueError, httpx and its own errors for the same thing
        raise unreachable(server) from error
    return cast("Client", client)


def delete(server: str, names: Sequence[str]) -> list[str]:
    """Delete collections from a server; return those that were there.

    Raises:
        WorkFailed: the server does not answer.
    """
    with explained(server, "changed"):
        client = connect(None, server)
        try:
            there = sorted({c.name for c in client.list_collections()} & set(names))
            for name in there:
                client.delete_collection(name)
            return there
        finally:
            client.close()


def unreachable(server: str) -> WorkFailed:
    """Return the error for a server that does not answer."""
    return WorkFailed(
        f"The Chroma server {server} does not answer.",
        hint=f"Start it (chroma run --host 127.0.0.1 --port {urlsplit(server).port or 8000}), correct index.server, "
        "or leave index.server out to use the embedded store.",
    )


@contextmanager
def explained(server: str | None, doing: str) -> Iterator[None]:
    """Turn what Chroma raises into an error with a way out.

    Args:
        server: the server in use, or None for the embedded store.
        doing: what was tried, completing "The vector store could not be …".
    """
    try:
        yield
    except KdvertError:
        raise
    except OSError:
        raise  # a full disk, a missing right: the runner explains these for every stage
    except Exception as error:  # errors of sqlite, of httpx and of Chroma's Rust core share no base class
        if server is not None:
            raise WorkFailed(
                f"The vector store could not be {doing} at {server} ({type(error).__name__}: {error}).",
                hint="Look at the server's log, then run again: what was stored is not stored twice.",
            ) from error
        raise WorkFailed(
            f"The vector store could not be {doing} ({type(error).__name__}: {error}).",
            hint="If the disk is full, make room. Then build it again: kdvert run --from index --force",
        ) from error


def store(client: Client, name: str, embedder: Embedder | None = None, *, create: bool = False) -> Chroma:
    """Return the collection ``name`` as a LangChain vector store."""
    from langchain_chroma import Chroma

    configuration: Any = {"hnsw": _HNSW} if create else None
    function: Any = embedder
    return Chroma(
        collection_name=name, client=client, embedding_function=function, collection_configuration=configuration,
        create_collection_if_not_exists=create,
    )  # fmt: skip


def fill(client: Client, name: str, chunks: Sequence[Chunk], vectors: Sequence[Vectors]) -> None:
    """Put chunks with their vectors into the collection ``name``; those that are in it already stay."""
    for start in range(0, len(chunks), AT_ONCE):
        some = chunks[start : start + AT_ONCE]
        given: Any = _Given(vectors[start : start + AT_ONCE])
        store(client, name, given, create=True).add_texts(
            [c.text for c in some],
            metadatas=[{"document_id": c.document_id, "title": c.title, "license": c.license, "start": c.start,
                        "end": c.end} for c in some],
            ids=[c.id for c in some],
        )  # fmt: skip
    if not chunks:
        store(client, name, create=True)


class _Given:
    """Vectors that are there already, where LangChain asks for a function that makes them."""

    def __init__(self, vectors: Sequence[Vectors]) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors, in the order of ``texts``."""
        return [vector.tolist() for vector in self._vectors]
