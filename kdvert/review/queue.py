"""The queue: records by risk, filtered, with what stands about each; one page or one step at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from kdvert.errors import WorkFailed
from kdvert.records import Chunk, Document, Example, ScrubLog
from kdvert.review import index
from kdvert.review.index import Made
from kdvert.review.risk import Marks
from kdvert.rulings.contents import content_sha
from kdvert.rulings.folding import Review, Standing

PAGE = 25
"""Records on one page of the queue."""
SECOND = "second"
"""The status of a record that two people judge blindly, while one has."""
NARROW = ("place", "status", "skill", "vertical", "source", "license", "verdict", "reason", "reviewer", "sample")


@dataclass(frozen=True)
class Filter:
    """Which records are shown; empty fields ask for nothing.

    Attributes:
        place: ``accepted`` by the checks, or ``rejected``.
        status: what the decisions come to; ``todo`` are those that wait for this reviewer.
        reason: a reason code of a check.
        reviewer: id of the key of somebody who has decided about it.
        sample: ``1`` shows the drawn sample alone.
    """

    place: str = ""
    status: str = ""
    skill: str = ""
    vertical: str = ""
    source: str = ""
    license: str = ""
    verdict: str = ""
    reason: str = ""
    reviewer: str = ""
    sample: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filter:
        """Take what a request asks for, and nothing else."""
        return cls(**{name: str(given.get(name, ""))[:300] for name in NARROW})

    def query(self) -> dict[str, str]:
        """Return what is asked for, for an address."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


@dataclass(frozen=True)
class Entry:
    """One record as the queue knows it.

    Attributes:
        n: its place by risk, from 1.
        file: where its text lies.
        content: hash of what a decision on it names.
        double: two people judge it, each without seeing the other's decision.
    """

    n: int
    id: str
    file: str
    place: str
    content: str
    vertical: str
    skill: str
    strategy: str
    source: str
    license: str
    verdict: str
    risk: float
    parts: dict[str, float]
    status: str
    version: int
    sampled: bool
    double: bool


_COLUMNS = (
    "n, id, file, place, content, vertical, skill, strategy, source, license, verdict, risk, parts, status, version, "
    "sampled, double"
)


class Queue:
    """The index of one run, and what stands in the trail. Not safe for several threads at once: its owner locks.

    What stands is written into a copy: another process, which may know less of the trail, changes nothing here.
    """

    def __init__(self, path: Path, made: Made) -> None:
        self._db = sqlite3.connect("", check_same_thread=False)  # a copy of its own, gone when it is closed
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as made_once:
            made_once.backup(self._db)
        self._db.executescript("pragma journal_mode = off; pragma synchronous = off; pragma temp_store = memory;")
        self._paths = made.paths()

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def take(self, review: Review, records: Iterable[str] | None = None) -> None:
        """Take over what stands about ``records``, or about all."""
        if records is None:
            self._db.execute("update records set status = 'open', version = 0 where version > 0")
            self._db.execute("delete from judged")
            records = list(review.standings)
        for record in records:
            found = self._db.execute("select n, content, double from records where id = ?", (record,)).fetchone()
            if found:
                self._take(found[0], found[1], bool(found[2]), review.of(record))
        self._db.commit()

    def draw(self, sample: Mapping[str, str], doubles: set[str]) -> None:
        """Mark the drawn sample."""
        self._db.execute("update records set sampled = 0, double = 0 where sampled = 1")
        rows = [(int(record in doubles), record) for record in sample]
        self._db.executemany("update records set sampled = 1, double = ? where id = ?", rows)
        self._db.commit()

    def hide(self, originals: Iterable[str]) -> None:
        """Leave records out for now: an altered copy of each is among the records and must not stand beside it."""
        self._db.execute("update records set hidden = 0 where hidden = 1")
        self._db.executemany("update records set hidden = 1 where id = ?", [(o,) for o in originals])
        self._db.commit()

    def _take(self, n: int, content: str, double: bool, standing: Standing) -> None:
        people = standing.by_person(content)
        status: str = standing.status(content)
        counts = standing.ruling(content)
        if double and len(people) == 1 and status != "escalated" and counts and not counts.final:
            status = SECOND
        self._db.execute("update records set status = ?, version = ? where n = ?", (status, standing.version, n))
        self._db.execute("delete from judged where n = ?", (n,))
        self._db.executemany("insert into judged values (?, ?)", [(who, n) for who in people])

    def page(self, wanted: Filter, who: str, number: int) -> tuple[list[Entry], int]:
        """Return one page, from 1, and how many records there are in all."""
        where, values = _where(wanted, who)
        count = self._db.execute(f"select count(*) from records where {where}", values).fetchone()[0]
        order = f"select {_COLUMNS} from records where {where} order by n limit ? offset ?"
        rows = self._db.execute(order, (*values, PAGE, PAGE * (number - 1))).fetchall()
        return [_entry(row) for row in rows], count

    def all(self, wanted: Filter, who: str) -> list[Entry]:
        """Return all of them."""
        where, values = _where(wanted, who)
        rows = self._db.execute(f"select {_COLUMNS} from records where {where} order by n", values)
        return [_entry(row) for row in rows]

    def step(self, wanted: Filter, who: str, n: int, forward: bool = True) -> str | None:
        """Return the id of the next record behind (or before) place ``n``; None at the end."""
        where, values = _where(wanted, who)
        sign, order = (">", "asc") if forward else ("<", "desc")
        text = f"select id from records where {where} and n {sign} ? order by n {order} limit 1"
        found = self._db.execute(text, (*values, n)).fetchone()
        return found[0] if found else None

    def entry(self, record: str) -> Entry | None:
        """Return a record by its id."""
        found = self._db.execute(f"select {_COLUMNS} from records where id = ?", (record,)).fetchone()
        return _entry(found) if found else None

    @cached_property
    def choices(self) -> dict[str, list[tuple[str, int]]]:
        """The values that can be asked for, with how many records have each; no decision changes them."""
        found: dict[str, list[tuple[str, int]]] = {}
        for name in ("vertical", "skill", "source", "license", "verdict"):
            rows = self._db.execute(f"select {name}, count(*) from records group by {name} order by 2 desc limit 200")
            found[name] = [(str(value), count) for value, count in rows]
        rows = self._db.execute("select code, count(*) from reasons group by code order by 2 desc limit 200")
        return found | {"reason": [(str(code), count) for code, count in rows]}

    def strata(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Return (id, stratum) of every record that the checks accepted, planted ones too."""
        column = " || ' / ' || ".join(names) or "''"
        rows = self._db.execute(f"select id, {column} from records where place = 'accepted' order by id")
        return [(row[0], row[1]) for row in rows]

    def contents(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the hash of what a decision names, for each of these records that is there."""
        known = dict(self._db.execute("select id, content from records"))
        return {id_: known[id_] for id_ in ids if id_ in known}

    def example(self, entry: Entry) -> Example:
        """Read the record itself.

        Raises:
            WorkFailed: another one lies in its place since the index was made.
        """
        kind, start, length = entry.file.rsplit(":", 2)
        try:
            found = Example.model_validate_json(index.read_at(self._paths.get(kind), int(start), int(length)))
        except ValidationError:
            found = None
        if found is None or content_sha(found) != entry.content:
            raise WorkFailed(
                "The records are not those that this page was opened on: the run went on meanwhile.",
                hint="End the server and start it again: kdvert review",
            )
        return found

    def chunk(self, id_: str) -> Chunk | None:
        """Read a passage."""
        raw = self._read("chunks", id_)
        return Chunk.model_validate_json(raw) if raw else None

    def document(self, id_: str) -> Document | None:
        """Read a scrubbed document."""
        raw = self._read("documents", id_)
        return Document.model_validate_json(raw) if raw else None

    def marks(self, document: str) -> Marks:
        """Read what scrubbing replaced in a document."""
        raw = self._read("logs", document)
        return Marks.of(ScrubLog.model_validate_json(raw)) if raw else Marks()

    def _read(self, kind: str, id_: str) -> bytes:
        return index.read_at(self._paths.get(kind), *index.place_of(self._db, kind, id_))


def _entry(row: Sequence[object]) -> Entry:
    named = dict(zip((f.name for f in fields(Entry)), row))
    named["parts"] = json.loads(str(named["parts"]))
    named["sampled"], named["double"] = bool(named["sampled"]), bool(named["double"])
    return Entry(**named)  # type: ignore[arg-type]


_TODO = (
    "(status in ('open', 'second') and n not in (select n from judged where who = ?) "
    "or status in ('escalated', 'conflict') and ?)"
)


def _where(wanted: Filter, who: str) -> tuple[str, list[object]]:
    """Return the condition and its values. ``who`` may begin with ``approver:``, who sees what waits for approvers."""
    final, _, key = who.rpartition(":")
    parts, values = ["hidden = 0"], []
    for name in ("place", "skill", "vertical", "license", "verdict"):
        if value := getattr(wanted, name):
            parts.append(f"{name} = ?")
            values.append(value)
    if wanted.status == "todo":
        parts.append(_TODO)
        values += [key, final == "approver"]
    elif wanted.status:
        parts.append("status = ?")
        values.append(wanted.status)
    for name, table, column in (
        ("source", "sources", "document"),
        ("reason", "reasons", "code"),
        ("reviewer", "judged", "who"),
    ):
        if value := getattr(wanted, name):
            parts.append(f"n in (select n from {table} where {column} = ?)")
            values.append(value)
    if wanted.sample:
        parts.append("sampled = 1")
    return " and ".join(parts), values
