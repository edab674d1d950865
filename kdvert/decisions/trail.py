"""The trail: who decided what and when, as entries that each carry the hash of the one before.

``decisions/trail.jsonl`` in the project's folder, only ever appended to. It holds hashes, ids and numbers, so that
nothing in it has to be erased: a text that a decision rests on lies in the erasable store (`kdvert.decisions.erasable`)
and is named by its id. ``decisions/head.json`` names the last entry, so that a trail cut at its end is noticed.

What an append promises: when it returned, the entry is on the disk. A crash leaves the entry whole, or a torn last
line that no caller was told about; the next append cuts that off and says so in the trail.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError, field_validator

from kdvert.decisions import ed25519
from kdvert.decisions.codes import CODES
from kdvert.decisions.kinds import MENDED, SIGNER_RETIRED, kind
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError, WorkFailed
from kdvert.records import Record
from kdvert.store import write_json

FOLDER = "decisions"
FILE = "trail.jsonl"
HEAD = "head.json"
DOCUMENT = "trail-entry"
"""The kind of document that an entry's signature is for."""

START = "0" * 64
"""What the first entry carries for the hash of the one before."""

Value = str | int | list[str]

# A hash, an id of kdvert's own making, a day: nothing that a person wrote.
_REFERENCE = re.compile(r"[0-9a-f]{12,64}(-\d+)?|doc-\d+(#\d+)?(@\d+-\d+)?|\d{4}-\d\d-\d\d")
_WAIT = 30.0  # seconds; an append takes milliseconds
_BLOCK = 1 << 16  # bytes read at once from the end of the trail


@dataclass
class _Seen:
    """What this process has read of a trail: up to which byte, with which last line, and which keys it retires."""

    end: int = 0
    last: bytes = b""
    retired: set[str] = field(default_factory=set)


_SEEN: dict[Path, _Seen] = {}


class Entry(Record):
    """One line of the trail.

    Attributes:
        seq: 1, 2, 3, …
        at: UTC time, ISO 8601, to the second.
        kind: a key of `kdvert.decisions.kinds.KINDS`.
        who: id of the key of the person, or ``kdvert``.
        refs: what it is about: hashes, ids, days and counts, by name.
        items: ids in the erasable store that it rests on; of a tombstone, those that were erased.
        previous_sha: ``sha`` of the entry before.
        signature: by ``who``, of everything above, in base64; None for an entry that kdvert itself made.
        sha: of everything above as canonical JSON.
    """

    seq: int
    at: str
    kind: str
    who: str
    refs: dict[str, Value]
    items: list[str]
    previous_sha: str
    signature: str | None = None
    sha: str

    @field_validator("refs")
    @classmethod
    def _only_references(cls, refs: dict[str, Value]) -> dict[str, Value]:
        for name, value in refs.items():
            for text in [value] if isinstance(value, str) else value if isinstance(value, list) else []:
                if text not in CODES and not _REFERENCE.fullmatch(text):
                    raise ValueError(f"'{name}' is no hash, id, day or code; texts belong into the erasable store")
        return refs

    @field_validator("items")
    @classmethod
    def _only_ids(cls, items: list[str]) -> list[str]:
        if any(not re.fullmatch(r"[0-9a-f]{64}", item) for item in items):
            raise ValueError("an item is no id of the erasable store")
        return items

    def statement(self) -> dict[str, Any]:
        """What the signature covers."""
        return self.model_dump(mode="json", exclude={"signature", "sha"})

    def computed_sha(self) -> str:
        """What ``sha`` must be."""
        return hashlib.sha256(ed25519.canonical(self.model_dump(mode="json", exclude={"sha"}))).hexdigest()


class Head(Record):
    """The last entry that an append has promised."""

    seq: int
    sha: str


def path_of(root: Path) -> Path:
    """Return the trail's file in the project ``root``."""
    return root / FOLDER / FILE


def append(
    root: Path,
    name: str,
    *,
    now: datetime,
    signer: Signer | None = None,
    refs: Mapping[str, Value] | None = None,
    items: Sequence[str] = (),
) -> Entry:
    """Add one entry and return it once it is on the disk. Safe to call from several processes at once.

    Args:
        root: the project's folder.
        name: the kind of entry.
        now: the time, with its zone.
        signer: who decided; needed by every kind but those that kdvert makes itself.
        refs: hashes, ids, days and counts by name.
        items: ids in the erasable store.

    Raises:
        UserError: the kind is unknown or needs a signer, or the signer's key was retired.
        WorkFailed: the end of the trail was cut off or altered, so that nothing can follow it.
    """
    if kind(name).signed and signer is None:
        raise UserError(f"An entry of kind '{name}' needs a person's signature.")
    if signer and kind(name).roles:
        signer.require(*kind(name).roles, to=f"make an entry of kind '{name}'")
    with alone(root):
        _must_be_active(root, signer)
        last = _last(root, now)
        return _add(root, last, name, now, signer, dict(refs or {}), list(items))


def entries(root: Path) -> list[Entry]:
    """Return all whole entries in order, unchecked: `kdvert.decisions.trail_check` checks them.

    Raises:
        WorkFailed: a line is no entry.
    """
    path = path_of(root)
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            found.append(Entry.model_validate_json(line))
        except ValidationError:
            raise WorkFailed(
                f"{path}, line {number}: not an entry of the trail.", hint="`kdvert verify` says what is wrong."
            ) from None
    return found


def head(root: Path) -> Head | None:
    """Return what ``head.json`` says, or None without one.

    Raises:
        WorkFailed: it cannot be read.
    """
    path = root / FOLDER / HEAD
    if not path.is_file():
        return None
    try:
        return Head.model_validate_json(path.read_bytes())
    except ValidationError:
        raise WorkFailed(f"{path} is damaged.", hint="Restore it and the trail from a backup.") from None


@contextmanager
def alone(root: Path, name: str = ".trail.lock") -> Iterator[None]:
    """Hold one of the locks in ``decisions/``, waiting for whoever has it.

    Raises:
        WorkFailed: it was not given back for half a minute.
    """
    from filelock import FileLock, Timeout

    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / name, timeout=_WAIT):
            yield
    except Timeout:
        raise WorkFailed(f"Another process has held {folder} for {_WAIT:.0f} seconds.", hint="Try again.") from None


def _must_be_active(root: Path, signer: Signer | None) -> None:
    if signer and signer.key_id in retired(root):
        raise UserError(
            f"The key {signer.key_id} of {signer.name} was retired and signs nothing more.",
            hint="Make another: kdvert keys new",
        )


def retired(root: Path) -> set[str]:
    """Return the ids of the keys that any entry retires, its signature unchecked.

    What this process has read before is not read again, so this is quick however long the trail is.
    """
    path = path_of(root)
    if not path.is_file():
        return set()
    seen = _SEEN.get(path, _Seen())
    mark = f'"{SIGNER_RETIRED}"'.encode()
    with open(path, "rb") as stream:
        stream.seek(seen.end - len(seen.last))
        if stream.read(len(seen.last)) != seen.last:  # another trail lies there now, from a backup say
            seen = _Seen()
            stream.seek(0)
        _SEEN[path] = seen
        while line := stream.readline():
            if not line.endswith(b"\n"):
                break
            if mark in line:
                seen.retired.add(str(_parsed(path, line).refs.get("key")))
            seen.end, seen.last = seen.end + len(line), line
    return seen.retired


def follow(root: Path, start: int) -> tuple[list[Entry], int]:
    """Return the whole entries behind the byte ``start``, unchecked, and where the next one will begin.

    Raises:
        WorkFailed: a line is no entry, or the trail has become shorter.
    """
    path = path_of(root)
    size = path.stat().st_size if path.is_file() else 0
    if size < start:
        raise WorkFailed(f"{path} has become shorter.", hint="Restore it from a backup; `kdvert verify` says more.")
    if size == start:
        return [], start
    with open(path, "rb") as stream:
        stream.seek(start)
        whole, mark, _ = stream.read().rpartition(b"\n")
    found = [_parsed(path, line) for line in whole.split(b"\n")] if mark else []
    return found, start + len(whole) + len(mark)


def _last(root: Path, now: datetime) -> Entry | None:
    """Return the last whole entry; what a crash left after it is cut off, and the trail says so."""
    path = path_of(root)
    line, torn = _end(path) if path.is_file() else (b"", b"")
    last = _parsed(path, line) if line else None
    _must_reach(root, last, head(root))
    if torn:
        with open(path, "r+b") as stream:
            stream.truncate(path.stat().st_size - len(torn))
            os.fsync(stream.fileno())
        refs: dict[str, Value] = {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
        last = _add(root, last, MENDED, now, None, refs, [])
    return last


def _end(path: Path) -> tuple[bytes, bytes]:
    """Return the last whole line of a file, and what stands behind it; a long file is read from its end."""
    with open(path, "rb") as stream:
        size = at = stream.seek(0, os.SEEK_END)
        text = b""
        while at > 0 and text.count(b"\n") < 2:
            at = max(0, at - max(_BLOCK, size - at))
            stream.seek(at)
            text = stream.read()
    whole, _, torn = text.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], torn


def _parsed(path: Path, line: bytes) -> Entry:
    try:
        entry = Entry.model_validate_json(line)
    except ValidationError:
        entry = None
    if entry is None or entry.computed_sha() != entry.sha:
        raise WorkFailed(f"{path}: an entry was altered.", hint="`kdvert verify` says what is wrong.")
    return entry


def _must_reach(root: Path, last: Entry | None, promised: Head | None) -> None:
    """Refuse to go on from a trail that ends before the entry that was promised last."""
    if promised is None:
        return
    reached = last is not None and (last.seq > promised.seq or (last.seq, last.sha) == (promised.seq, promised.sha))
    if not reached:
        raise WorkFailed(
            f"{path_of(root)} ends before entry {promised.seq}, which {HEAD} names as the last one: it was cut off.",
            hint="Restore the trail from a backup; `kdvert verify` says what is wrong.",
        )


def _add(
    root: Path, last: Entry | None, name: str, now: datetime, signer: Signer | None, refs: dict[str, Value],
    items: list[str],
) -> Entry:  # fmt: skip
    draft = Entry(
        seq=last.seq + 1 if last else 1,
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        kind=name,
        who=signer.key_id if signer else "kdvert",
        refs=refs,
        items=items,
        previous_sha=last.sha if last else START,
        sha="",
    )
    if signer:
        draft = draft.model_copy(update={"signature": signer.sign(DOCUMENT, draft.statement()).signature})
    entry = draft.model_copy(update={"sha": draft.computed_sha()})
    _write(path_of(root), json.dumps(entry.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n")
    write_json(root / FOLDER / HEAD, Head(seq=entry.seq, sha=entry.sha).model_dump())
    return entry


def _write(path: Path, line: bytes) -> None:
    fresh = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        while line:  # a full disk may take a part
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in ``folder`` on the disk (a no-op where folders cannot be opened)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
