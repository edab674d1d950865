"""Replies that were paid for, kept in SQLite by request id, so that no finished call is made twice.

A reply is scrubbed before it is written: what a teacher says can hold personal data of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from kdvert.errors import WorkFailed
from kdvert.records import ScrubbedText
from kdvert.teachers.protocol import RawReply, Reply, Scrub

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    request_id TEXT PRIMARY KEY, text TEXT NOT NULL, scrubbed_by TEXT NOT NULL,
    input_tokens INTEGER, output_tokens INTEGER, truncated INTEGER NOT NULL, score REAL
) WITHOUT ROWID
"""
_COLUMNS = "request_id, text, scrubbed_by, input_tokens, output_tokens, truncated, score"


class ReplyStore:
    """A file of replies. Use it as a context manager.

    Args:
        path: the SQLite file; made if it is not there.
        scrub: removes personal data from a reply before it is kept.

    Raises:
        WorkFailed: the file is damaged, or the disk is full.
    """

    def __init__(self, path: Path, scrub: Scrub) -> None:
        self.path = path
        self._scrub = scrub
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._explained():
            self._db = sqlite3.connect(path)
            # a commit survives the death of the process; only a power cut may cost the last one, never the file
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(_TABLE)

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
        with self._explained():
            for start in range(0, len(request_ids), 500):
                part = request_ids[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(f"SELECT {_COLUMNS} FROM replies WHERE request_id IN ({marks})", part)
                found |= {row[0]: _reply(row) for row in rows}
        return found

    def keep(self, replies: Iterable[RawReply]) -> list[Reply]:
        """Scrub ``replies``, write them in one transaction and return them as kept."""
        scrubbed = [(r, self._scrub(r.text)) for r in replies]
        rows = [
            (r.request_id, t.text, t.scrubbed_by, r.input_tokens, r.output_tokens, int(r.truncated), r.score)
            for r, t in scrubbed
        ]
        with self._explained(), self._db:
            self._db.executemany(f"INSERT OR REPLACE INTO replies ({_COLUMNS}) VALUES (?,?,?,?,?,?,?)", rows)
        return [_reply(row) for row in rows]

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


def _reply(row: tuple[str, str, str, int | None, int | None, int, float | None]) -> Reply:
    return Reply(
        request_id=row[0],
        text=ScrubbedText(row[1], scrubbed_by=row[2]),
        input_tokens=row[3],
        output_tokens=row[4],
        truncated=bool(row[5]),
        score=row[6],
    )
