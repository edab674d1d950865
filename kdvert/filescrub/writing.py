"""Write scrubbed items: into a folder beside their findings, or to a stream."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from kdvert.filescrub.reading import ROWS, Item, Place
from kdvert.filescrub.staging import Staging
from kdvert.privacy import sealed as sealed_map
from kdvert.privacy.scrubber import Scrubbed
from kdvert.store import write_json

FINDINGS = "findings.jsonl"
SUMMARY = "summary.json"
OWN = frozenset({FINDINGS, SUMMARY, sealed_map.FILE})
"""Files that the output folder gets beside the scrubbed ones."""


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

    def summary(self, values: dict[str, Any]) -> None:
        """Take what is to be said of all items, after the last."""


class StreamSink:
    """Writes scrubbed text to a stream, and keeps neither findings nor a sealed map."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, item: Item, target: Path, done: Sequence[Scrubbed], sealed: str) -> None:
        """Write the scrubbed text or row."""
        self._stream.write(body(item, done))
        self._stream.flush()  # an error must show here, not when Python ends

    def summary(self, values: dict[str, Any]) -> None:
        """Leave it out: a stream holds text alone."""


class FolderSink:
    """Writes files of the same names into a folder, with ``findings.jsonl``. Use it as a context manager.

    The folder is filled when all is done. If anything fails, nothing is left, and the same command can be tried again.
    """

    def __init__(self, folder: Path, seal_key: bytes = b"") -> None:
        self._staging = Staging(folder)
        self._seal_key = seal_key
        self._open: dict[Path, IO[str]] = {}
        self._current = Path()

    def __enter__(self) -> FolderSink:
        self._staging.__enter__()
        try:
            self._findings = self._opened(Path(FINDINGS))
            if self._seal_key:
                self._opened(Path(sealed_map.FILE)).write(sealed_map.opening_line(self._seal_key) + "\n")
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = self._closed()  # writes what is still in memory, so it can fail like any writing
        self._staging.__exit__(kind or (type(failed) if failed else None), error or failed, trace)
        if failed and kind is None:
            raise failed

    def _closed(self) -> OSError | None:
        failed = None
        for stream in self._open.values():
            try:
                stream.close()
            except OSError as error:
                failed = error
        return failed

    def write(self, item: Item, target: Path, done: Sequence[Scrubbed], sealed: str) -> None:
        """Write the scrubbed text or row, its findings, and its line of the sealed map."""
        self._file(target).write(body(item, done))
        if sealed:
            self._open[Path(sealed_map.FILE)].write(sealed + "\n")
        for place, scrubbed in zip(item.texts, done, strict=True):
            for row in _findings(target, item, place, scrubbed):
                self._findings.write(json.dumps(row, ensure_ascii=False) + "\n")

    def summary(self, values: dict[str, Any]) -> None:
        """Write ``summary.json``."""
        write_json(self._staging.place / SUMMARY, values)

    def _file(self, target: Path) -> IO[str]:
        """Return the file of a target. Items come file by file, so one is open at a time, however many there are."""
        if target != self._current:
            if self._current in self._open:
                self._open.pop(self._current).close()
            self._current = target
            self._opened(target)
        return self._open[target]

    def _opened(self, target: Path) -> IO[str]:
        path = self._staging.place / target
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[target] = path.open("w", encoding="utf-8", newline="\n")
        return self._open[target]


def body(item: Item, done: Sequence[Scrubbed]) -> str:
    """Return an item as it is written: the text of a document, or a row with its strings replaced, on one line."""
    if item.row is None:
        return done[0].text
    row = copy.deepcopy(item.row)
    for place, scrubbed in zip(item.texts, done, strict=True):
        put(row, place, scrubbed.text)
    return json.dumps(row, ensure_ascii=False) + "\n"


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
