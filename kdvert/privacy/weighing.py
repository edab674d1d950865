"""Draw persons, places, addresses and organizations from spaCy's guesses, word lists and what stands around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from kdvert.privacy import addresses, blocks, names, organizations, places, romance_names
from kdvert.privacy.second_opinion import Tag
from kdvert.privacy.spans import Hit


def english(text: str, tagged: Sequence[Tag], wanted: Set[str]) -> Iterator[Hit]:
    """Yield what is found in an English text.

    Args:
        text: any text.
        tagged: what the spaCy model found in it.
        wanted: the entity types that are looked for; the others are found only where they come along.
    """

    def of(*labels: str) -> list[tuple[int, int]]:
        return [(start, end) for label, start, end in tagged if label in labels]

    persons = names.find(text, of("PERSON"))
    yield from _hits("PERSON", 0.85, persons)
    if wanted & {"LOCATION", "REGION"}:
        towns, regions = places.find(text, of("GPE", "LOC", "FAC"))
        yield from _hits("LOCATION", 0.7, {*towns, *places.cued(text)})
        yield from _hits("REGION", 0.85, {*regions, *places.named_regions(text)})
    if "HEALTH_FACILITY" in wanted:
        yield from _hits("HEALTH_FACILITY", 0.6, places.sites_of_care(text, of("ORG", "FAC", "GPE", "LOC")))
    if "NRP" in wanted:
        yield from _hits("NRP", 0.85, [s for s in of("NORP") if text[s[0]].isupper()])
    street = [addresses.without_town(text, span) for span in addresses.find(text)]
    yield from _hits("STREET_ADDRESS", 0.7, street)
    if "ORGANIZATION" in wanted:
        yield from _hits("ORGANIZATION", 0.85, organizations.find(text, of("ORG"), persons))
    if "OCCUPATION" in wanted:
        yield from _hits("OCCUPATION", 0.6, organizations.jobs(text))
    yield from blocks.find(text, street)


def romance(text: str, language: str) -> Iterator[Hit]:
    """Yield what is found in a Spanish or French text.

    Args:
        text: any text.
        language: ``es`` or ``fr``.
    """
    yield from _hits("STREET_ADDRESS", 0.7, addresses.find(text))
    yield from romance_names.find(text, language)


def _hits(entity: str, score: float, spans: object) -> Iterator[Hit]:
    for start, end in spans:  # type: ignore[attr-defined]
        yield Hit(entity, start, end, score)
