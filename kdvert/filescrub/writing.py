"""Write scrubbed items: into a folder beside their findings, or to a stream."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol

from kdvert.errors import UserError
from kdvert.filescrub.reading import ROWS, Item, Place
from kdvert.privacy import sealed as sealed_map
from kdvert.privacy.scrubber import Scrubbed

FINDINGS = "findings.jsonl"
SUMMARY = "summary.json"
PARTIAL = ".partial"


class Sink(Protocol):
    """Takes scrubbed items in order."""

    def write(self, item: Item, target: Path, done: Sequence[Scrubbed], sealed: str) -> None:
        """Write an item.

        Args:
            item: as it was read.
            target: its file, with a scrubbed name.
            done: parallel to its texts.
            sealed: its line of the sealed map; empty without one.
        """


class StreamSink:
    """Writes scrubbed text to a stream, and keeps neither findings nor a sealed map."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, item: Item, target: Path, done: Sequence[Scrubbed], sealed: str) -> None:
        """Write the scrubbed text or row."""
        self._stream.write(body(item, done))


class FolderSink:
    """Writes files of the same names into a folder, with ``findings.jsonl``. Use it as a context manager.

    Files get their names when all is done. If anything fails, nothing is left, and the same command can be tried again.
    """

    def __init__(self, folder: Path, seal_key: bytes = b"") -> None:
        self._folder = folder
        self._seal_key = seal_key
        self._open: dict[Path, IO[str]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> FolderSink:
        if self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
            raise UserError(f"{self._folder} is not an empty folder.", hint="Name a new one with --out.")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._findings = self._file(Path(FINDINGS))
        if self._seal_key:
            self._file(Path(sealed_map.FILE)).write(sealed_map.opening_line(self._seal_key) + "\n")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        for target in self._open:
            path = self._folder / target
            if kind is None:
                os.replace(_partial(path), path)
            else:
                _partial(path).unlink(missing_ok=True)
                _remove_empty(path.parent, self._folder)

    def write(self, item: Item, target: Path, done: Sequence[Scrubbed], sealed: str) -> None:
        """Write the scrubbed text or row, its findings, and its line of the sealed map."""
        self._file(target).write(body(item, done))
        if sealed:
            self._file(Path(sealed_map.FILE)).write(sealed + "\n")
        for place, scrubbed in zip(item.texts, done, strict=True):
            for row in _findings(target, item, place, scrubbed):
                self._findings.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _file(self, target: Path) -> IO[str]:
        if target not in self._open:
            path = _partial(self._folder / target)
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = path.open("w", encoding="utf-8", newline="\n")
            self._open[target] = self._stack.enter_context(stream)
        return self._open[target]


def body(item: Item, done: Sequence[Scrubbed]) -> str:
    """Return an item as it is written: the text of a document, or a row with its strings replaced, on one line."""
    if item.row is None:
        return done[0].text
    row = copy.deepcopy(item.row)
    for place, scrubbed in zip(item.texts, done, strict=True):
        put(row, place, scrubbed.text)
    return json.dumps(row, ensure_ascii=False) + "\n"


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove ``folder`` and those above it, ``top`` included, as long as they are empty."""
    while folder.is_relative_to(top) and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)


def put(row: Any, place: Place, text: str) -> None:
    """Set the string at ``place`` of a row."""
    for step in place[:-1]:
        row = row[step]
    row[place[-1]] = text


def _findings(target: Path, item: Item, place: Place, scrubbed: Scrubbed) -> list[dict[str, Any]]:
    """Return what a findings file says: where, what, how sure, what was done; never the value."""
    where: dict[str, Any] = {"file": target.as_posix()}
    if target.suffix == ROWS:
        where |= {"line": int(item.name.rpartition("#")[2]), "field": ".".join(map(str, place))}
    return [
        {**where, **finding.model_dump(), "scrubbed_start": move.scrubbed_start, "scrubbed_end": move.scrubbed_end}
        for finding, move in zip(scrubbed.log.findings, scrubbed.log.moves, strict=True)
    ]
