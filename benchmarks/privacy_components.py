"""Run each part of kdvert's detection alone, to see which found what; `benchmarks/privacy.py` prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from unittest import mock

from kdvert.filescrub.rulebook import everything
from kdvert.privacy import detectors
from kdvert.privacy.detectors import Detector
from kdvert.privacy.measurement_gold import Row
from kdvert.privacy.measurement_mapping import LabelMap
from kdvert.privacy.measurement_sources import contributions
from kdvert.privacy.spans import Hit
from kdvert.stages.scrub import Config
from kdvert.verticals import RecognizerSpec

Find = Callable[[str], list[Hit]]


def table(name: str, rows: Sequence[Row], labels: LabelMap | None) -> Iterator[str]:
    """Yield a Markdown table: what each component took, and what of it nothing else took."""
    parts = components()
    found: list[Mapping[str, Sequence[Hit]]] = [{part: find(row.text) for part, find in parts.items()} for row in rows]
    yield from ("", f"## {name}, which component found what", "")
    yield "Each component runs alone, on the raw text. *Alone*: what no other took. Entities: missed without it."
    yield ""
    yield "| component | characters right | alone | wrong | alone | entities found by it alone |"
    yield "|---|--:|--:|--:|--:|--:|"
    for c in contributions(rows, found, labels):
        yield f"| {c.name} | {c.right:,} | {c.right_alone:,} | {c.wrong:,} | {c.wrong_alone:,} | {c.entities_alone:,} |"


def components() -> dict[str, Find]:
    """Return each part as a finder: Presidio's recognizers, recognizers as data, and the rest by what it finds."""
    specs = [*detectors.generic_specs(), *everything().recognizers]
    parts: dict[str, Find] = {}
    with mock.patch.object(detectors, "TAGGED", ()):
        for entity, name in sorted(detectors.STOCK.items()):
            parts[f"Presidio {name}"] = _finder([], [entity])
        with mock.patch.object(detectors, "STOCK", {}):
            for spec in specs:
                parts[f"{spec.name} ({spec.entity})"] = _finder([spec], [spec.entity])
    with mock.patch.object(detectors, "STOCK", {}):
        named = _finder([], list(detectors.TAGGED))
    return parts | {f"spaCy, word lists and rules ({entity})": _only(named, entity) for entity in detectors.TAGGED}


def _finder(specs: Sequence[RecognizerSpec], targets: Sequence[str]) -> Find:
    detector = Detector(specs, targets, Config().threshold)
    detector.find("It is here.", {})  # builds it now, with what it is meant to hold
    return lambda text: detector.find(text, {})


def _only(find: Find, entity: str) -> Find:
    return lambda text: [hit for hit in find(text) if hit.entity == entity]
