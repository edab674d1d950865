"""Values of English texts of many countries that no list of words gives: towns, streets, dates and times."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from functools import cache, partial

import values_names as names
import values_numbers as numbers
from values_lists import lists, pick

Rng = random.Random
Slot = Callable[[Rng], tuple[str, str | None]]

AREAS: dict[str, float] = {
    "english": 34, "irish": 3, "indian": 13, "pakistani": 3, "tamil": 3, "bengali": 2, "african": 6, "arabic": 4,
    "asian": 5, "korean": 2, "spanish": 6, "german": 3, "dutch": 2, "nordic": 2, "italian": 2, "portuguese": 2,
    "slavic": 4, "turkish": 2, "french": 2, "eastern": 2, "baltic": 1, "maghreb": 1, "made-up": 9,
}  # fmt: skip
"""Where people come from."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_BEFORE_TOWNS = ("New ", "Lake ", "Port ", "North ", "South ", "East ", "West ", "St. ", "Fort ", "Mount ", "Upper ")
_HIGHWAYS = ("County Road", "State Route", "Highway", "US-", "FM", "State Highway", "Route")

word = partial(pick, language="en")


@cache
def _faker_towns() -> tuple[str, ...]:
    found: list[str] = []
    for locale in ("en_IN", "de_DE", "nl_NL", "pl_PL", "ro_RO", "cs_CZ", "hr_HR", "fi_FI", "da_DK", "id_ID", "sv_SE"):
        cities = importlib.import_module(f"faker.providers.address.{locale}").Provider.cities
        found += [city for city in cities if isinstance(city, str)][:300]
    return tuple(found)


def town(rng: Rng) -> str:
    """Return a town: a known one, one of Faker's, or one that is nowhere."""
    kind = rng.random()
    if kind < 0.55:
        return word(rng, name="knowntown")
    if kind < 0.75:
        return rng.choice(_faker_towns())
    stem = rng.choice((names.made_up(rng), names.family(rng, "english"), word(rng, name="thing").split()[0]))
    if kind < 0.8:
        return rng.choice(_BEFORE_TOWNS) + stem
    ending = word(rng, name="townend")
    return f"{stem} {ending}" if ending[0].isupper() else stem + ending


def region(rng: Rng) -> str:
    """Return a state, province or county, in full or as a code."""
    if rng.random() < 0.3:
        return word(rng, name="state")
    if rng.random() < 0.5:
        states = importlib.import_module("faker.providers.address.en_US").Provider.states
        return str(rng.choice(list(states)))
    return word(rng, name="area_of_country")


def country(rng: Rng) -> str:
    """Return a country."""
    if rng.random() < 0.6:
        return word(rng, name="knowncountry")
    return str(rng.choice(importlib.import_module("faker.providers.address.en").Provider.countries))


def road(rng: Rng) -> str:
    """Return the name of a road."""
    kind = rng.random()
    if kind < 0.12:
        name = ordinal(rng.randint(1, 160))
    elif kind < 0.55:
        name = word(rng, name="thing")
    elif kind < 0.85:
        name = names.family(rng, "english", "english", "english", "irish", "spanish", "made-up")
    else:
        name = rng.choice((names.given(rng, "english") + " " + names.family(rng, "english"), town(rng)))
    return f"{name} {word(rng, name='roadkind')}"


def ordinal(number: int) -> str:
    """Return "1st", "22nd", "13th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def us_street(rng: Rng) -> str:
    """Return a house and its road as in North America."""
    high = rng.choice((99, 999, 999, 19_999))
    number = str(rng.randint(1, high)) + (rng.choice("AB") if rng.random() < 0.05 else "")
    side = rng.choice(("", "", "", "", "N ", "S. ", "NW ", "West ", "E "))
    text = f"{number} {side}{road(rng)}"
    if rng.random() < 0.06:
        text = f"{number} {rng.choice(_HIGHWAYS)} {rng.randint(1, 900)}"
    return text + rng.choice((", ", " ")) + _unit(rng) if rng.random() < 0.3 else text


def _unit(rng: Rng) -> str:
    return word(rng, name="unit").replace("{n}", str(rng.randint(1, 24))).replace("{house}", str(rng.randint(1, 999)))


def uk_street(rng: Rng) -> str:
    """Return a house and its road as in Britain, Ireland and Australia."""
    text = f"{rng.randint(1, 260)}{rng.choice(('', '', '', 'a', 'B'))}{rng.choice((' ', ' ', ' ', ', '))}{road(rng)}"
    if rng.random() < 0.6:
        return text
    front = word(rng, name="ukfront").replace("{n}", str(rng.randint(1, 60)))
    return (
        front.replace("{given}", names.given(rng, "english")).replace("{family}", names.family(rng, "english")) + text
    )


def date(rng: Rng) -> str:
    """Return a day, with or without its year, or a month with its year, in any notation."""
    year, month, day = rng.randint(1930, 2027), rng.randint(1, 12), rng.randint(1, 28)
    return rng.choice(_in_words(rng, year, month, day) if rng.random() < 0.55 else _in_figures(year, month, day))


def _in_words(rng: Rng, year: int, month: int, day: int) -> tuple[str, ...]:
    name = _MONTHS[month - 1]
    if rng.random() < 0.25:
        name = name[:3] + rng.choice(("", "."))
    nth = ordinal(day)
    return (
        f"{name} {day}, {year}", f"{name} {day}, {year}", f"{day} {name} {year}", f"{day} {name} {year}",
        f"{name} {day}",
        f"{nth} {name}, {year}", f"{nth} {name} {year}", f"{nth} of {name} {year}", f"{day} {name}", f"{name} {nth}",
        f"{name} {nth}, {year}", f"{name} {year}", f"{nth} day of {name}, {year}", f"{name} {day} {year}",
        f"{day}-{name[:3]}-{year}", f"{day:02}{name[:3].upper()}{year}", f"{day}-{name[:3]}-{year % 100:02}",
    )  # fmt: skip


def _in_figures(year: int, month: int, day: int) -> tuple[str, ...]:
    return (
        f"{month:02}/{day:02}/{year}", f"{month}/{day}/{year}", f"{day:02}/{month:02}/{year}", f"{month:02}/{year}",
        f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{day}.{month}.{year}", f"{month}/{day}",
        f"{day:02}-{month:02}-{year}", f"{month}/{day}/{year % 100:02}", f"{month:02}-{day:02}-{year}",
        f"{year}/{month:02}/{day:02}", f"{day:02}/{month:02}/{year % 100:02}",
    )  # fmt: skip


def moment(rng: Rng) -> str:
    """Return a day with its time."""
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    half = "AM" if hour < 12 else "PM"
    at = rng.choice(
        (f"{hour:02}:{minute:02}", f"{hour % 12 or 12}:{minute:02} {half}", f"{hour:02}:{minute:02}:{minute:02}")
    )
    day = f"{rng.randint(2005, 2027)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return rng.choice((f"{date(rng)} {at}", f"{date(rng)} at {at}", f"{day}T{hour:02}:{minute:02}:00Z", f"{day} {at}"))


def clock(rng: Rng) -> str:
    """Return a time of day, which is personal to nobody."""
    hour, minute = rng.randint(1, 12), rng.choice((0, 15, 30, 45, rng.randint(0, 59)))
    half = rng.choice(("am", "pm", "AM", "p.m."))
    return rng.choice((f"{hour}:{minute:02} {half}", f"{hour} {half}", f"{hour + 6:02}:{minute:02}"))


def street(rng: Rng) -> str:
    """Return an address without its town, of an English-speaking country; `abroad` and others are lists."""
    return rng.choices((us_street, uk_street), (60, 40))[0](rng)


def phone(rng: Rng) -> str:
    """Return a phone number of some country."""
    return numbers.phone(rng, "us", "us", "us", "uk", "uk", "in", "in", "ie", "au", "africa", "europe", "asia")


def identity(rng: Rng) -> str:
    """Return the number of a record or of a member."""
    return numbers.digits(rng, 5, 10) if rng.random() < 0.7 else numbers.identifier(rng)


@cache
def _terms() -> tuple[str, ...]:
    from kdvert.privacy.gazetteer import first_names, ordinary_words, regions, surnames

    known = names.common_names() | first_names() | surnames() | regions() | {t.lower() for t in _faker_towns()}
    known |= {town.lower() for town in lists("en")["knowntown"].choices}
    return tuple(sorted(w for w in ordinary_words() if w.isalpha() and len(w) > 2 and w not in known))


def term(rng: Rng) -> str:
    """Return a word of WordNet, of any field and any rarity, that is no name."""
    return rng.choice(_terms())


def _slot(draw: Callable[[Rng], str], label: str | None) -> Slot:
    return lambda rng: (draw(rng), label)


SLOTS: dict[str, Slot] = {
    name: _slot(draw, label)
    for name, draw, label in (
        ("town", town, "LOCATION"), ("region", region, "REGION"), ("country", country, "REGION"),
        ("street", street, "STREET_ADDRESS"), ("usstreet", us_street, "STREET_ADDRESS"),
        ("ukstreet", uk_street, "STREET_ADDRESS"), ("road", road, "STREET_ADDRESS"), ("phone", phone, "PHONE_NUMBER"),
        ("date", date, "DATE_TIME"), ("moment", moment, "DATE_TIME"), ("time", clock, None),
        ("mrn", identity, "UNIQUE_ID"), ("term", term, None), ("Term", lambda rng: term(rng).capitalize(), None),
    )
}  # fmt: skip
"""The English slots that a function draws; the others are lists in ``templates/lists_en.yaml``."""
