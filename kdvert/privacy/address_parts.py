"""Take with a street or a town what else belongs to it: part of a house, a number, a kind of road, a river.

A tagger finds the middle of an address surely and its ends less so: "6/575" before a street, ", 51" behind one, "do
Galho" behind a town.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy.spans import Hit

SCORE = 0.5
NEAR = 40
"""Characters between a street and its town."""
_GAP = 3
"""The same where nothing but blanks and a comma stand between."""

_HEAD = re.compile(
    r"(?<![\w.,/-])"
    r"(?:(?:Studio|Level|Unit|Flat|Suite|Apt\.?|Apartment|Floor|Shop|Lot)[ ](?:\d{1,5}[A-Za-z]?,?[ ]{1,2})?)?"
    r"(?:\d{1,6}[A-Za-z]?(?:/\d{1,5})?,?[ ]{1,2})?$"
)
_NUMBER = re.compile(
    r",?[ ](?:n[.ºo°]{0,2}[ ]?)?(?:\d{1,5}(?:[ ]?[A-Z]\b)?(?:[/-]\d{1,4}){0,2}|S/N)"
    r"(?![\w%]|[.,:]\d|[ ](?:km|miles?|years?|people|am|pm)\b)"
)
_ANNOUNCED = re.compile(r"(?:\b(?:at|to|on|in|address|is)\b:?[ ]|(?:^|\n)[ ]*)$")
"""Before an address in a sentence, or on a line of its own."""
_ROAD = re.compile(r"(?:[ ]\p{Lu}\p{Ll}+){1,2}(?=[ ]*(?:[\n,?!;]|\.?$))")
_RIVER = re.compile(
    r"(?:[ -](?:do|da|de|dos|das|del|della|di|du|sur|sous|lès|am|im|bei|upon|(?:an|ob|in)[ ]der)[ -]"
    r"\p{Lu}[\p{L}’'-]+){1,2}"
)
_WORD = re.compile(r"[ ]\p{Lu}[\p{L}’'-]+")
_OPEN = re.compile(r"[ ](?:do|da|de|dos|del|der|di|du|sur|am|im|an|ob|upon|la|le)$")
_CODE = re.compile(r",?\s{1,3}(?:\d{3}[ ]\d{2}|\d{4,6}(?:-\d{3,4})?)(?![\w/-]|[.,]\d)")


def widened(text: str, found: Sequence[Hit]) -> Iterator[Hit]:
    """Yield what belongs to the streets and towns among ``found``.

    Args:
        text: any text.
        found: findings of every type.
    """
    streets = [(h.start, h.end) for h in found if h.entity == "STREET_ADDRESS"]
    for start, end in streets:
        head = _HEAD.search(text, max(0, start - 20), start)
        if head and head.start() < start:
            yield Hit("STREET_ADDRESS", head.start(), start, SCORE)
        if tail := _tail(text, start, end):
            yield Hit("STREET_ADDRESS", end, tail, SCORE)
    towns = [h for h in found if h.entity in ("LOCATION", "CITY", "REGION", "ZIP_CODE")]
    for hit in found:
        if hit.entity == "PERSON":
            yield from _named_after(text, hit, towns)
    for hit in towns:
        if hit.entity != "ZIP_CODE":
            yield from _of_town(text, hit, streets)


def _named_after(text: str, person: Hit, towns: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the number of a house whose street has the name of a person: "at 66/59 Lowe Ronde, Porto"."""
    head = _HEAD.search(text, max(0, person.start - 20), person.start)
    first = head.start() if head else person.start
    number = _NUMBER.match(text, person.end)
    last = number.end() if number else person.end
    near = any(0 <= town.start - last <= _GAP and not text[last : town.start].strip(" ,\n") for town in towns)
    numbered = first < person.start or bool(number)
    if not (near and numbered and _ANNOUNCED.search(text, max(0, first - 12), first)):
        return
    yield Hit("STREET_ADDRESS", first, last, SCORE)


def _tail(text: str, start: int, end: int) -> int:
    """Return the end of the number behind a street, or of the kind of road behind a number and a name; 0 if none."""
    if not any(c.isdigit() for c in text[start:end]):
        match = _NUMBER.match(text, end)
    else:
        match = _ROAD.match(text, end) if text[start].isdigit() else None
    return match.end() if match else 0


def _of_town(text: str, town: Hit, streets: Sequence[tuple[int, int]]) -> Iterator[Hit]:
    end = town.end
    rest = _WORD.match(text, end) if _OPEN.search(text, town.start, end) else None
    if river := rest or _RIVER.match(text, end):
        end = river.end()
        yield Hit(town.entity, town.start, end, SCORE)
    behind = any(0 <= town.start - street_end <= NEAR for _, street_end in streets)
    if behind and (code := _CODE.match(text, end)):
        yield Hit("ZIP_CODE", code.start() + len(code.group()) - len(code.group().lstrip(", \n\t")), code.end(), SCORE)
