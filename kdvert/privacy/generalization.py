"""Coarser forms of personal data that a regime lets stay: a year, an age class, a ZIP area, initials, last digits.

Every form is a fixed point: no recognizer finds anything in it, so scrubbing again changes nothing.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping

OLDEST = "90 or older"
OLDEST_SHOWN = 89
"""Years of age up to which an age, or the year of a birth, may stay."""
MASK = "****"
KEPT_DIGITS = 4

FIXED_POINTS = (
    re.escape(OLDEST),
    r"\b\d{3}XX\b",
    r"\*{4}(?:(?=[A-Za-z0-9]{0,3}\d)[A-Za-z0-9]{4}(?![A-Za-z0-9]))?",
)
"""Regular expressions of the forms that this module writes and that must be left alone."""

_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d{2}(?!\d)")


def year(value: str, zip3_small: frozenset[str]) -> str | None:
    """Return the year of a calendar date; None if it states none with four digits."""
    years = _YEAR.findall(value)
    return str(years[-1]) if years else None


def birth_year(value: str, zip3_small: frozenset[str]) -> str | None:
    """Return the year of a birth date; None if it gives an age over 89 away (45 CFR 164.514(b)(2)(i)(C))."""
    found = year(value, zip3_small)
    return found if found and datetime.date.today().year - int(found) <= OLDEST_SHOWN else None


def age(value: str, zip3_small: frozenset[str]) -> str | None:
    """Return the class of ages over 89."""
    digits = re.search(r"\d+", value)
    return OLDEST if digits and int(digits.group()) > OLDEST_SHOWN else None


def zip_area(value: str, zip3_small: frozenset[str]) -> str | None:
    """Return the three-digit area of a US postal code, or 000 where too few people live in it."""
    area = re.match(r"\d{3}", value)
    if area is None:
        return None
    return "000XX" if area.group() in zip3_small else f"{area.group()}XX"


def initials(value: str, zip3_small: frozenset[str]) -> str | None:
    """Return the initials of a name ("Rowan Standridge": "R.S.")."""
    letters = [word[0].upper() for word in re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", value)]
    plain = [letter for letter in letters if "A" <= letter <= "Z"]
    return "".join(f"{letter}." for letter in plain[:4]) if plain else None


def mask(value: str) -> str:
    """Hide all but the last four characters; hide all of a short value, or one whose end holds no digit."""
    kept = re.sub(r"[^A-Za-z0-9]", "", value)
    tail = kept[-KEPT_DIGITS:]
    shown = len(kept) >= 2 * KEPT_DIGITS and any(c.isdigit() for c in tail)
    return MASK + tail if shown else MASK


GENERALIZABLE: dict[str, Callable[[str, frozenset[str]], str | None]] = {
    "AGE": age,
    "DATE_OF_BIRTH": birth_year,
    "DATE_TIME": year,
    "PERSON": initials,
    "ZIP_CODE": zip_area,
}
"""Entity types that have a coarser form, with the function that gives it.

Each takes the value and the ZIP areas that may not be shown; None means that the value has no coarser form and is
replaced instead.
"""

MASKED = "last_four"

FORMS: Mapping[str, str] = {
    "age_90_or_older": "the words '90 or older' for an age of 90 or more",
    "birth_year": "the year of a birth, unless it gives an age over 89 away",
    "initials": "the initials of a name",
    MASKED: "the last four characters of a number of eight or more, if a digit is among them",
    "year": "the year of a date",
    "zip_area": "the first three digits of a ZIP code, or 000 where too few people live in the area",
}
"""What may be left of a value, by the name that regimes give it."""

_FORM_OF: Mapping[Callable[[str, frozenset[str]], str | None], str] = {
    age: "age_90_or_older",
    birth_year: "birth_year",
    initials: "initials",
    year: "year",
    zip_area: "zip_area",
}


def form(entity: str, action: str) -> str:
    """Return the name of what ``action`` leaves of a value of this type; empty if it leaves nothing.

    Raises:
        KeyError: the type has no coarser form.
    """
    if action == "generalize":
        return _FORM_OF[GENERALIZABLE[entity]]
    return MASKED if action == "mask" else ""


def kind(entity: str) -> str:
    """Return what a type is a kind of: two findings of one kind on one stretch have one coarser form."""
    return "DATE_TIME" if entity == "DATE_OF_BIRTH" else entity
