"""Reading figures: the numbers of a text in any common notation, with their scale and unit.

Digits of every script count. ``1.234`` is 1234 in one language and 1.234 in another, so a figure has several readings
and equals another when any two of them agree. Number words become digits where ``text2num`` knows the language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

# A word after a number, and what it may multiply it by; "billion" differs between English and its neighbors.
_SCALES: dict[str, tuple[float, ...]] = {
    r"thousands?|tausend|mille|mil|mila|duizend": (1e3,),
    r"millions?|mill?ion(?:en|i|es)?|mill[oó]n(?:es)?|milh(?:ão|ões)|miljoen|mio\.?": (1e6,),
    r"billions?|bill[oó]n(?:es)?|billionen|biljoen|bn\.?": (1e9, 1e12),
    r"milliard(?:s|en)?|miliard[oi]|mil millones|bilh(?:ão|ões)|miljard|mrd\.?": (1e9,),
    r"trillions?": (1e12,),
}
_SCALE_WORDS = [(re.compile(rf"\s?-?(?:{form})\b", re.IGNORECASE), factors) for form, factors in _SCALES.items()]
_SCALE_ANYWHERE = [(re.compile(rf"\b(?:{form})(?!\w)", re.IGNORECASE), factors) for form, factors in _SCALES.items()]
# Symbols are the same in all languages. One-letter ones that also stand for millions, models or names are left out.
_SYMBOLS = (
    "km cm mm µm nm kg mg µg mcg ng g ml mL dl dL µl µL cl l L ms µs min h Hz kHz MHz GHz Pa kPa MPa hPa kJ MJ J kcal "
    "kW MW GW kWh MWh Wh mV kV eV keV MeV mol mmol µmol mmHg bar °C °F m s"
)
_SYMBOL = "|".join(sorted(map(re.escape, _SYMBOLS.split()), key=len, reverse=True))
_UNIT = re.compile(rf"[ \u00a0\u202f-]?({_SYMBOL})(?![\w°])")
_PERCENT = re.compile(
    r"\s?(?:%|٪|(?:percent(?:age)?|per\s?cent|prozent|pour\s?cent|por\s?cien?to|por\s?cento|per\s?cento|procent)\b)",
    re.I,
)
_NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+(?!\d))?|\d+(?:[.,'’]\d+)*|\.\d+)"
    r"(?:\s?[×x·]\s?10\^?(?P<power>[-−+]?\d+)(?!\d)|[eE](?P<exponent>[-+]?\d{1,3})(?![\w.]))?"
)
_CURRENCY = frozenset("$€£¥₹")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")


@dataclass(frozen=True)
class Figure:
    """A number as it stands in a text.

    Attributes:
        readings: what it may be worth, without sign, scale word applied.
        scale: what its scale word multiplies by (1: it has none).
        step: the size of its last written digit, in the first reading.
        unit: ``%``, the symbol of a unit that pint knows, or nothing.
        start: offset of its first digit in the text as `plain` gives it.
        end: offset behind its last digit.
        bare: it is a whole number without scale, unit and currency.
    """

    readings: tuple[float, ...]
    step: float
    scale: float
    unit: str
    start: int
    end: int
    bare: bool

    @property
    def value(self) -> float:
        """The likeliest reading."""
        return self.readings[0]

    @property
    def forms(self) -> list[tuple[float, float]]:
        """Each reading with the size of its last digit."""
        return [(r, self.step * (r / self.value if self.value else 1.0)) for r in self.readings]


def plain(text: str) -> str:
    """Return ``text`` in one notation: powers with ``^``, full-width forms and signs unified."""
    raised = _RAISED.sub(lambda match: "^" + match.group().translate(_SUPERSCRIPTS), text)
    return unicodedata.normalize("NFKC", raised.replace("\u202f", "\u00a0")).replace("μ", "µ").replace("−", "-")


def with_digits(text: str, languages: Sequence[str]) -> str:
    """Return ``text`` with its number words as digits, for those of the languages that text2num reads."""
    from text_to_num import alpha2digit

    for language in languages:
        try:
            text = alpha2digit(text, language, 0)
        except ValueError:  # a language that it does not read; digits still count
            continue
    return text


def figures(text: str) -> list[Figure]:
    """Return the figures of a text that went through `plain`, in order."""
    return [_figure(match, text) for match in _NUMBER.finditer(text)]


def equal(stated: Figure, known: Figure) -> bool:
    """Tell whether two figures agree: the same, rounded by at most 5 percent, or percent against fraction."""
    if _agree(stated, known, 1.0):
        return True
    if {stated.unit, known.unit} != {"", "%"}:
        return False
    return _agree(stated, known, 100.0 if stated.unit == "%" else 0.01)


def _agree(stated: Figure, known: Figure, factor: float) -> bool:
    return any(within(x, y * factor, step) for x, step in stated.forms for y in known.readings)


def unscaled(figure: Figure) -> Figure:
    """Return the figure without its scale word, as a table "in thousands" has it."""
    readings = tuple(r / figure.scale for r in figure.readings)
    return replace(figure, readings=readings, step=figure.step / figure.scale, scale=1.0)


def mentions_scale(text: str) -> bool:
    """Tell whether a scale word stands anywhere, as in the head of a table."""
    return any(form.search(text) for form, _ in _SCALE_ANYWHERE)


def within(value: float, other: float, step: float) -> bool:
    """Tell whether ``value``, whose last digit is worth ``step``, is ``other`` rounded."""
    return abs(value - other) <= max(min(step / 2, abs(other) / 20), 1e-9 * max(1.0, abs(other)))


def convertible(stated: Figure, known: Figure) -> bool:
    """Tell whether both are one quantity in two units, such as 1.5 g and 1500 mg."""
    if not stated.unit or not known.unit or "%" in (stated.unit, known.unit):
        return False
    import pint

    try:
        converted = _registry().Quantity(known.value, known.unit).to(stated.unit).magnitude
    except (pint.PintError, ArithmeticError):  # another kind of quantity
        return False
    return within(stated.value, float(converted), stated.step)


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    units: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    units.define("mcg = microgram")
    return units


def _figure(match: re.Match[str], text: str) -> Figure:
    digits = match.group()
    power = match["power"] or match["exponent"]
    mantissa = re.split(r"\s?[×x·]|[eE]", digits, maxsplit=1)[0] if power else digits
    exponent = 10.0 ** max(min(int(power), 300), -300) if power else 1.0
    readings, step = _readings(mantissa)
    factors, end = _scale(text, match.end())
    unit = _unit(text, end)
    before = text[match.start() - 1 : match.start()]
    return Figure(
        readings=tuple(r * f * exponent for f in factors for r in readings),
        step=step * factors[0] * exponent,
        scale=factors[0],
        unit=unit,
        start=match.start(),
        end=match.end(),
        bare=not power and factors == (1.0,) and not unit and before not in _CURRENCY and mantissa.isdecimal(),
    )


def _readings(digits: str) -> tuple[tuple[float, ...], float]:
    """Return what the digits may be worth, and the size of the last one in the first reading."""
    digits = re.sub(r"[ \u00a0'’]", "", digits)
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return (float(digits),), 1.0
    whole, fraction = digits.rsplit(marks[-1], 1)
    joined = re.sub(r"[.,]", "", digits)
    decimal = float(f"{re.sub(r'[.,]', '', whole) or '0'}.{fraction}")
    step = 10.0 ** -len(fraction)
    if len(set(marks)) == 2 and marks.count(marks[-1]) == 1:
        return (decimal,), step
    if len(marks) > 1:
        return (float(joined),), 1.0
    if len(fraction) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return (decimal,), step
    return ((float(joined), decimal), 1.0) if marks[0] == "," else ((decimal, float(joined)), step)


def _scale(text: str, position: int) -> tuple[tuple[float, ...], int]:
    for form, factors in _SCALE_WORDS:
        if found := form.match(text, position):
            return factors, found.end()
    return (1.0,), position


def _unit(text: str, position: int) -> str:
    if _PERCENT.match(text, position):
        return "%"
    found = _UNIT.match(text, position)
    return found[1] if found else ""
