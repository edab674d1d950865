from __future__ import annotations

import pytest

from kdvert.privacy import checksums

PUBLISHED = [
    ("npi", "1234567893", "1234567894"),  # the example of the CMS check digit document
    ("dea", "AB1234563", "AB1234564"),
    ("vin", "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"),  # 49 CFR 565 example
    ("mbi", "1EG4TE5MK73", "1EG4TE5MKB3"),  # the specimen card of CMS
    ("isin", "US0378331005", "US0378331006"),
    ("cusip", "037833100", "037833101"),
    ("aba", "021000021", "021000022"),
    ("iban", "DE89370400440532013000", "DE88370400440532013000"),
    ("isni", "0000000218250097", "0000000218250098"),  # ORCID's example record
    ("nhs", "9434765919", "9434765918"),
    ("not_isin", "US0378331006", "US0378331005"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), PUBLISHED)
def test_the_checks_know_published_numbers(name: str, right: str, wrong: str) -> None:
    assert checksums.named(name)(right)
    assert not checksums.named(name)(wrong)


@pytest.mark.parametrize("name", checksums.names())
@pytest.mark.parametrize("value", ["", "1", "ß", "٣٤٥", "A" * 5000])
def test_a_check_answers_whatever_it_is_given(name: str, value: str) -> None:
    assert checksums.named(name)(value) is (name == "not_isin")


def test_positive_checks_leave_out_the_negations() -> None:
    assert not any(check("Q") for check in checksums.positive())
