"""What an index says of itself, and whether all of it is still there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import WorkFailed
from kdvert.knowledge.quantizing import Precision
from kdvert.knowledge.settings import SearchSettings
from kdvert.records import Record
from kdvert.store import read_json

if TYPE_CHECKING:
    from chromadb.api.client import Client

CHUNKS, STORE, INFO = "chunks.jsonl", "chroma", "index.json"
AGAIN = "Build it again: kdvert run --from index --force"
_PROBES = 50  # vectors read to see whether the store is whole


class IndexInfo(Record):
    """``index.json``.

    ``content_sha`` hashes the sorted (chunk id, title, text, rounded vector); Chroma's own files are left out, since
    it rewrites them on opening. ``server`` is None for the embedded store; ``language`` is that of the words;
    ``reranker_sha256`` is None without one.
    """

    embedder: str
    embedder_sha256: str
    dimension: int
    count: int
    content_sha: str
    collection: str
    server: str | None = None
    precision: Precision = "float32"
    language: str = "en"
    search: SearchSettings = SearchSettings()
    reranker_sha256: str | None = None


def read_info(folder: Path) -> IndexInfo:
    """Return what the index in ``folder`` says of itself.

    Raises:
        WorkFailed: a file is missing, or another program wrote it.
    """
    missing = next((name for name in (INFO, CHUNKS) if not (folder / name).is_file()), None)
    if missing:
        raise WorkFailed(f"There is no index in {folder}: {missing} is missing.", hint="kdvert run --until index")
    try:
        return IndexInfo.model_validate(read_json(folder / INFO))
    except ValueError:
        raise WorkFailed(f"{folder / INFO} is not what kdvert writes.", hint=AGAIN) from None


def check(client: Client, info: IndexInfo, ids: list[str]) -> None:
    """Refuse a store that lost passages, or whose vectors cannot be read, before somebody relies on it.

    Raises:
        WorkFailed: the store does not hold all that the index says.
    """
    stored = count(client, info.collection)
    if stored is None and info.server:
        raise WorkFailed(f"The Chroma server {info.server} does not hold this index any more.", hint=AGAIN)
    if not stored == info.count == len(ids):
        found = f"its store holds {stored or 0} and its {CHUNKS} {len(ids)} of {info.count} passages"
        raise WorkFailed(f"The index is damaged: {found}.", hint=AGAIN)
    # The count stands in SQLite and the vectors in files beside it: Chroma opens a store that lost them and then
    # finds nothing, without a word.
    sample = ids[:: max(1, len(ids) // _PROBES)]
    if sample and not _are_unit(client.get_collection(info.collection).get(ids=sample, include=["embeddings"]), sample):
        raise WorkFailed("The index is damaged: its store lost vectors.", hint=AGAIN)


def _are_unit(found: Any, ids: list[str]) -> bool:
    import numpy as np

    vectors = np.asarray(found["embeddings"], dtype="float32")
    return len(vectors) == len(ids) and bool(np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3))


def count(client: Client, name: str) -> int | None:
    """Return how many passages a collection holds; None if there is no such collection."""
    names = {collection.name for collection in client.list_collections()}
    return client.get_collection(name).count() if name in names else None
