from __future__ import annotations

import re

from kdvert.privacy.placeholders import Numbering, fixed_points
from kdvert.privacy.spans import Piece


def replaced(text: str, *values: tuple[str, str, str], numbers: Numbering | None = None) -> list[str]:
    pieces = []
    cursor = 0
    for entity, value, action in values:
        start = text.index(value, cursor)
        cursor = start + len(value)
        pieces.append(Piece(entity, start, cursor, 1.0, action))
    return (numbers or Numbering.of(text)).replacements(text, pieces, frozenset())


def test_parts_of_a_name_get_the_number_of_the_whole() -> None:
    text = "Alvarez met Maria L. Alvarez, Tom Alvarez and M. Alvarez; Maria left."
    names = ["Alvarez", "Maria L. Alvarez", "Tom Alvarez", "M. Alvarez", "Maria"]
    found = replaced(text, *(("PERSON", name, "replace") for name in names))
    assert found == ["[PERSON_1]", "[PERSON_1]", "[PERSON_2]", "[PERSON_1]", "[PERSON_1]"]


def test_the_same_value_gets_the_same_number_however_it_is_written() -> None:
    text = "call 555-0142, then 555 0142, then 555-0199"
    values = [("PHONE_NUMBER", v, "replace") for v in ("555-0142", "555 0142", "555-0199")]
    assert replaced(text, *values) == ["[PHONE_NUMBER_1]", "[PHONE_NUMBER_1]", "[PHONE_NUMBER_2]"]


def test_numbers_start_after_those_that_stand_there() -> None:
    assert replaced("[PERSON_3] and Ines", ("PERSON", "Ines", "replace")) == ["[PERSON_4]"]


def test_each_action_has_its_form() -> None:
    text = "CVV 417, card 4111111111111111, born May 6, 2024, on May 7"
    found = replaced(
        text,
        ("CARD_SECURITY_CODE", "417", "drop"),
        ("CREDIT_CARD", "4111111111111111", "mask"),
        ("DATE_TIME", "May 6, 2024", "generalize"),
        ("DATE_TIME", "May 7", "generalize"),
    )
    assert found == ["[REMOVED_CARD_SECURITY_CODE]", "****1111", "2024", "[DATE_TIME_1]"]


def test_only_placeholders_of_known_types_are_fixed_points() -> None:
    fixed = fixed_points({"PERSON", "CARD_SECURITY_CODE"})
    text = "[PERSON_1] [REMOVED_CARD_SECURITY_CODE] [JOHN_SMITH_1] ****1234 ****John 90 or older 979XX"
    assert re.findall(fixed, text) == [
        "[PERSON_1]", "[REMOVED_CARD_SECURITY_CODE]", "****1234", "****", "90 or older", "979XX",
    ]  # fmt: skip
