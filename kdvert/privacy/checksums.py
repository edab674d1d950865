"""Check digits by name: what tells a number of one kind from any other of its shape.

Most come from python-stdnum; those that it lacks are here. A pattern of a recognizer names one
(``PatternSpec.checksum``), and made-up numbers keep those that their originals pass.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from kdvert.verticals import PatternSpec

Check = Callable[[str], bool]
"""Takes the letters and digits of a value, without what stands between them."""

_STDNUM = {
    "aadhaar": "in_.aadhaar",
    "aba": "us.rtn",
    "bic": "bic",
    "cif": "es.cif",
    "cusip": "cusip",
    "dni": "es.dni",
    "iban": "iban",
    "imei": "imei",
    "isin": "isin",
    "isni": "isni",
    "itin": "us.itin",
    "luhn": "luhn",
    "nhs": "gb.nhs",
    "nie": "es.nie",
    "nif": "es.nif",
    "nir": "fr.nir",
    "pan": "in_.pan",
    "siren": "fr.siren",
    "siret": "fr.siret",
    "upn": "gb.upn",
}
"""Modules of python-stdnum by the name of the check."""

_DEA = re.compile(r"(?i)[ABCDEFGHJKLMPRSTUX][A-Z9](\d{7})")
_MBI = re.compile(
    r"(?i)[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d\d"
)
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)])
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def npi(value: str) -> bool:
    """Return whether the check digit of a National Provider Identifier is right (45 CFR 162.406; Luhn with 80840)."""
    from stdnum import luhn

    return len(value) == 10 and value.isdigit() and bool(luhn.is_valid(f"80840{value}"))


def dea(value: str) -> bool:
    """Return whether the check digit of a DEA number is right (21 CFR 1301; sum of odd places and twice the even)."""
    match = _DEA.fullmatch(value)
    if not match:
        return False
    d = [int(c) for c in match.group(1)]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def vin(value: str) -> bool:
    """Return whether the check digit of a vehicle identification number is right (49 CFR 565.15(c))."""
    value = value.upper()
    if len(value) != 17 or not set(value) <= _VIN_VALUES.keys():
        return False
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(value, _VIN_WEIGHTS, strict=True)) % 11
    return value[8] == ("X" if rest == 10 else str(rest))


def mbi(value: str) -> bool:
    """Return whether a value has the form of a Medicare Beneficiary Identifier, which has no check digit."""
    return bool(_MBI.fullmatch(value))


def lei(value: str) -> bool:
    """Return whether a value is a Legal Entity Identifier (ISO 17442: 20 characters; python-stdnum asks no length)."""
    from stdnum import lei as module

    return len(value) == 20 and bool(module.is_valid(value))


def not_isin(value: str) -> bool:
    """Return whether a value is no securities number of ISO 6166: those name a share or bond, never a person."""
    return not named("isin")(value)


_OWN: Mapping[str, Check] = {"dea": dea, "lei": lei, "mbi": mbi, "not_isin": not_isin, "npi": npi, "vin": vin}


def names() -> list[str]:
    """Return what checks there are, sorted."""
    return sorted({*_STDNUM, *_OWN})


@cache
def named(name: str) -> Check:
    """Return a check.

    Raises:
        KeyError: there is none of this name.
    """
    return _OWN[name] if name in _OWN else _from_stdnum(_STDNUM[name])


def score_of(pattern: PatternSpec, value: str) -> float:
    """Return the score that a pattern gives to what it found."""
    if not pattern.checksum or named(pattern.checksum)(compact(value)):
        return pattern.score
    return pattern.score_if_wrong


def positive() -> Iterator[Check]:
    """Return the checks that say that a value is of some kind."""
    return (named(name) for name in names() if name != "not_isin")


def compact(value: str) -> str:
    """Return the letters and digits of a value: what is left when it is written in another way."""
    return "".join(c for c in value if c.isalnum())


def _from_stdnum(module: str) -> Check:
    is_valid = importlib.import_module(f"stdnum.{module}").is_valid
    return lambda value: bool(is_valid(value))
