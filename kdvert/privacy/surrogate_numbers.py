"""Made-up numbers and codes: of the shape of the original, valid where it is, never issued where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable

from kdvert.privacy import checksums
from kdvert.privacy.checksums import compact
from kdvert.privacy.draws import Draws

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Without I, O and Q, which many codes leave out."""
TRIES = 3_000
_TEST_CARDS = {"3": ("378282", "371449"), "4": ("411111", "424242"), "5": ("555555", "520082"), "6": ("601111",)}
"""First digits of the card networks' test numbers, by the first digit of the original."""


def number(entity: str, value: str, draws: Draws) -> str | None:
    """Return a made-up value for a number or code, written like ``value``; None if there is none of its kind.

    Letters stand for letters, digits for digits, and everything else stays. The check digits that are right in
    ``value`` are right in what is returned.
    """
    if not any(c.isdigit() for c in value):
        return None
    make = _MAKERS.get(entity, _shaped)
    return make(value, draws)


def _shaped(value: str, draws: Draws, lead: str = "") -> str | None:
    """Draw until the checks that ``value`` passes are passed too; the first characters are ``lead``."""
    plain = compact(value)
    wanted = [check for check in checksums.positive() if check(plain)]
    for _ in range(TRIES):
        drawn = lead + "".join(_like(c, i, draws) for i, c in enumerate(plain) if i >= len(lead))
        if all(check(drawn) for check in wanted):
            return poured(value, drawn)
    return None


def _like(character: str, position: int, draws: Draws) -> str:
    if not character.isdigit():
        return draws.pick(LETTERS)
    return str(draws.below(10)) if position or character == "0" else str(1 + draws.below(9))


def poured(value: str, drawn: str) -> str:
    """Write the characters ``drawn`` in the places of the letters and digits of ``value``, in its case."""
    rest = iter(drawn)
    return "".join(_cased(c, next(rest)) if c.isalnum() else c for c in value)


def _cased(model: str, character: str) -> str:
    return character.lower() if model.islower() else character.upper() if model.isupper() else character


def _card(value: str, draws: Draws) -> str | None:
    plain = compact(value)
    starts = _TEST_CARDS.get(plain[0])
    if not plain.isdigit() or starts is None or len(plain) < 12:
        return _shaped(value, draws)
    return _shaped(value, draws, lead=draws.pick(starts))


def _iban(value: str, draws: Draws) -> str | None:
    from stdnum import iban

    plain = compact(value).upper()
    if not iban.is_valid(plain, check_country=False):
        return _shaped(value, draws, lead=plain[:2])
    national = iban.is_valid(plain)
    for _ in range(TRIES):
        body = "".join(_like(c, 1, draws) for c in plain[4:])
        drawn = plain[:2] + iban.calc_check_digits(plain[:2] + "00" + body) + body
        if not national or iban.is_valid(drawn):
            return poured(value, drawn)
    return None


def _social_security(value: str, draws: Draws) -> str | None:
    """Draw from area 9xx with a group of 01 to 49, which is neither a social security nor a taxpayer number."""
    drawn = f"9{draws.below(100):02d}{1 + draws.below(49):02d}{1 + draws.below(9999):04d}"
    return poured(value, drawn) if re.fullmatch(r"\d{9}", compact(value)) else _shaped(value, draws)


def _taxpayer(value: str, draws: Draws) -> str | None:
    """Draw from area 9xx with a group that is not given out (IRS: 50 to 65, 70 to 88, 90 to 92, 94 to 99 are)."""
    drawn = f"9{draws.below(100):02d}{draws.pick(('66', '67', '68', '69', '89', '93'))}{1 + draws.below(9999):04d}"
    return poured(value, drawn) if re.fullmatch(r"\d{9}", compact(value)) else _shaped(value, draws)


def _phone(value: str, draws: Draws) -> str | None:
    """Draw from the numbers that regulators keep for fiction: 555-01xx, Ofcom's and Arcep's; else of the same shape."""
    main, extension = re.fullmatch(r"(?is)(.*?)((?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?)", value).groups()  # type: ignore[union-attr]
    digits = "".join(c for c in main if c.isdigit())
    drawn = _fictional(digits, main.lstrip("( ").startswith("+"), draws)
    tail = "".join(str(draws.below(10)) if c.isdigit() else c for c in extension)
    rest = iter(drawn)
    return "".join(next(rest) if c.isdigit() else c for c in main) + tail


def _fictional(digits: str, international: bool, draws: Draws) -> str:
    if len(digits) == 7 and not international:
        return f"55501{draws.below(100):02d}"
    if (len(digits) == 10 and digits[0] not in "01") or (len(digits) == 11 and digits[0] == "1"):
        area = f"{2 + draws.below(8)}{draws.below(9)}{draws.below(10)}"
        return f"{digits[:-10]}{area}55501{draws.below(100):02d}"
    for prefix, starts in (("44", ("7700900", "1632960")), ("33", ("19900", "26191", "35301", "63998"))):
        national = 10 if prefix == "44" else 9
        lead = prefix if international else "0"
        if digits.startswith(lead) and len(digits) == len(lead) + national:
            start = draws.pick(starts)
            return lead + start + "".join(str(draws.below(10)) for _ in range(national - len(start)))
    kept = len(str(_country_code(digits))) + 1 if international else 1  # the first digit tells the kind of number
    return digits[:kept] + "".join(str(draws.below(10)) for _ in digits[kept:])


def _country_code(digits: str) -> int:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as codes

    return next((int(digits[:n]) for n in (1, 2, 3) if int(digits[:n] or 0) in codes), 0)


def _hexadecimal(value: str, draws: Draws) -> str:
    plain = compact(value)
    kept = {12} if len(plain) == 32 else set()  # a UUID's version
    drawn = [c if i in kept else draws.pick("0123456789abcdef") for i, c in enumerate(plain)]
    upper = value.isupper()
    return poured(value, "".join(drawn).upper() if upper else "".join(drawn))


def _hardware_address(value: str, draws: Draws) -> str:
    drawn = "02" + "".join(draws.pick("0123456789abcdef") for _ in compact(value)[2:])  # 02: locally administered
    return poured(value.lower(), drawn).upper() if value.isupper() else poured(value.lower(), drawn)


def _internet_address(value: str, draws: Draws) -> str:
    """Draw from the ranges for documentation (RFC 5737, RFC 3849)."""
    if ":" in value:
        return "2001:db8:" + ":".join(f"{draws.below(65536):x}" for _ in range(6))
    port = value[value.index("/") :] if "/" in value else ""
    return draws.pick(("192.0.2.", "198.51.100.", "203.0.113.")) + str(1 + draws.below(254)) + port


_MAKERS: dict[str, Callable[[str, Draws], str | None]] = {
    "CREDIT_CARD": _card,
    "FAX_NUMBER": _phone,
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _internet_address,
    "MAC_ADDRESS": _hardware_address,
    "PHONE_NUMBER": _phone,
    "US_ITIN": _taxpayer,
    "US_SSN": _social_security,
    "UUID": _hexadecimal,
}
"""How values of some types are made; all others are drawn by their shape and checks."""
