"""Take what rests on forgotten documents out of the caches.

What is kept is what surely rests on others; everything else goes. Rows of SQLite files move to a new file: a deleted
row stays in the old one until something is written over it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from kdvert.errors import KdvertError
from kdvert.knowledge import index
from kdvert.knowledge.embeddings import Embedder, vector_key, vectors_id
from kdvert.lineage import job as jobs
from kdvert.lineage.reading import Lineage
from kdvert.records import Chunk
from kdvert.store import iter_jsonl, read_json

REPLIES = Path("elicit/replies.sqlite")
VECTORS = Path("index/vectors.sqlite")
KEPT = (
    Path("ingest/ids.json"), Path("ingest") / jobs.FILE.name, Path("scrub/surrogates.key"),
    Path("index") / index.COLLECTIONS, REPLIES, VECTORS,
)  # fmt: skip
"""Files of the cache that are cleaned, or hold no text; all others are removed."""


def clean(lineage: Lineage, documents: Collection[str]) -> dict[str, int]:
    """Keep the replies, vectors and keys of other documents; remove the rest of the cache.

    Returns:
        how many rows went, by file.
    """
    cache = lineage.work / "cache"
    removed = {
        REPLIES.name: _keep(cache / REPLIES, "replies", "request_id", replies_of_others(lineage, documents)),
        VECTORS.name: _keep(cache / VECTORS, "vectors", "key", vectors_of_others(lineage, documents)),
    }
    for at, folders, names in os.walk(cache, topdown=False):
        here = Path(at)
        for name in names:
            if (here / name).relative_to(cache) not in KEPT:
                (here / name).unlink()
        for name in folders:
            if not any((here / name).iterdir()):
                (here / name).rmdir()
    return removed


def count(lineage: Lineage, documents: Collection[str]) -> dict[str, int]:
    """Return how many rows `clean` would remove, by file."""
    cache = lineage.work / "cache"
    kept = {REPLIES: ("replies", "request_id", replies_of_others), VECTORS: ("vectors", "key", vectors_of_others)}
    return {
        path.name: len(_keys(cache / path, table, key) - find(lineage, documents))
        for path, (table, key, find) in kept.items()
    }


def replies_of_others(lineage: Lineage, documents: Collection[str]) -> set[str]:
    """Return the calls whose prompts surely held no passage of ``documents``: those behind records of others alone.

    A call that gave no record names only one of the passages that it showed, so its reply goes.
    """
    gone = set(documents)
    touched: set[str] = set()
    others: set[str] = set()
    for record in lineage.records.values():
        origin = record.example.provenance
        (others if gone.isdisjoint(origin.document_ids) else touched).update(origin.request_ids)
    return others - touched


def vectors_of_others(lineage: Lineage, documents: Collection[str]) -> set[str]:
    """Return the keys of the vectors of all other documents' passages; none if the embedder cannot be asked."""
    folder = lineage.work / "index"
    if not (folder / index.INFO).is_file() or not (folder / index.CHUNKS).is_file():
        return set()
    gone = set(documents)
    info = read_json(folder / index.INFO)
    try:
        embedder = Embedder(info["embedder"], root=lineage.root)
        made_by = vectors_id(info["embedder_sha256"], info.get("precision", "float32"))
        return {
            vector_key(made_by, index.embedded_text(chunk, embedder))
            for chunk in iter_jsonl(folder / index.CHUNKS, Chunk)
            if chunk.document_id not in gone
        }
    except KdvertError:  # the model is gone: vectors are computed again sooner than anything is left behind
        return set()


def _keep(path: Path, table: str, key: str, keys: Collection[str]) -> int:
    """Move the rows with these keys to a new file and put it in the old one's place; return how many went."""
    if not path.is_file():
        return 0
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        gone = _copy(path, fresh, table, key, keys)
    except sqlite3.DatabaseError:  # damaged: nothing in it can be told apart
        fresh.unlink(missing_ok=True)
        gone = 0
    for ending in ("-wal", "-shm"):  # a journal of the old file must not be taken for one of the new
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    if fresh.is_file():
        os.replace(fresh, path)
    else:
        path.unlink()
    return gone


def _copy(path: Path, fresh: Path, table: str, key: str, keys: Collection[str]) -> int:
    with closing(sqlite3.connect(path)) as old:
        (form,) = old.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
        (before,) = old.execute(f"SELECT count(*) FROM {table}").fetchone()
        old.execute("PRAGMA temp_store = MEMORY")
        old.execute("CREATE TEMP TABLE kept (key TEXT PRIMARY KEY)")
        old.executemany("INSERT INTO kept VALUES (?)", ((k,) for k in keys))
        old.commit()
        with closing(sqlite3.connect(fresh)) as new:
            new.execute(form)
        old.execute("ATTACH ? AS fresh", (str(fresh),))
        old.execute(f"INSERT INTO fresh.{table} SELECT * FROM main.{table} WHERE {key} IN (SELECT key FROM kept)")
        old.commit()
        (after,) = old.execute(f"SELECT count(*) FROM fresh.{table}").fetchone()
    return int(before) - int(after)


def _keys(path: Path, table: str, key: str) -> set[str]:
    if not path.is_file():
        return set()
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return {row[0] for row in database.execute(f"SELECT {key} FROM {table}")}
    except sqlite3.DatabaseError:
        return set()
