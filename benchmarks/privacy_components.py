"""Run each part of kdvert's detection alone, to see which found what; `benchmarks/privacy.py` prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kdvert.filescrub.rulebook import everything
from kdvert.privacy import detectors, second_opinion, tagged, tagger, weighing
from kdvert.privacy.languages import language_of
from kdvert.privacy.matching import PatternMatcher
from kdvert.privacy.measurement_gold import Row
from kdvert.privacy.measurement_mapping import LabelMap
from kdvert.privacy.measurement_sources import contributions
from kdvert.privacy.spans import Hit
from kdvert.privacy.steps import alone
from kdvert.stages.scrub import Config

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
    """Return each part as a finder: Presidio's recognizers, those that are data, the tagger, words."""
    specs = [*detectors.generic_specs(), *everything().recognizers]
    parts: dict[str, Find] = {}
    for entity, name in sorted(detectors.STOCK.items()):
        parts[f"Presidio {name}"] = _listed(detectors.stock_matcher([entity]).find)
    for spec in specs:
        parts[f"{spec.name} ({spec.entity})"] = _listed(PatternMatcher([spec]).find)
    for entity in sorted(tagged.ENTITIES):
        parts[f"trained tagger ({entity})"] = _only(_labeled, entity)
    for entity in detectors.TAGGED:
        parts[f"word lists and rules ({entity})"] = _only(_worded, entity)
        parts[f"the same over spaCy's tags ({entity})"] = _only(_asked, entity)
    return parts


def _listed(find: Callable[[str], Iterable[Hit]]) -> Find:
    least = Config().threshold
    return lambda text: [hit for hit in find(text) if hit.score >= least]


def _labeled(text: str) -> list[Hit]:
    language = language_of(text)
    return list(tagged.found(text, tagger.tag([text], language)[0], language))


def _worded(text: str) -> list[Hit]:
    language = language_of(text)
    wanted = frozenset(detectors.TAGGED)
    return list(weighing.english(text, [], wanted) if language == "en" else weighing.romance(text, language))


def _asked(text: str) -> list[Hit]:
    if language_of(text) != "en":
        return []
    known = [(hit.start, hit.end) for hit in _labeled(text)]
    return list(weighing.english(text, alone(second_opinion.tags(text, known, (), {})), frozenset(detectors.TAGGED)))


def _only(find: Find, entity: str) -> Find:
    return lambda text: [hit for hit in find(text) if hit.entity == entity]
