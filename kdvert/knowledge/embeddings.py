"""Sentence embeddings that do not depend on what they are computed next to, and a cache of them."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert import hardware, weights
from kdvert.errors import UserError
from kdvert.knowledge.quantizing import Precision, quantized
from kdvert.progress import Progress, Silent
from kdvert.records import sha256_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    Vectors = NDArray[np.float32]

_LOG = logging.getLogger("kdvert")
_BATCH = 32
_LOOKUP = 500  # keys in one SQL query; older SQLite takes at most 999


class Embedder:
    """A sentence-transformers model, with the interface of LangChain's ``Embeddings``.

    The model is loaded on first use; where it lies and its hash are known at once.

    Args:
        ref: a model reference (`kdvert.weights`).
        root: the folder that relative paths start from (default: the current one).
        precision: of the calculation. ``int8`` runs on the CPU, twice as fast (docs/results/retrieval.md).

    Raises:
        UserError: the reference names no model that can be used.
        WorkFailed: the model could not be fetched.
    """

    def __init__(self, ref: str, *, root: Path | None = None, precision: Precision = "float32") -> None:
        self.ref = ref
        self.root = root
        self.precision = precision
        self._weights = weights.resolve(ref, root=root)

    @property
    def sha256(self) -> str:
        """The hash of the weights."""
        return self._weights.sha256

    @property
    def vectors_id(self) -> str:
        """What a vector depends on besides its text: the weights, and the precision where it is not the usual one."""
        return vectors_id(self.sha256, self.precision)

    @property
    def tokenizer(self) -> Any:
        """The Hugging Face tokenizer of the model."""
        return self._model.tokenizer

    @cached_property
    def max_tokens(self) -> int:
        """How many tokens the model reads of a text, special tokens not counted; it drops the rest."""
        limit = self._model.max_seq_length or self.tokenizer.model_max_length
        return int(limit) - int(self.tokenizer.num_special_tokens_to_add())

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return where each token lies in ``text``: (start, end) in Python string offsets."""
        encoded = self.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return list(encoded["offset_mapping"])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed passages (LangChain's interface)."""
        return [vector.tolist() for vector in self.vectors(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one question (LangChain's interface)."""
        return self.embed_queries([text])[0]

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed questions, in batches."""
        found: list[list[float]] = [[] for _ in texts]
        for places, vectors in self._encoded(texts, queries=True):
            for i, vector in zip(places, vectors, strict=True):
                found[i] = vector.tolist()
        return found

    def vectors(
        self, texts: Sequence[str], *, cache: Path | None = None, progress: Progress | None = None
    ) -> list[Vectors]:
        """Embed passages: unit vectors of ``dimension`` float32.

        Args:
            texts: passages.
            cache: a file that keeps vectors by (text, weights), so that nothing is computed twice, even after a kill.
            progress: where to show the count.
        """
        keys = [vector_key(self.vectors_id, text) for text in texts]
        with closing(_Cache(cache)) as known, (progress or Silent()).bar("embedding passages", len(texts)) as bar:
            found = known.get(keys)
            bar.advance(sum(key in found for key in keys))
            missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in found}.items())
            for places, vectors in self._encoded([text for _, text in missing], queries=False):
                fresh = dict(zip((missing[i][0] for i in places), vectors, strict=True))
                known.put(fresh)
                found |= fresh
                bar.advance(len(fresh))
        return [found[key] for key in keys]

    @cached_property
    def _model(self) -> SentenceTransformer:
        from langchain_core.embeddings import Embeddings
        from sentence_transformers import SentenceTransformer

        Embeddings.register(Embedder)  # a base class would load LangChain wherever this module is imported
        try:
            model = SentenceTransformer(
                str(self._weights.path), device=self._device, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UserError(
                f"'{self.ref}' cannot be used as an embedder ({type(error).__name__}: {error}).",
                hint="Name a sentence-transformers model with safetensors weights.",
            ) from error
        if not model.tokenizer.is_fast:
            raise UserError(f"The tokenizer of '{self.ref}' tells no offsets.", hint="Name one with a fast tokenizer.")
        _serialize_tokenizing(model)
        return quantized(model) if self.precision == "int8" else model

    @property
    def _device(self) -> str:
        return "cpu" if self.precision == "int8" else hardware.probe().device

    @cached_property
    def _cores(self) -> int:
        import torch

        return torch.get_num_threads()  # asked once: while the workers run, another thread would be told 1

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Yield places of texts with the same number of tokens, at most `_BATCH` at once.

        Without padding a row's result does not depend on the other rows (measured to the last bit on a CPU), so a
        build that was killed and resumed gives the same vectors, and no time goes into padding.
        """
        if not texts:
            return
        counts = [len(ids) for ids in self.tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]]
        limit = self.max_tokens + int(self.tokenizer.num_special_tokens_to_add())
        sizes = [min(count, limit) for count in counts]
        order = sorted(range(len(texts)), key=lambda i: (sizes[i], texts[i]))
        for _, group in groupby(order, key=lambda i: sizes[i]):
            places = list(group)
            yield from (places[i : i + _BATCH] for i in range(0, len(places), _BATCH))

    def _encoded(self, texts: Sequence[str], *, queries: bool) -> Iterator[tuple[list[int], Vectors]]:
        """Yield places in ``texts`` and their vectors, batch by batch.

        On a CPU each core takes a batch of its own. Two cores on one small batch wait for each other at every layer;
        on a busy machine that was ten times slower (90 passages: 89 s against 8 s).
        """
        batches = list(self._batches(texts))
        if self._device != "cpu":
            yield from ((b, self._encode([texts[i] for i in b], queries=queries)) for b in batches)
            return
        import torch

        workers = max(1, min(self._cores, len(batches)))
        pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
        try:
            yield from zip(
                batches, pool.map(lambda b: self._encode([texts[i] for i in b], queries=queries), batches), strict=True
            )
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(self._cores)  # the workers' setting is what threads that start later would get

    def _encode(self, texts: list[str], *, queries: bool) -> Vectors:
        encode = self._model.encode_query if queries else self._model.encode_document
        # with int8 the texts of a batch would share one scale, and a row would depend on the others
        size = 1 if self.precision == "int8" else _BATCH
        found: Any = encode(texts, batch_size=size, normalize_embeddings=True, show_progress_bar=False)
        vectors: Vectors = found.astype("float32")
        return vectors


def vectors_id(weights_sha256: str, precision: Precision) -> str:
    """Return what a vector depends on besides its text (`Embedder.vectors_id`)."""
    return weights_sha256 if precision == "float32" else f"{weights_sha256}:{precision}"


def vector_key(vectors_id: str, text: str) -> str:
    """Return the key of a text's vector in the cache of `Embedder.vectors`; see `Embedder.vectors_id`."""
    return sha256_text(f"{vectors_id}\n{text}")


def _serialize_tokenizing(model: SentenceTransformer) -> None:
    """Let one thread tokenize at a time: a fast tokenizer that two threads set up at once raises "already borrowed"."""
    lock = threading.RLock()

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            with lock:
                return function(*args, **options)

        return call

    for name in ("preprocess", "tokenize"):  # sentence-transformers calls the first from version 6 on
        if hasattr(model, name):
            setattr(model, name, locked(getattr(model, name)))


class _Cache:
    """Vectors in a SQLite file; without a file, nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._database = _open(path) if path else None

    def get(self, keys: Sequence[str]) -> dict[str, Vectors]:
        import numpy as np

        found: dict[str, Vectors] = {}
        for start in range(0, len(keys) if self._database else 0, _LOOKUP):
            some = keys[start : start + _LOOKUP]
            marks = ",".join("?" * len(some))
            assert self._database is not None
            rows = self._database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)
            found |= {key: np.frombuffer(blob, dtype="<f4") for key, blob in rows}
        return found

    def put(self, vectors: dict[str, Vectors]) -> None:
        if self._database is None:
            return
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        with self._database:  # one transaction: a kill leaves all of the batch or nothing
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # locked or unwritable: the file itself may be fine
        _LOG.warning("The cache %s is damaged and is made anew.", path.name)
        path.unlink()
        return _prepared(path)


def _prepared(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60, check_same_thread=False)
    try:
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check failed")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
