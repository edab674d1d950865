"""Run stock Presidio and kdvert over gold sets and corpora, timed; `benchmarks/privacy.py` prints it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from privacy_stock import LANGUAGE, stock_finder

from kdvert import verticals
from kdvert.filescrub.rulebook import everything, rulebook
from kdvert.privacy.measurement_counts import Taken
from kdvert.privacy.measurement_gold import Row
from kdvert.privacy.pool import Plan, scrub_all
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import Document, Finding, Source
from kdvert.stages.scrub import Config
from kdvert.verticals import Rules


@dataclass(frozen=True)
class Run:
    """What was found in each text, and how fast.

    Attributes:
        found: findings, one list a text.
        speed: characters a second, loading not counted; None if nothing could be timed.
    """

    found: Sequence[Sequence[Taken]]
    speed: float | None


@cache
def stock() -> Callable[[str], Sequence[Taken]]:
    """Return the finder of stock Presidio, loaded; organizations are taken as well."""
    find = stock_finder(organizations=True)
    find("Ann Lee of Oslo called 212-555-0123.")
    return find


def run_stock(rows: Sequence[Row]) -> Run | None:
    """Run stock Presidio in this process; None if a text is in a language that it does not know."""
    if any((row.language or LANGUAGE) != LANGUAGE for row in rows):
        return None
    find = stock()
    started = time.monotonic()
    found = [find(row.text) for row in rows]
    return Run(found, _speed(rows, time.monotonic() - started))


def rules_for(vertical: str | None) -> Rules:
    """Return a vertical's rules, or without one those by which every known type is taken."""
    return rulebook(vertical) if vertical else everything()


def run_kdvert(rows: Sequence[Row], rules: Rules, workers: int) -> Run:
    """Scrub the texts of ``rows`` with ``workers`` processes; the time until the first text is done is not counted."""
    found: list[list[Finding]] = []
    started = 0.0
    for _, scrubbed in scrub_all(rules, Config(), _documents(rows), Plan(workers)):
        started = started or time.monotonic()
        found.append(list(scrubbed.log.findings))
    return Run(found, _speed(rows[1:], time.monotonic() - started))


def one_process(rows: Sequence[Row], rules: Rules) -> float | None:
    """Return kdvert's characters a second in this process, model loaded."""
    scrubber = Scrubber.for_vertical(rules, Config())
    scrubber.scrub("warm", "Ann Lee of Oslo called 212-555-0123.")
    started = time.monotonic()
    for row in rows:
        scrubber.scrub(row.id, row.text)
    return _speed(rows, time.monotonic() - started)


def _speed(rows: Sequence[Row], seconds: float) -> float | None:
    return sum(len(row.text) for row in rows) / seconds if rows and seconds > 0 else None


def _documents(rows: Iterable[Row]) -> Iterator[Document]:
    for row in rows:
        source = Source(uri=row.id, title="", license="see the set", sha256="0" * 64)
        yield Document(id=row.id, source=source, text=row.text)


def corpus(folder: Path, limit: int) -> dict[str, list[Row]]:
    """Return texts of each vertical's subfolder of ``folder``, ``limit`` of them spread evenly over every file."""
    found: dict[str, list[Row]] = {}
    for name in sorted(set(verticals.discover()) & {p.name for p in folder.iterdir()}):
        for path in sorted((folder / name).glob("*.jsonl")):
            lines = path.read_text(encoding="utf-8").splitlines()
            chosen = lines[:: max(1, len(lines) // limit)][:limit] if limit else lines
            values = [json.loads(line) for line in chosen]
            found.setdefault(name, []).extend(Row(str(v["id"]), v["text"], ()) for v in values)
    return found


def vertical_of(name: str) -> str | None:
    """Return the vertical that the first word of a set's name stands for, if there is one."""
    first = name.partition("_")[0]
    return first if first in verticals.discover() else None
