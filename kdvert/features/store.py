"""The store of token distributions: shards that are mapped into memory, an index by record, a header that says whose.

A folder holds

- ``header.json``: teacher, tokenizer, prompt form, k and coding, and of every other file its length and SHA-256;
- ``shard-00000.safetensors`` and so on: the positions of a few dozen records each, one row a position;
- ``index.jsonl``: in which shard and rows a record lies;
- ``vocabulary.json``: the bytes of each token, so that another tokenizer can be aligned with this one.

The header is written last: a folder without one was not finished. A shard is written under another name and then
renamed, so one that is there is whole; `Writer.has` lets a run that was killed go on behind the last one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kdvert.errors import WorkFailed
from kdvert.features.coding import id_bits, pack_ids, pack_logprobs, unpack_ids, unpack_logprobs
from kdvert.features.header import FORMAT, FileFacts, Header
from kdvert.records import Record, sha256_json
from kdvert.store import iter_jsonl, sha256_file, write_json, write_jsonl, write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = "distributions"
"""Where the stage ``features`` keeps its store."""
HEADER, INDEX, VOCABULARY = "header.json", "index.jsonl", "vocabulary.json"
_KEY = "kdvert"
"""The one key of a shard's own metadata: safetensors writes several in no fixed order."""

REASONS = {
    "features_missing": "there is no finished store of token distributions",
    "features_header_damaged": "its header is no JSON of the expected form",
    "features_other_format": "another version of kdvert wrote it",
    "features_shard_missing": "a file that the header names is not there",
    "features_shard_truncated": "a file is shorter or longer than the header says",
    "features_shard_altered": "a file's bytes are not those that were written",
    "features_other_tokenizer": "it was made with another tokenizer",
    "features_record_missing": "it holds nothing of this record",
}
"""Why a store cannot be used."""


class FeaturesUnusable(WorkFailed):
    """A store of token distributions cannot be used; ``reason`` is one of `REASONS`."""

    def __init__(self, reason: str, path: Path, said: str = "", *, hint: str | None = None) -> None:
        self.reason = reason
        super().__init__(
            f"{path}: {REASONS[reason]}{said} ({reason}).",
            hint=hint or "Delete the folder and run the stage features again: kdvert run --from features",
            details={"reason": reason, "path": str(path)},
        )


@dataclass(frozen=True)
class Distributions:
    """What a teacher held likely at the positions of one record's answer, T of them.

    Attributes:
        target: ids of the answer's own tokens, shape (T,).
        target_logprobs: their log-probabilities in nats, shape (T,).
        ids: the likeliest tokens, likeliest first, shape (T, k).
        logprobs: theirs, shape (T, k).
        counts: how many of the k are given, shape (T,): endpoints may give fewer.
        tails: log of the probability of all other tokens, shape (T,).
        sampled_ids: tokens drawn from the others, shape (T, m); see `kdvert.features.tails`.
        sampled_logprobs: theirs, shape (T, m).
        scales: log Z of the draw, shape (T,).
    """

    target: NDArray[Any]
    target_logprobs: NDArray[Any]
    ids: NDArray[Any]
    logprobs: NDArray[Any]
    counts: NDArray[Any]
    tails: NDArray[Any]
    sampled_ids: NDArray[Any]
    sampled_logprobs: NDArray[Any]
    scales: NDArray[Any]

    def __len__(self) -> int:
        return len(self.target)


class Place(Record):
    """Where a record's positions lie: rows ``start`` to ``start + tokens`` of a shard."""

    record_id: str
    shard: int
    start: int
    tokens: int


@dataclass
class Writer:
    """Writes a store into ``folder``, shard by shard, in order.

    Args:
        folder: made if it is not there.
        header: what is known beforehand; `finish` adds the files.
    """

    folder: Path
    header: Header
    _places: list[Place] = field(default_factory=list)
    _shards: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / HEADER).unlink(missing_ok=True)

    def has(self, key: str) -> bool:
        """Take over the next shard if an earlier run wrote it for the same ``key``; say whether it did."""
        path = self.folder / shard_name(self._shards)
        facts = _facts(path) if path.is_file() else {}
        if facts.get("key") != sha256_json([self._settings(), key]):
            return False
        self._take([(name, int(count)) for name, count in facts["records"]])
        return True

    def write(self, key: str, records: Sequence[tuple[str, Distributions]]) -> None:
        """Write the next shard.

        Args:
            key: hash of all that its content depends on, for `has`.
            records: ids with their distributions; those without positions are left out.
        """
        from safetensors.numpy import save

        told = [(name, len(one)) for name, one in records if len(one)]
        facts = {"key": sha256_json([self._settings(), key]), "records": told}
        data = save(self._tensors([one for _, one in records if len(one)]), {_KEY: json.dumps(facts, sort_keys=True)})
        _write_bytes(self.folder / shard_name(self._shards), data)
        self._take(told)

    def finish(self, vocabulary: Sequence[bytes]) -> Header:
        """Write index, vocabulary and, last, the header; remove shards that an earlier run left beyond the last.

        Args:
            vocabulary: the bytes of each token by its id.
        """
        for path in self.folder.glob("shard-*.safetensors"):
            if int(path.stem.partition("-")[2]) >= self._shards:
                path.unlink()
        write_jsonl(self.folder / INDEX, self._places)
        write_text(self.folder / VOCABULARY, json.dumps([token.decode("latin-1") for token in vocabulary]))
        names = [*(shard_name(n) for n in range(self._shards)), INDEX, VOCABULARY]
        files = {
            n: FileFacts(bytes=(self.folder / n).stat().st_size, sha256=sha256_file(self.folder / n)) for n in names
        }
        done = self.header.model_copy(
            update={"files": files, "records": len(self._places), "tokens": sum(p.tokens for p in self._places)}
        )
        write_json(self.folder / HEADER, done.model_dump())
        return done

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum((self.folder / shard_name(n)).stat().st_size for n in range(self._shards))

    def _settings(self) -> dict[str, Any]:
        return self.header.model_dump(exclude={"files", "records", "tokens"})

    def _take(self, told: Sequence[tuple[str, int]]) -> None:
        start = 0
        for name, count in told:
            self._places.append(Place(record_id=name, shard=self._shards, start=start, tokens=count))
            start += count
        self._shards += 1

    def _tensors(self, parts: Sequence[Distributions]) -> dict[str, NDArray[Any]]:
        import numpy as np

        head = self.header
        bits = id_bits(head.vocabulary)

        def joined(name: str, width: int | None = None) -> NDArray[Any]:
            shape = (0,) if width is None else (0, width)
            return np.concatenate([np.zeros(shape), *(getattr(part, name) for part in parts)])

        return {
            "target": joined("target").astype(np.uint16 if bits <= 16 else np.uint32),
            "target_logprobs": joined("target_logprobs").astype(np.float16),
            "ids": pack_ids(joined("ids", head.k), bits),
            "logprobs": pack_logprobs(joined("logprobs", head.k), head.coding),
            "counts": joined("counts").astype(np.uint8),
            "tails": joined("tails").astype(np.float16),
            "sampled_ids": pack_ids(joined("sampled_ids", head.samples), bits),
            "sampled_logprobs": pack_logprobs(joined("sampled_logprobs", head.samples), head.coding),
            **({"scales": joined("scales").astype(np.float16)} if head.samples else {}),
        }


class Store(Mapping[str, Distributions]):
    """A finished store, by record id. Shards are mapped into memory; each is hashed when it is first read.

    Args:
        folder: what a `Writer` finished.
        tokenizer_sha256: of the tokenizer that the ids will be used with; None takes any.

    Raises:
        FeaturesUnusable: it is not finished, damaged, or made with another tokenizer.
    """

    def __init__(self, folder: Path, *, tokenizer_sha256: str | None = None) -> None:
        self.folder = folder
        self.header = _header(folder)
        if tokenizer_sha256 is not None and tokenizer_sha256 != self.header.tokenizer_sha256:
            mine = self.header.tokenizer_sha256
            said = f": {mine[:12]}, and not {tokenizer_sha256[:12]}" if mine else ": the tokens of an endpoint"
            raise FeaturesUnusable("features_other_tokenizer", folder, said, hint=_OTHER_TOKENIZER)
        self._sound: set[str] = set()
        self._open: dict[str, Any] = {}
        self._check(INDEX)
        self._places = {place.record_id: place for place in iter_jsonl(folder / INDEX, Place)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._places

    def __getitem__(self, record_id: str) -> Distributions:
        shard, rows = self._rows(record_id)
        got = {name: shard.get_slice(name)[rows] for name in shard.keys()}  # noqa: SIM118 - it is no mapping
        head = self.header
        bits = id_bits(head.vocabulary)
        return Distributions(
            target=got["target"].astype("int64"),
            target_logprobs=got["target_logprobs"].astype("float32"),
            ids=unpack_ids(got["ids"], head.k, bits),
            logprobs=unpack_logprobs(got["logprobs"], head.coding),
            counts=got["counts"].astype("int64"),
            tails=got["tails"].astype("float32"),
            sampled_ids=unpack_ids(got["sampled_ids"], head.samples, bits),
            sampled_logprobs=unpack_logprobs(got["sampled_logprobs"], head.coding),
            scales=(got["scales"] if head.samples else 0 * got["tails"]).astype("float32"),
        )

    def target(self, record_id: str) -> list[int]:
        """Return the answer's own tokens alone: what the distributions are of.

        Raises:
            FeaturesUnusable: there is nothing of this record, or its shard is damaged.
        """
        shard, rows = self._rows(record_id)
        found: list[int] = shard.get_slice("target")[rows].tolist()
        return found

    @property
    def vocabulary(self) -> list[bytes]:
        """The bytes of each token by its id."""
        self._check(VOCABULARY)
        return [t.encode("latin-1") for t in json.loads((self.folder / VOCABULARY).read_text(encoding="utf-8"))]

    def check(self) -> None:
        """Hash every file.

        Raises:
            FeaturesUnusable: one is missing, cut off or altered.
        """
        for name in self.header.files:
            self._check(name)

    def _rows(self, record_id: str) -> tuple[Any, slice]:
        """Return the shard that holds a record, and its rows there."""
        place = self._places.get(record_id)
        if place is None:
            raise FeaturesUnusable("features_record_missing", self.folder, f": {record_id}")
        return self._shard(shard_name(place.shard)), slice(place.start, place.start + place.tokens)

    def _shard(self, name: str) -> Any:
        if name not in self._open:
            from safetensors import safe_open

            self._check(name)
            self._open[name] = safe_open(self.folder / name, framework="numpy")
        return self._open[name]

    def _check(self, name: str) -> None:
        if name in self._sound:
            return
        path, told = self.folder / name, self.header.files.get(name)
        if told is None or not path.is_file():
            raise FeaturesUnusable("features_shard_missing", path)
        if path.stat().st_size != told.bytes:
            said = f": {path.stat().st_size} bytes instead of {told.bytes}"
            raise FeaturesUnusable("features_shard_truncated", path, said)
        if sha256_file(path) != told.sha256:
            raise FeaturesUnusable("features_shard_altered", path)
        self._sound.add(name)


_OTHER_TOKENIZER = (
    "Take the student whose tokenizer the teacher has, or an objective that works across tokenizers; the store keeps "
    "the bytes of every token for that."
)


def shard_name(number: int) -> str:
    """Return the name of a shard's file."""
    return f"shard-{number:05}.safetensors"


def _header(folder: Path) -> Header:
    path = folder / HEADER
    if not path.is_file():
        raise FeaturesUnusable("features_missing", folder)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(plain, dict) and plain.get("format") != FORMAT:
            raise FeaturesUnusable("features_other_format", path, f": format {plain.get('format')}, not {FORMAT}")
        return Header.model_validate(plain)
    except (ValidationError, ValueError) as error:
        raise FeaturesUnusable("features_header_damaged", path) from error


def _facts(path: Path) -> dict[str, Any]:
    """Return what a shard says of itself; nothing if it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as shard:
            facts = json.loads((shard.metadata() or {}).get(_KEY, "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _write_bytes(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
