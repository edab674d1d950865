"""What belongs to a street or a town is taken with it, and nothing else."""

from __future__ import annotations

import pytest

from kdvert.privacy.address_parts import widened
from kdvert.privacy.spans import Hit


def _taken(text: str, street: str, town: str = "") -> list[str]:
    found = [Hit("STREET_ADDRESS", text.index(street), text.index(street) + len(street), 0.6)]
    if town:
        found.append(Hit("LOCATION", text.index(town), text.index(town) + len(town), 0.6))
    return [text[hit.start : hit.end].strip(" ,") for hit in widened(text, found)]


@pytest.mark.parametrize(
    ("text", "street", "town", "parts"),
    [
        ("Deliver to 6/575 Sandoval Road", "Sandoval Road", "", ["6/575"]),
        ("Deliver to Level 9 232 Patrick Gate", "232 Patrick Gate", "", ["Level 9"]),
        ("Send it to Alameda Freitas, 51", "Alameda Freitas", "", ["51"]),
        ("It is at 18 Adam Pathway, Deborahtown", "18 Adam", "", ["Pathway"]),
        ("Parque Pinto, 60, Cavalcante do Galho", "Parque Pinto, 60", "Cavalcante", ["Cavalcante do Galho"]),
        ("Pod Lipami 7, Kravare 617 25", "Pod Lipami 7", "Kravare", ["617 25"]),
    ],
)
def test_parts_are_taken(text: str, street: str, town: str, parts: list[str]) -> None:
    assert _taken(text, street, town) == parts


def test_a_house_in_a_street_named_after_a_person_is_taken_whole() -> None:
    text = "Send it to 66/59 Lowe Ronde, Porto"
    found = [Hit("PERSON", 17, 27, 0.9), Hit("LOCATION", 29, 34, 0.6)]
    assert [text[h.start : h.end] for h in widened(text, found)] == ["66/59 Lowe Ronde"]
    assert list(widened(text, found[:1])) == []


@pytest.mark.parametrize(
    ("text", "street", "town"),
    [
        ("He left Elm Lane, 40 people stayed", "Elm Lane", ""),
        ("He left Elm Lane 12 for good", "Elm Lane 12", ""),
        ("The rent at Elm Lane, 12.5 percent", "Elm Lane", ""),
        ("They met in Porto in 2019", "Elm", "Porto"),
        ("Elm Lane 3 was sold. Years later, in quite another part of Lyon 2019 began", "Elm Lane 3", "Lyon"),
    ],
)
def test_what_belongs_to_no_address_is_left(text: str, street: str, town: str) -> None:
    text = text if street in text else f"{text} at Elm"
    assert _taken(text, street, town) == []
