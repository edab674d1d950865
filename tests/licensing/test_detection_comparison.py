"""What was stated against what documents show."""

from __future__ import annotations

import pytest

from kdvert.licensing.detection.comparison import differing, same, settles
from kdvert.licensing.detection.contract import ALL_RIGHTS_RESERVED, Detected


def sign(license_: str | None, *, method: str = "html", exact: bool = True) -> Detected:
    return Detected(license=license_, method=method, where="x", confidence="H", exact=exact)


AGREE = [
    ("CC-BY-4.0", [sign("CC-BY-4.0")]),
    ("CC-BY-3.0", [sign("CC-BY-3.0-US")]),
    ("CC-BY-3.0", [sign("CC-BY-4.0", exact=False)]),
    ("GPL-3.0-or-later", [sign("GPL-3.0-only")]),
    ("CC-BY-4.0 AND MIT", [sign("MIT")]),
    ("MIT OR Apache-2.0", [sign("MIT"), sign("Apache-2.0")]),
    ("MIT OR Apache-2.0", [sign("MIT OR Apache-2.0")]),
    ("MIT", [sign("MIT OR CC-BY-NC-4.0")]),
    ("LicenseRef-US-Government-Work", [sign("LicenseRef-Public-Domain"), sign("CC0-1.0")]),
    ("LicenseRef-Own-Work", [sign(ALL_RIGHTS_RESERVED, method="all-rights-reserved")]),
    ("CC-BY-4.0", [sign(ALL_RIGHTS_RESERVED, method="copyright-line")]),
    ("CC-BY-4.0", [sign("MIT", method="licenses-folder"), sign("CC-BY-4.0", method="licenses-folder")]),
    ("CC-BY-4.0", []),
]
DIFFER = [
    ("CC-BY-4.0", [sign("CC-BY-NC-4.0")]),
    ("CC-BY-4.0", [sign("CC-BY-3.0")]),
    ("CC-BY-4.0", [sign("CC-BY-NC-4.0", exact=False)]),
    ("CC-BY-4.0", [sign(None)]),
    ("CC-BY-4.0", [sign("CC-BY-4.0 AND CC-BY-NC-4.0")]),
    ("CC0-1.0 OR CC-BY-NC-4.0", [sign("CC-BY-NC-4.0")]),
    ("CC0-1.0", [sign(ALL_RIGHTS_RESERVED, method="copyright-line")]),
    ("CC-BY-4.0", [sign(ALL_RIGHTS_RESERVED, method="all-rights-reserved")]),
    ("CC-BY-4.0", [sign("MIT", method="licenses-folder")]),
    ("LicenseRef-Own-Work", [sign("CC-BY-SA-4.0")]),
    ("CC-BY-SA-4.0", [sign("CC0-1.0")]),
]


@pytest.mark.parametrize(("declared", "signs"), AGREE)
def test_signs_that_agree(declared: str, signs: list[Detected]) -> None:
    assert differing(declared, signs) == []


@pytest.mark.parametrize(("declared", "signs"), DIFFER)
def test_signs_that_do_not(declared: str, signs: list[Detected]) -> None:
    assert differing(declared, signs) == signs


def test_one_that_agrees_does_not_silence_another() -> None:
    bad = sign("CC-BY-NC-SA-4.0", method="license-file")
    assert differing("CC-BY-4.0", [sign("CC-BY-4.0"), bad]) == [bad]


def test_what_a_rule_and_a_row_state() -> None:
    assert same("MIT", "MIT")
    assert same("public-domain-us-gov", "LicenseRef-US-Government-Work")
    assert not same("CC-BY-4.0", "CC-BY-NC-4.0")
    assert not same("MIT OR Apache-2.0", "MIT AND Apache-2.0")


def test_the_license_that_a_user_settles() -> None:
    assert settles("CC-BY-NC-4.0", "CC-BY-NC-4.0")
    assert settles("cc by-nc 4.0", "CC-BY-NC-4.0")
    assert settles("unrecognized", None)
    assert settles(ALL_RIGHTS_RESERVED, ALL_RIGHTS_RESERVED)
    assert not settles("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0")
    assert not settles("unrecognized", "MIT")
