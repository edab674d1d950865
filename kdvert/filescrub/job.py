"""Scrub what lies at some paths, item by item, in as many processes as it is worth."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from kdvert.errors import UserError, WorkFailed
from kdvert.filescrub.packing import packed, unpacked
from kdvert.filescrub.reading import STDIN, Item, Selection, files, items, target_of
from kdvert.filescrub.rulebook import Rulebook
from kdvert.filescrub.writing import OWN, Sink
from kdvert.privacy.pool import Plan, scrub_all
from kdvert.privacy.scrubber import Scrubbed, Scrubber, Settings
from kdvert.progress import Progress, Silent
from kdvert.records import Document, Source


@dataclass
class Tally:
    """What was done.

    Attributes:
        targets: where each file went, in the order in which they were read.
        renamed: how many of them had a name that held personal data.
        items, characters: how much was read; a row of JSON lines is an item.
        found: findings by (type, action).
        taken: places in the output folder that files keep if their names hold nothing.
    """

    targets: list[Path] = field(default_factory=list)
    renamed: int = 0
    items: int = 0
    characters: int = 0
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: set[Path] = field(default_factory=set)


@dataclass
class Job:
    """Scrub ``paths`` by ``rules`` and ``settings`` into ``sink``."""

    paths: Sequence[Path]
    rules: Rulebook
    settings: Settings
    selection: Selection
    sink: Sink
    workers: int | None = None
    progress: Progress = field(default_factory=Silent)

    def run(self) -> Tally:
        """Do it.

        Raises:
            UserError: a path or a row cannot be read.
            WorkFailed: a text is held back (it takes too long, or cannot be analyzed).
        """
        found = files(self.paths, OWN)
        size = sum(_size(path) for path, _ in found if path != STDIN)
        tally = Tally(taken={target_of(relative) for _, relative in found})
        waiting: deque[_Unit] = deque()

        def documents() -> Iterator[Document]:
            for unit in _units(found, self.selection):
                waiting.append(unit)
                yield unit.document()

        made = scrub_all(self.rules, self.settings, documents(), Plan.of(self.workers, size))
        with self.progress.bar("scrub", None) as bar, closing(made):
            try:
                for _, whole in made:
                    self._take(waiting.popleft(), whole, tally)
                    bar.advance()
            except WorkFailed as error:
                raise _by_name(error, waiting) from None
        return tally

    def _take(self, unit: _Unit, whole: Scrubbed, tally: Tally) -> None:
        """Write a scrubbed unit: the name of a file decides its target, anything else goes there."""
        if unit.item is None:
            tally.targets.append(_target(unit, whole, tally))
            return
        done = unpacked(unit.item.texts, whole)
        if done is None:
            done = self._singly(unit, unit.item)
        self.sink.write(unit.item, tally.targets[unit.file], done, whole.sealed)
        tally.items += 1
        tally.characters += sum(map(len, unit.item.texts.values()))
        tally.found.update((f.entity, f.action) for scrubbed in done for f in scrubbed.log.findings)

    def _singly(self, unit: _Unit, item: Item) -> list[Scrubbed]:
        """Scrub the strings of a row one by one. Rare, and numbers then start anew with each string."""
        scrubber = Scrubber.for_vertical(self.rules, self.settings)
        return [scrubber.scrub(unit.id, text) for text in item.texts.values()]


@dataclass(frozen=True)
class _Unit:
    """What is scrubbed at once: an item, or (``item`` is None) the name of a file.

    The id holds no name: it goes into the sealed map and is looked up by what the output folder shows.
    """

    file: int
    number: int
    relative: Path
    item: Item | None = None

    @property
    def id(self) -> str:
        return unit_id(self.file, self.number)

    def document(self) -> Document:
        text = packed(self.item.texts) if self.item else _words(self.relative)
        return Document(id=self.id, source=Source(uri=self.id, title="", license="unknown", sha256=""), text=text)


def unit_id(file: int, number: int) -> str:
    """Return the id of a unit: the place of its file, and its own place in that file, 0 being the file's name."""
    return f"{file}#{number}"


def _units(found: Sequence[tuple[Path, Path]], selection: Selection) -> Iterator[_Unit]:
    for file, (path, relative) in enumerate(found):
        yield _Unit(file, 0, relative)
        for number, item in enumerate(items(path, relative, selection), 1):
            yield _Unit(file, number, relative, item)


def _by_name(error: WorkFailed, waiting: Sequence[_Unit]) -> WorkFailed:
    """Name the text that is held back as the user knows it."""
    message = error.message
    for unit in waiting:
        if message.startswith(f"{unit.id}:"):
            name = unit.item.name if unit.item else str(unit.relative)
            message = message.replace(unit.id, name, 1)
    return WorkFailed(message, hint=error.hint, details=error.details)


def _words(relative: Path) -> str:
    """Return a file's place as words that recognizers can read ("Jane_Doe.txt": "Jane Doe")."""
    return " / ".join(" ".join(re.split(r"[\s_.-]+", part)) for part in relative.with_suffix("").parts)


def _target(unit: _Unit, name: Scrubbed, tally: Tally) -> Path:
    target = target_of(unit.relative)
    if not name.log.findings:
        return target
    tally.renamed += 1
    names = (Path(f"renamed-{number:04d}{target.suffix}") for number in count(tally.renamed))
    new = next(name for name in names if name not in tally.taken)
    tally.taken.add(new)
    return new


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
