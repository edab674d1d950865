from __future__ import annotations

import datetime

import pytest

from kdvert.privacy.generalization import FORMS, GENERALIZABLE, age, birth_year, form, initials, mask, year, zip_area
from kdvert.privacy.policy import regime

SMALL = frozenset(regime("hipaa-safe-harbor").zip3_small)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("03/14/1986", "1986"),
        ("March 14, 2011", "2011"),
        ("2024-05-06", "2024"),
        ("October 2002 to May 2003", "2003"),
        ("May 6", None),
        ("3/14/86", None),
    ],
)
def test_year(value: str, expected: str | None) -> None:
    assert year(value, SMALL) == expected


def test_a_birth_year_that_shows_an_age_over_89_goes() -> None:
    this_year = datetime.date.today().year
    assert birth_year(f"May 6, {this_year - 89}", SMALL) == str(this_year - 89)
    assert birth_year(f"May 6, {this_year - 90}", SMALL) is None
    assert birth_year("May 6", SMALL) is None


def test_every_form_is_named_once_and_given_by_one_type() -> None:
    given = {form(entity, "generalize") for entity in GENERALIZABLE} | {form("US_SSN", "mask")}
    assert given == set(FORMS)
    assert form("PERSON", "replace") == ""


@pytest.mark.parametrize(("value", "expected"), [("93-year-old", "90 or older"), ("101", "90 or older"), ("89", None)])
def test_age(value: str, expected: str | None) -> None:
    assert age(value, SMALL) == expected


@pytest.mark.parametrize(("value", "expected"), [("02139", "021XX"), ("05999", "000XX"), ("97999-1234", "979XX")])
def test_zip_area(value: str, expected: str) -> None:
    assert zip_area(value, SMALL) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Rowan Standridge", "R.S."), ("Mary-Ann O'Neil", "M.A.O."), ("Ana María de la Cruz", "A.M.D.L."), ("張偉", None)],
)
def test_initials(value: str, expected: str | None) -> None:
    assert initials(value, SMALL) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("219-09-9999", "****9999"), ("4111 1111 1111 1111", "****1111"), ("12345", "****"), ("ABCDEFGHIJ", "****")],
)
def test_mask(value: str, expected: str) -> None:
    assert mask(value) == expected
    assert mask(expected) in (expected, "****")
