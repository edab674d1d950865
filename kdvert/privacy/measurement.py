"""Measure what a finder of personal data finds, misses and wrongly takes, on texts in which people marked it.

An entity, that is all mentions of one text under one label in one row, is found when every mention is covered
(Pilán et al. 2022, arXiv 2202.00443). Recall does not ask under which type; precision asks of every character
taken whether any gold span covers it. `measurement_statistics` says how the intervals are made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdvert.errors import GateBlocked
from kdvert.privacy.measurement_counts import ALL, Key, Taken, count
from kdvert.privacy.measurement_gold import Row, read_gold
from kdvert.privacy.measurement_mapping import LabelMap, read_mapping
from kdvert.privacy.measurement_statistics import NOTHING, Measure, Table
from kdvert.progress import Progress, Silent, track

Find = Callable[[str, str | None], Iterable[Taken]]
"""Text and its language (two letters, None: not known) to what is taken from it."""

COLUMNS = ("type", "entities", "entity recall", "character recall", "character precision", "F2")
"""Headings of `Report.rows`."""


@dataclass(frozen=True)
class Scores:
    """How well one type, or all of them, is found.

    Attributes:
        entity_recall: entities of which every mention is covered.
        character_recall: marked characters that are covered.
        character_precision: for all types, what was taken that is marked at all; for one type, the same of what was
            taken under its name (nothing without a mapping, unless the names agree by themselves).
        f2: of character recall and precision.
        typed: characters found that were found under a fitting type; nothing without a mapping.
    """

    entity_recall: Measure
    character_recall: Measure
    character_precision: Measure = NOTHING
    f2: Measure = NOTHING
    typed: Measure = NOTHING

    def to_json(self) -> dict[str, Any]:
        """Return the shares as numbers, and their 95 % intervals under ``intervals``."""
        return {**_values(vars(self)), "entities": self.entity_recall.of, "found": self.entity_recall.hits}


@dataclass(frozen=True)
class Shortfall:
    """A type that is found less often than its floor asks.

    Attributes:
        value: entity recall.
        entities: how many entities the value rests on.
    """

    type: str
    value: float
    floor: float
    entities: int


@dataclass(frozen=True)
class Report:
    """What was measured on one gold file.

    Attributes:
        texts: rows of the file.
        characters: of all texts.
        overall: all types together.
        types: by gold label, or by the type that a mapping gives it.
        findings: by type of finding, how much of what it took is marked.
        ignored: spans by gold label that the mapping does not count.
        outside: spans by gold label of a type that the policy does not act on.
    """

    texts: int
    characters: int
    overall: Scores
    types: Mapping[str, Scores]
    findings: Mapping[str, Measure]
    ignored: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain data: shares between 0 and 1, None where there was nothing to count."""
        return {
            **self.overall.to_json(),
            "texts": self.texts,
            "characters": self.characters,
            "types": {name: scores.to_json() for name, scores in self.types.items()},
            "findings": {
                name: {"characters": m.of, "precision": m.value, "interval": [m.low, m.high]}
                for name, m in self.findings.items()
            },
            "ignored": dict(self.ignored),
            "outside_policy": dict(self.outside),
            "intervals_are": "95 %; entity_recall: Wilson with design effect; others: bootstrap over texts",
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table for people, under `COLUMNS`: a line per type, most entities first, and one for all."""
        ordered = sorted(self.types.items(), key=lambda item: (-item[1].entity_recall.of, item[0]))
        return [_line(name, scores) for name, scores in [*ordered, ("all", self.overall)]]

    def under(self, floors: Mapping[str, float]) -> list[Shortfall]:
        """Return the types whose entity recall is below their floor; a type without gold is not judged."""
        return [
            Shortfall(name, recall.value, floor, recall.of)
            for name, floor in sorted(floors.items())
            if name in self.types
            and (recall := self.types[name].entity_recall).value is not None
            and recall.value < floor
        ]

    def unjudged(self, floors: Mapping[str, float]) -> list[str]:
        """Return the types that have a floor and no gold."""
        return sorted(name for name in floors if name not in self.types)

    def enforce(self, floors: Mapping[str, float]) -> None:
        """Let pass what reaches its floors.

        Raises:
            GateBlocked: some type does not; each is named, with its value. The whole report is in the details.
        """
        if short := self.under(floors):
            said = "; ".join(f"{s.type} {s.value:.3f} of {s.entities} (floor {s.floor:g})" for s in short)
            raise GateBlocked(
                f"Entity recall is below its floor: {said}.",
                hint="Mend the recognizers of these types, or the gold; floors stand in the vertical's privacy.yaml.",
                details={**self.to_json(), "under": [vars(s) for s in short]},
            )


def measure(
    gold: Path,
    find: Find,
    mapping: Path | None = None,
    *,
    known: Collection[str] = (),
    targets: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run a finder over a gold file.

    Args:
        gold: JSON lines; see `measurement_gold.read_gold`.
        find: what is measured.
        mapping: YAML, gold label to entity type, ``ignore`` or ``leave``; None: labels count under their own names.
        known: every entity type there is, to check the mapping by.
        targets: the types that the policy acts on; gold of other types is then left out, if a mapping tells it.
        progress: shows texts done.

    Raises:
        UserError: the gold file or the mapping is wrong.
    """
    labels = read_mapping(mapping, known) if mapping else LabelMap()
    rows = read_gold(gold)
    labels.covers(span.label for row in rows for span in row.spans)
    watched = track(progress or Silent(), "measure", rows)
    return score(rows, [list(find(row.text, row.language)) for row in watched], labels, targets=targets)


def score(
    rows: Sequence[Row],
    found: Sequence[Iterable[Taken]],
    labels: LabelMap | None = None,
    *,
    targets: Collection[str] | None = None,
) -> Report:
    """Score findings that are there already, one collection a row; see `measure`."""
    whole = labels or LabelMap()
    acted = whole if targets is None else whole.within(targets)
    counts = [count(row, taken, acted) for row, taken in zip(rows, found, strict=True)]
    table = Table(counts)
    of = _span_counts(rows)
    ignored = {label: n for label, n in of.items() if whole.name(label) is None}
    return Report(
        texts=len(rows),
        characters=sum(len(row.text) for row in rows),
        overall=_scores(table, ALL),
        types={name: _scores(table, name) for name in sorted(table.names("entity")) if name != ALL},
        findings={name: table.ratio(Key("precision", name)) for name in table.names("precision") if name != ALL},
        ignored=ignored,
        outside={label: n for label, n in of.items() if acted.name(label) is None and label not in ignored},
    )


def _scores(table: Table, name: str) -> Scores:
    recall, precision = Key("character", name), Key("precision", name)
    return Scores(
        table.proportion(Key("entity", name)),
        table.ratio(recall),
        table.ratio(precision),
        table.f2(recall, precision),
        table.ratio(Key("typed", name)),
    )


def _span_counts(rows: Sequence[Row]) -> dict[str, int]:
    of: dict[str, int] = {}
    for row in rows:
        for span in row.spans:
            of[span.label] = of.get(span.label, 0) + 1
    return dict(sorted(of.items()))


def _values(measures: Mapping[str, Measure]) -> dict[str, Any]:
    numbers: dict[str, Any] = {name: m.value for name, m in measures.items()}
    return {**numbers, "intervals": {name: [m.low, m.high] for name, m in measures.items() if m.value is not None}}


def _line(name: str, scores: Scores) -> tuple[str, ...]:
    shown = (scores.entity_recall, scores.character_recall, scores.character_precision, scores.f2)
    return (name, f"{scores.entity_recall.of:,}", *map(written, shown))


def written(measure: Measure) -> str:
    """Return a share and its interval to two places, or a dash."""
    if measure.value is None or measure.low is None or measure.high is None:
        return "–"
    return f"{measure.value:.2f} ({measure.low:.2f}–{measure.high:.2f})"
