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
from kdvert.privacy.pool import AHEAD, BATCH, Plan, scrub_all
from kdvert.records import Document, Source
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
    """Scrub the texts of ``rows`` with ``workers`` processes."""
    found = [list(scrubbed.log.findings) for _, scrubbed in scrub_all(rules, Config(), _documents(rows), Plan(workers))]
    return Run(found, None)


def speed(rows: Sequence[Row], rules: Rules, workers: int, characters: int) -> float | None:
    """Return the characters a second that ``workers`` processes scrub, once every one of them is at work.

    Args:
        rows: texts; they are repeated until they hold enough.
        rules: what is taken.
        workers: 1: this process.
        characters: size of what is timed, about.
    """
    cold = workers * AHEAD * BATCH
    length = max(1, sum(len(row.text) for row in rows))
    documents = list(_documents(rows)) * (1 + (characters + 200 * cold) // length)
    done = 0
    started = 0.0
    for number, (document, _) in enumerate(scrub_all(rules, Config(), iter(documents), Plan(workers))):
        if number == cold:
            started = time.monotonic()
        elif number > cold:
            done += len(document.text)
    return done / (time.monotonic() - started) if done else None


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
