"""Count what was found and what was wrongly taken, text by text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from kdvert.privacy.measurement_gold import Row, Span
from kdvert.privacy.measurement_mapping import LabelMap

if TYPE_CHECKING:
    import numpy as np

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

Kind = Literal["entity", "character", "typed", "precision"]

ALL = ""
"""The name under which all types together are counted; no label is empty."""


class Key(NamedTuple):
    """What a proportion is about.

    ``entity`` and ``character`` are recalls of a gold type, ``typed`` is the part of what was found of it under a
    fitting type, ``precision`` is that of a type of finding.
    """

    kind: Kind
    name: str


Counts = dict[Key, tuple[int, int]]
"""Hits, and out of how many, by what they are about."""


class Taken(Protocol):
    """A finding: `kdvert.privacy.spans.Hit` and `kdvert.records.Finding` are such."""

    @property
    def entity(self) -> str:
        """Entity type."""

    @property
    def start(self) -> int:
        """First offset."""

    @property
    def end(self) -> int:
        """Offset behind the last character."""


@dataclass(frozen=True)
class Entity:
    """All mentions of one text under one name in one row."""

    name: str
    mentions: tuple[Span, ...]


def entities(row: Row, labels: LabelMap) -> list[Entity]:
    """Group the spans of ``row`` that count to entities, as the Text Anonymization Benchmark does.

    Source: Pilán et al. 2022, arXiv 2202.00443. Our gold files know no coreference: equal texts are one entity.
    """
    groups: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in dict.fromkeys(row.spans):
        if name := labels.name(span.label):
            groups[name, row.text[span.start : span.end]].append(span)
    return [Entity(name, tuple(mentions)) for (name, _), mentions in groups.items()]


def covered(row: Row, spans: Iterable[Taken | Span]) -> Mask:
    """Return for every character of ``row`` whether a span covers it."""
    import numpy as np

    mask = np.zeros(len(row.text), dtype=bool)
    for span in spans:
        mask[span.start : span.end] = True
    return mask


def is_found(row: Row, entity: Entity, taken: Mask) -> bool:
    """Return whether every mention is covered.

    Blanks and punctuation need not be: two findings on a first and a last name cover the whole name.
    """
    return all(all(taken[i] for i in _telling(row.text, m)) for m in entity.mentions)


def _telling(text: str, span: Span) -> Iterator[int]:
    inside = range(span.start, span.end)
    letters = [i for i in inside if text[i].isalnum()]
    return iter(letters or inside)


def count(row: Row, found: Iterable[Taken], labels: LabelMap) -> Counts:
    """Count one row.

    Recall asks only whether something was taken, under whatever type: a value that is gone is gone. Precision asks
    of every character taken whether some gold span covers it; characters of ignored spans are left out of both.
    """
    found = list(found)
    taken = covered(row, found)
    tally = _Tally()
    for entity in entities(row, labels):
        hit = is_found(row, entity, taken)
        tally.add("entity", entity.name, hit, 1)
        tally.add("entity", ALL, hit, 1)
    _recall(row, found, labels, tally)
    _precision(row, found, labels, tally)
    return {key: (hits, of) for key, (hits, of) in tally.items()}


class _Tally(defaultdict[Key, tuple[int, int]]):
    def __init__(self) -> None:
        super().__init__(lambda: (0, 0))

    def add(self, kind: Kind, name: str, hits: int, of: int) -> None:
        """Count ``of`` more chances, of which ``hits`` were hits."""
        before = self[Key(kind, name)]
        self[Key(kind, name)] = (before[0] + int(hits), before[1] + int(of))


def _recall(row: Row, found: list[Taken], labels: LabelMap, tally: _Tally) -> None:
    taken, names = covered(row, found), defaultdict(list)
    for span in row.spans:
        if name := labels.name(span.label):
            names[name].append(span)
    for name, spans in names.items():
        gold = covered(row, spans)
        tally.add("character", name, (gold & taken).sum(), gold.sum())
        if types := {type_ for span in spans for type_ in labels.fits(span.label)}:
            rightly = covered(row, (f for f in found if f.entity in types))
            tally.add("typed", name, (gold & rightly).sum(), (gold & taken).sum())
    gold = covered(row, (span for spans in names.values() for span in spans))
    tally.add("character", ALL, (gold & taken).sum(), gold.sum())


def _precision(row: Row, found: list[Taken], labels: LabelMap, tally: _Tally) -> None:
    gold = covered(row, (s for s in row.spans if labels.name(s.label)))
    judged = gold | ~covered(row, (s for s in row.spans if labels.is_ignored(s.label)))
    types: dict[str, list[Taken]] = defaultdict(list)
    for finding in found:
        types[finding.entity].append(finding)
    for name, findings in [(ALL, found), *sorted(types.items())]:
        taken = covered(row, findings) & judged
        tally.add("precision", name, (gold & taken).sum(), taken.sum())
