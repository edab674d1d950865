"""Values for the slots of templates: those that languages share, and those of one language.

``values_<language>.py`` holds ``SLOTS``: a function for each slot that takes a source of chance and returns the value
with its label (None: nothing personal), and ``AREAS``: where the people of its texts come from, by weight (keys of
`values_names.AREAS` and "arabic", "korean", "tamil", "bengali", "made-up"). Each language has the slots of `LOCAL`
of its own; a slot of the same name as a shared one replaces it.
Slots that are mere lists of words stand in ``templates/lists_<language>.yaml``.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping
from functools import cache

import values_names as names
import values_numbers as numbers
from values_lists import Words, filled, lists

Piece = tuple[str, str | None]
Slot = Callable[[random.Random], Piece]

LOCAL = (
    "town",
    "region",
    "country",
    "street",
    "zip",
    "org",
    "hospital",
    "court",
    "date",
    "profession",
    "nrp",
    "sex",
    "area",
    "phone",
)
"""Slots that each language module has. ``area`` is a specialty, subject or department, and personal to nobody."""


class Values:
    """Draws values for one language."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self._rng = rng
        self._slots = slots(language)

    def draw(self, slot: str) -> Piece:
        """Return a value for ``slot`` and its label.

        Raises:
            KeyError: no such slot.
        """
        return self._slots[slot](self._rng)


@cache
def slots(language: str) -> Mapping[str, Slot]:
    """Return the slots of a language: the shared ones, then its own."""
    module = importlib.import_module(f"values_{language}")
    return People(module.AREAS).slots() | NUMBERS | _listed(language) | module.SLOTS


def _listed(language: str) -> dict[str, Slot]:
    """Return the slots that are lists of words."""
    return {name: _of_list(language, words) for name, words in lists(language).items()}


def _of_list(language: str, words: Words) -> Slot:
    def draw(rng: random.Random) -> Piece:
        text = rng.choice(words.choices)
        return filled(text, rng, words, lambda slot: slots(language)[slot](rng)[0]), words.label

    return draw


@cache
def running_words(language: str) -> tuple[list[str], list[float]]:
    """Return a language's words and their frequencies, summed: what ordinary text is made of.

    They are those of pyspellchecker that are frequent and, lest a name be taken for a word, stand in no list of names.
    """
    from itertools import accumulate

    from spellchecker import SpellChecker

    frequency = SpellChecker(language=language).word_frequency.dictionary
    frequent = sorted(frequency, key=lambda word: (-frequency[word], word))[:40_000]
    known = names.common_names()
    words = [w for w in frequent if w.isalpha() and (len(w) > 1 or w in "aiyoà") and w not in known]
    return words, list(accumulate(frequency[word] ** 0.6 for word in words))


class People:
    """People's names in the forms that texts write them, for a mix of areas."""

    def __init__(self, areas: Mapping[str, float]) -> None:
        self._areas, self._weights = list(areas), list(areas.values())

    def slots(self) -> dict[str, Slot]:
        """Return the slots of people, what they log in with, and where they write from."""
        of_name: dict[str, tuple[Callable[[random.Random], str], str]] = {
            "name": (self.name, "PERSON"), "plainname": (self.plain, "PERSON"), "given": (self.given, "PERSON"),
            "family": (self.family, "PERSON"), "lastfirst": (self.last_first, "PERSON"), "initials": (self.initials,
            "PERSON"),
            "email": (self.email, "EMAIL_ADDRESS"), "username": (self.username, "USERNAME"), "handle": (self.handle,
            "USERNAME"),
        }  # fmt: skip
        return {slot: _labeled(draw, label) for slot, (draw, label) in of_name.items()}

    def area(self, rng: random.Random) -> str:
        """Return where somebody comes from."""
        return rng.choices(self._areas, self._weights)[0]

    def given(self, rng: random.Random) -> str:
        """Return a given name, now and then a double one."""
        area = self.area(rng)
        name = names.given(rng, area)
        return f"{name}{rng.choice('- ')}{names.given(rng, area)}" if rng.random() < 0.04 else name

    def family(self, rng: random.Random) -> str:
        """Return a family name, now and then a double one."""
        area = self.area(rng)
        name = names.family(rng, area)
        return f"{name}-{names.family(rng, area)}" if rng.random() < 0.05 else name

    def plain(self, rng: random.Random) -> str:
        """Return a given and a family name, mostly of one area."""
        area = self.area(rng)
        first, last = names.given(rng, area), names.family(rng, area if rng.random() < 0.93 else self.area(rng))
        middle = rng.random()
        if middle < 0.06:
            return f"{first} {rng.choice('ABCDEFGHJKLMNPRSTVW')}. {last}"
        if middle < 0.12:
            return f"{first} {names.given(rng, area)} {last}"
        return f"{first} {last}" if middle < 0.97 else f"{first} {names.particle(rng)} {last}"

    def name(self, rng: random.Random) -> str:
        """Return a name in any form: in full, with initials, family name first, in capitals."""
        form = rng.random()
        if form < 0.55:
            return self.plain(rng)
        if form < 0.65:
            return names.initials(rng, rng.choice((". ", "."))) + " " + self.family(rng)
        if form < 0.75:
            return f"{rng.choice('ABCDEFGHIJKLMNOPRSTVW')}. {self.family(rng)}"
        if form < 0.83:
            return self.plain(rng).upper()
        if form < 0.88:
            return f"{self.given(rng)} {self.family(rng).upper()}"
        return f"{self.family(rng)} {self.given(rng)}" if form < 0.93 else self.given(rng) + " " + self.family(rng)

    def last_first(self, rng: random.Random) -> str:
        """Return a family name, a comma and a given name or initial."""
        first = self.given(rng) if rng.random() < 0.8 else rng.choice("ABCDEFGHJKLMNPRSTVW") + "."
        return f"{rng.choice((self.family(rng), self.family(rng).upper()))}, {first}"

    def initials(self, rng: random.Random) -> str:
        """Return initials that stand for somebody: "M. A. B.", "A.B.", "J.K."."""
        return names.initials(rng, rng.choice((". ", ".", ".")))

    def email(self, rng: random.Random) -> str:
        """Return somebody's address."""
        area = self.area(rng)
        return numbers.email(rng, names.given(rng, area), names.family(rng, area))

    def username(self, rng: random.Random) -> str:
        """Return somebody's login."""
        area = self.area(rng)
        return numbers.username(rng, names.given(rng, area), names.family(rng, area))

    def handle(self, rng: random.Random) -> str:
        """Return somebody's login with @."""
        return "@" + self.username(rng)


def _labeled(draw: Callable[[random.Random], str], label: str | None) -> Slot:
    return lambda rng: (draw(rng), label)


def _figure(rng: random.Random) -> str:
    return rng.choice((
        str(rng.randint(1, 20)), str(rng.randint(1, 999)), f"{rng.uniform(0, 100):.1f}",
        f"{rng.randint(1_000, 999_999):,}", f"{rng.uniform(0, 20):.2f}", str(rng.randint(1, 100)) + "%",
        f"{rng.randint(1, 100)} %",
    ))  # fmt: skip


NUMBERS: dict[str, Slot] = {
    name: _labeled(draw, label)
    for name, draw, label in (
        ("id", numbers.identifier, "UNIQUE_ID"),
        ("digits", numbers.digits, "UNIQUE_ID"),
        ("uuid", numbers.uuid, "UNIQUE_ID"),
        ("ip", numbers.ip, "UNIQUE_ID"),
        ("mac", numbers.mac, "UNIQUE_ID"),
        ("vin", numbers.vin, "UNIQUE_ID"),
        ("plate", numbers.plate, "UNIQUE_ID"),
        ("serial", numbers.serial, "UNIQUE_ID"),
        ("iban", numbers.iban, "FINANCIAL_ACCOUNT"),
        ("card", numbers.card, "FINANCIAL_ACCOUNT"),
        ("account", numbers.account, "FINANCIAL_ACCOUNT"),
        ("password", numbers.password, "PASSWORD"),
        ("pin", numbers.pin, "PASSWORD"),
        ("age", lambda rng: str(rng.randint(1, 99) if rng.random() < 0.97 else rng.randint(100, 109)), "AGE"),
        ("num", _figure, None),
        ("n", lambda rng: str(rng.randint(1, 40)), None),
        ("year", lambda rng: str(rng.randint(1950, 2027)), None),
        ("sum", numbers.money, None),
        ("house", lambda rng: str(rng.randint(1, rng.choice((99, 400, 999)))), None),
        ("yy", lambda rng: f"{rng.randint(0, 26):02}", None),
        ("cap", lambda rng: rng.choice("ABCDEFGHJKLMNPRSTVWY"), None),
        ("letters", lambda rng: numbers.filled(rng, rng.choice(("AA", "AAA"))), None),
        ("aged", lambda rng: str(rng.randint(1, 99)), None),
        ("madeup", names.made_up, None),
        ("rule", lambda rng: rng.choice("-=_*.~#") * rng.randint(3, 40), None),
    )
}
"""Numbers that every language has. ``num``, ``n`` (small), ``year`` and ``sum`` are personal to nobody."""
