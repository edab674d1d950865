"""Replies that were paid for, kept in SQLite by request id, so that no finished call is made twice.

A reply is scrubbed before it is written: what a teacher says can hold personal data of its own. Its log-probabilities
spell the reply out token by token, so they are kept only with a reply that scrubbing left as it was.

Calls that ended without a reply are noted too, with their reason. They are asked again by the next run; a cassette
needs them, to repeat a run with its failures.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from kdvert.errors import KdvertError, WorkFailed
from kdvert.records import ScrubbedText
from kdvert.teachers import logprobs
from kdvert.teachers.protocol import RawReply, Reply, Scrub

_COLUMNS = {
    "request_id": "TEXT PRIMARY KEY",
    "text": "TEXT NOT NULL",
    "scrubbed_by": "TEXT NOT NULL",
    "input_tokens": "INTEGER",
    "output_tokens": "INTEGER",
    "truncated": "INTEGER NOT NULL",
    "score": "REAL",
    "logprobs": "BLOB",
    "model": "TEXT",
    "endpoint": "TEXT",
    "teacher": "TEXT",
}
_NAMES = ", ".join(_COLUMNS)
_REPLY = ", ".join(list(_COLUMNS)[:10])
_TABLES = f"""
CREATE TABLE IF NOT EXISTS replies ({", ".join(f"{n} {t}" for n, t in _COLUMNS.items())}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
    request_id TEXT PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL, teacher TEXT
);
CREATE TABLE IF NOT EXISTS teachers (identity TEXT PRIMARY KEY, facts TEXT NOT NULL, used INTEGER NOT NULL);
"""


class ReplyStore:
    """A file of replies. Use it as a context manager. Threads may share it.

    Args:
        path: the SQLite file; made if it is not there.
        scrub: removes personal data from a reply before it is kept.

    Raises:
        WorkFailed: the file is damaged, or the disk is full.
    """

    def __init__(self, path: Path, scrub: Scrub) -> None:
        self.path = path
        self._scrub = scrub
        self._lock = threading.Lock()
        self._teacher: str | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._explained():
            self._db = sqlite3.connect(path, check_same_thread=False)  # `_lock` keeps threads apart
            # a commit survives the death of the process; only a power cut may cost the last one, never the file
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)
            self._add_columns()

    @classmethod
    def reading(cls, path: Path) -> ReplyStore:
        """Open a file to read from; nothing can be kept."""

        def never(text: str) -> ScrubbedText:
            raise WorkFailed("This file of replies was opened for reading.", hint="Open it with a scrubber.")

        return cls(path, never)

    def __enter__(self) -> ReplyStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, request_ids: Sequence[str]) -> dict[str, Reply]:
        """Return the kept replies among ``request_ids``."""
        found: dict[str, Reply] = {}
        with self._lock, self._explained():
            for start in range(0, len(request_ids), 500):
                part = request_ids[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(f"SELECT {_REPLY} FROM replies WHERE request_id IN ({marks})", part)
                found |= {row[0]: _reply(row) for row in rows}
        return found

    def keep(self, replies: Iterable[RawReply]) -> list[Reply]:
        """Scrub ``replies``, write them in one transaction and return them as kept.

        Raises:
            WorkFailed: one of them cannot be scrubbed, or none can be written. In the first case the others are kept.
        """
        rows: list[tuple[Any, ...]] = []
        broken: KdvertError | None = None
        for raw in replies:
            try:
                rows.append((*self._row(raw), self._teacher))
            except KdvertError as error:
                broken = error
        marks = ",".join("?" * len(_COLUMNS))
        with self._lock, self._explained(), self._db:
            self._db.executemany(f"INSERT OR REPLACE INTO replies ({_NAMES}) VALUES ({marks})", rows)
            self._db.executemany("DELETE FROM failures WHERE request_id = ?", [row[:1] for row in rows])
        if broken:
            raise broken
        return [_reply(row) for row in rows]

    def note_failure(self, request_id: str, reason: str, detail: str) -> None:
        """Note that a call ended without a reply."""
        with self._lock, self._explained(), self._db:
            row = (request_id, reason, detail, self._teacher)
            self._db.execute("INSERT OR REPLACE INTO failures VALUES (?,?,?,?)", row)

    def asked_of(self, identity: str, facts: dict[str, Any]) -> None:
        """Say whose replies are kept from now on.

        Args:
            identity: the teacher's.
            facts: what a cassette says of it.
        """
        self._teacher = identity
        with self._lock, self._explained(), self._db:
            used = self._db.execute("SELECT COALESCE(MAX(used), 0) + 1 FROM teachers").fetchone()[0]
            row = (identity, json.dumps(facts, sort_keys=True), used)
            self._db.execute("INSERT OR REPLACE INTO teachers VALUES (?,?,?)", row)

    def teachers(self) -> dict[str, dict[str, Any]]:
        """Return the facts of each teacher by its identity, the last one used first."""
        with self._lock, self._explained():
            rows = self._db.execute("SELECT identity, facts FROM teachers ORDER BY used DESC").fetchall()
        return {identity: json.loads(facts) for identity, facts in rows}

    def replies_of(self, identity: str) -> Iterator[Reply]:
        """Yield what a teacher said, sorted by request id."""
        with self._lock, self._explained():
            rows = self._db.execute(
                f"SELECT {_REPLY} FROM replies WHERE teacher = ? ORDER BY request_id", (identity,)
            ).fetchall()
        yield from map(_reply, rows)

    def failures_of(self, identity: str) -> list[tuple[str, str, str]]:
        """Return request id, reason and detail of a teacher's calls that ended without a reply, sorted."""
        with self._lock, self._explained():
            return self._db.execute(
                "SELECT request_id, reason, detail FROM failures WHERE teacher = ? ORDER BY request_id", (identity,)
            ).fetchall()

    def _row(self, raw: RawReply) -> tuple[Any, ...]:
        # half a surrogate pair is no text: neither a detector nor a file takes it
        text = raw.text.encode("utf-8", "replace").decode("utf-8")
        clean = self._scrub(text)
        likely = logprobs.pack(raw.logprobs) if raw.logprobs and clean.text == raw.text else None
        return (
            raw.request_id, clean.text, clean.scrubbed_by, raw.input_tokens, raw.output_tokens, int(raw.truncated),
            raw.score, likely, raw.model, raw.endpoint,
        )  # fmt: skip

    def _add_columns(self) -> None:
        """Bring a file that an earlier version wrote to the columns of this one."""
        there = {row[1] for row in self._db.execute("PRAGMA table_info(replies)")}
        for name in _COLUMNS.keys() - there:
            self._db.execute(f"ALTER TABLE replies ADD COLUMN {name} {_COLUMNS[name]}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise WorkFailed(
                f"The replies of the teacher cannot be kept in {self.path}: {error}.",
                hint="Free some space or close the other run, then run again: the replies kept so far are used.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise WorkFailed(
                f"{self.path} is damaged: {error}.", hint="Delete it and run again; the teacher is then asked anew."
            ) from error


def _reply(row: tuple[Any, ...]) -> Reply:
    return Reply(
        request_id=row[0],
        text=ScrubbedText(row[1], scrubbed_by=row[2]),
        input_tokens=row[3],
        output_tokens=row[4],
        truncated=bool(row[5]),
        score=row[6],
        logprobs=logprobs.unpack(row[7]) if row[7] is not None else None,
        model=row[8],
        endpoint=row[9],
    )
