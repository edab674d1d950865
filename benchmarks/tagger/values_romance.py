"""What the values of Spanish and French texts share: names by sex, people before a European court, numbers."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping
from functools import cache

import values_names as names
from values_lists import lists

Piece = tuple[str, str | None]
Slot = Callable[[random.Random], Piece]
Text = Callable[[random.Random], str]

COURT_AREAS = {area: 1.0 * names.EUROPE.count(area) for area in dict.fromkeys(names.EUROPE)} | {
    "arabic": 1.5, "african": 1.0, "indian": 0.5, "asian": 0.5, "made-up": 2.0,
}  # fmt: skip
"""Where the people come from whose cases a European court hears, by weight."""


def labeled(label: str | None, **draws: Text) -> dict[str, Slot]:
    """Return slots of one label (None: personal to nobody)."""
    return {slot: _slot(draw, label) for slot, draw in draws.items()}


def _slot(draw: Text, label: str | None) -> Slot:
    return lambda rng: (draw(rng), label)


@cache
def table(module: str, attribute: str) -> tuple[str, ...]:
    """Return a table of a Faker provider: its distinct texts (the second of each row of several), sorted."""
    provider = importlib.import_module(f"faker.providers.{module}").Provider
    rows = getattr(provider, attribute)
    if isinstance(rows, dict):  # codes with their names, or names with their weights
        rows = [value if isinstance(value, str) else key for key, value in rows.items()]
    return tuple(sorted({row if isinstance(row, str) else row[1] for row in rows}))


def gendered(rng: random.Random, sex: str, *locales: str) -> str:
    """Return a given name of a ``sex`` ("female", "male") from one of Faker's ``locales``."""
    return rng.choice(table(f"person.{rng.choice(locales)}", f"first_names_{sex}"))


def area_of(rng: random.Random, areas: Mapping[str, float]) -> str:
    """Return an area (see `values_names.AREAS`) by its weight."""
    return rng.choices(list(areas), list(areas.values()))[0]


def foreign(rng: random.Random) -> str:
    """Return the full name of somebody before a European court."""
    area = area_of(rng, COURT_AREAS)
    first, last = names.given(rng, area), names.family(rng, area)
    form = rng.random()
    if form < 0.08:
        return f"{first[0]}. {last}"
    if form < 0.14:
        return f"{first} {names.given(rng, area)} {last}"
    if form < 0.2:
        return f"{first} {last}{rng.choice('- ')}{names.family(rng, area)}"
    if form < 0.24:
        return f"{first} {names.particle(rng)} {last}".replace("' ", "'")
    return f"{first} {last}"


def foreign_family(rng: random.Random) -> str:
    """Return the family name of somebody before a European court."""
    return names.family(rng, area_of(rng, COURT_AREAS))


def person_initials(rng: random.Random) -> str:
    """Return initials that stand for a person, as decisions write them."""
    if rng.random() < 0.15:
        return rng.choice("ABCDKLMNPRSTVXYZ") + rng.choice(("", ".", "."))
    text = names.initials(rng, rng.choice((".", ".", ". ")))
    return text if rng.random() < 0.85 else f"{text[0]}. {foreign_family(rng)}"


def fraction(rng: random.Random, mark: str = ",") -> str:
    """Return a small number, often with decimals behind ``mark``."""
    return (
        str(rng.randint(1, 300))
        if rng.random() < 0.6
        else f"{rng.uniform(0, 30):.{rng.randint(1, 2)}f}".replace(".", mark)
    )


def amount(rng: random.Random, thousands: str, decimals: str) -> str:
    """Return a sum's figure with marks between the thousands and before the decimals."""
    whole = rng.choice((rng.randint(5, 999), rng.randint(1_000, 99_999), rng.randint(100_000, 9_000_000)))
    text = f"{whole:,}".replace(",", thousands) if rng.random() < 0.85 else str(whole)
    return text + (f"{decimals}{rng.randint(0, 99):02}" if rng.random() < 0.3 else "")


def application_number(rng: random.Random) -> str:
    """Return the number of an application to a court of human rights."""
    return f"{rng.randint(1, 79_999)}/{rng.randint(80, 124) % 100:02}"


def ordinary_word(rng: random.Random, language: str) -> str:
    """Return a word of four letters or more of the language's ordinary text that no list gives a label."""
    from values import running_words  # `values` loads the modules of languages, which import this one

    words, summed = running_words(language)
    while True:
        word = rng.choices(words, cum_weights=summed)[0]
        if len(word) > 3 and word not in _labeled_words(language):
            return word


@cache
def _labeled_words(language: str) -> frozenset[str]:
    choices = (entry.choices for entry in lists(language).values() if entry.label)
    return frozenset(word.lower() for words in choices for word in words)


def clock(rng: random.Random, *forms: str) -> str:
    """Return a time of day in one of ``forms`` ("{h}:{m:02}")."""
    return rng.choice(forms).format(h=rng.randint(0, 23), m=rng.choice((0, 5, 10, 15, 20, 30, 35, 40, 45, 50, 55)))


def numeric_date(rng: random.Random, first: int, last: int) -> str:
    """Return a date in figures, day first, between two years."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(first, last)
    mark = rng.choice("///-.")
    if rng.random() < 0.08:
        return f"{year}-{month:02}-{day:02}"
    shown = year if rng.random() < 0.8 else f"{year % 100:02}"
    return f"{day:02}{mark}{month:02}{mark}{shown}" if rng.random() < 0.75 else f"{day}{mark}{month}{mark}{shown}"
