"""What the Spanish and the French values share: lists that refer to each other, names by sex, names before a court.

``words_<language>.yaml`` holds ``label: {slot: [line, …]}``. A line is one alternative, or several between ``|``; in
a line ``<slot>`` stands for a value of another slot, ``#`` for a digit, ``¤`` for a capital letter. "none" is the label
of what is personal to nobody.
"""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import values_names as names
import yaml

Piece = tuple[str, str | None]
Slot = Callable[[random.Random], Piece]
Text = Callable[[random.Random], str]

COURT_AREAS = {area: 1.0 * names.EUROPE.count(area) for area in dict.fromkeys(names.EUROPE)} | {
    "arabic": 1.5, "african": 1.0, "indian": 0.5, "asian": 0.5, "made-up": 2.0,
}  # fmt: skip
"""Where the people come from whose cases a European court hears, by weight."""

_MARKS = {"#": "0123456789", "¤": "ABCDEFGHJKLMNPRSTVWXYZ"}


class Words:
    """The values of a language: lists of words, and functions for what no list holds."""

    def __init__(self, language: str, texts: Mapping[str, tuple[Text, str | None]]) -> None:
        path = Path(__file__).with_name(f"words_{language}.yaml")
        self._lists = {
            slot: ([line.split("|") for line in lines], None if label == "none" else label)
            for label, of_label in yaml.safe_load(path.read_text(encoding="utf-8")).items()
            for slot, lines in of_label.items()
        }
        self._texts = texts

    def slots(self) -> dict[str, Slot]:
        """Return a function for each slot that draws a value with its label."""
        labels = {slot: label for slot, (_, label) in (self._lists | self._texts).items()}
        return {slot: self._slot(slot, label) for slot, label in labels.items()}

    def text(self, rng: random.Random, slot: str) -> str:
        """Return a value of a slot without its label."""
        if slot in self._texts:
            return self._texts[slot][0](rng)
        return self.filled(rng, rng.choice(rng.choice(self._lists[slot][0])))

    def filled(self, rng: random.Random, line: str) -> str:
        """Fill the digits, letters and references of one alternative."""
        parts = re.split(r"<(\w+)>", line)
        return "".join(self.text(rng, x) if i % 2 else _marks_filled(rng, x) for i, x in enumerate(parts))

    def _slot(self, slot: str, label: str | None) -> Slot:
        return lambda rng: (self.text(rng, slot), label)


def _marks_filled(rng: random.Random, text: str) -> str:
    return re.sub("[#¤]", lambda m: rng.choice(_MARKS[m.group()]), text)


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
        return f"{first} {names.particle(rng)} {last}"
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
