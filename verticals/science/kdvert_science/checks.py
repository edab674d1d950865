"""Domain verifiers of the science vertical.

Each takes the question, the answer and the quoted source passage, and returns ``None`` when it has no objection or a
short reason code. They object only to what is plainly wrong, so an ordinary correct answer passes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .formulas import equations_hold as equations_hold
from .formulas import reactions_balance as reactions_balance
from .species import species_in_evidence as species_in_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

# Symbols and names that are read as a unit when they follow a number. A closed list: pint alone would read
# "a", "as", "at" and "in" as units as well.
_SYMBOLS = (
    "m km cm mm µm um nm pm kg g mg µg ug ng s ms µs us ns min h A mA µA K mol mmol µmol nmol cd Hz kHz MHz GHz N kN "
    "Pa kPa hPa MPa GPa bar J kJ MJ cal kcal eV keV MeV W kW MW C V mV kV F µF Ω ohm T mT Wb H L mL µL uL dL M mM µM "
    "nM Da kDa °C °F rad sr Bq Gy Sv lx lm"
)
_NAMES = (
    "meter kilometer centimeter millimeter micrometer nanometer kilogram gram milligram microgram second minute hour "
    "ampere kelvin mole candela hertz newton pascal kilopascal joule kilojoule watt coulomb volt farad ohm tesla liter "
    "milliliter microliter"
)
_UNIT_ATOM = "(?:{})".format(
    "|".join(
        sorted(
            [re.escape(symbol) for symbol in _SYMBOLS.split()] + [f"{name}s?" for name in _NAMES.split()],
            key=len,
            reverse=True,
        )
    )
)
_POWER = r"(?:\^?[-−]?\d)?"
_UNIT = rf"{_UNIT_ATOM}{_POWER}(?:[/·*]{_UNIT_ATOM}{_POWER}|/\({_UNIT_ATOM}{_POWER}(?:[ ·*]{_UNIT_ATOM}{_POWER})+\))*"
_NUMBER = r"[-−]?(?:\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\s?[×x]\s?10\^?[-−]?\d+)?"
_QUANTITY = re.compile(rf"(?<![\w.,^])({_NUMBER})[ \u00a0]?({_UNIT})(?![\w/^·°])")
_ANY_NUMBER = re.compile(rf"(?<![\w.,^])({_NUMBER})")

_COMPOUND = re.compile(r"(?<![\w.,])\d[\d.,]*[ \u00a0]([A-Za-zµμΩ°]+[-−\d^]*(?:[/·][A-Za-zµμΩ°]+[-−\d^]*)+)(?![\w/(])")
_COMPONENT = re.compile(r"([A-Za-zµμΩ°]+)\^?[-−]?\d*")
# Counted things and laboratory units that pint lacks, and short words that are no units at all.
_NOT_JUDGED = frozenset(
    "and or he she him her his hers yes no on off in out up to by per bp kb Mb Gb nt aa cM CFU PFU cfu pfu rpm OD IU U "
    "mU Da kDa wt dw fw DW FW eq gal ind no day wk mo yr hr sec dry wet leg cow man egg bee rat".split()
)

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOLERANCE = 0.006

# A figure counts as a p-value, probability or correlation only at the end of its clause: "a probability of 3 heads",
# "p = 5 kg·m/s" and "the p-value is 20 times smaller" are not judged.
_CLAUSE_END = r"(?=\s*(?:[;:)]|[.,](?!\d)|$)|\s+(?:and|for|in|under|that|if|when|means|shows)\b(?!\s+\d))"
_DECIMAL = r"(-?\d+(?:\.\d+)?)"
_P_VALUE = re.compile(rf"\bp[- ]values?\s*(?:=|>|of|is|was|equals)\s*{_DECIMAL}{_CLAUSE_END}", re.I)
_SHORT_P = re.compile(rf"\bp\s*[=>]\s*{_DECIMAL}{_CLAUSE_END}", re.I)
_TESTING = re.compile(r"\b(?:p[- ]values?|null hypothes[ie]s|statistical(?:ly)? significan(?:t|ce))\b", re.I)
_PROBABILITY = re.compile(rf"\bprobability\s+(?:of|is|was)\s+{_DECIMAL}\s?(%|percent\b)?{_CLAUSE_END}", re.I)
_CORRELATION = re.compile(
    rf"\b(?:correlation coefficient|Pearson(?:'s)? r)\s*(?:=|of|is|was)\s*{_DECIMAL}{_CLAUSE_END}", re.I
)


class Quantity(NamedTuple):
    """A number with its unit, the unit in a spelling that pint reads."""

    value: float
    unit: str


@lru_cache(maxsize=1)
def _units() -> Any:
    """Return the pint registry; building it takes a moment, so it is made once and only when needed."""
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _spelled_plainly(text: str) -> str:
    """Write superscripts as powers, and the signs for minus and micro in one way."""
    raised = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda match: "^" + match.group(1).translate(_SUPERSCRIPTS), text)
    return raised.replace("μ", "µ").replace("−", "-")


def _number(text: str) -> float:
    mantissa, _, power = re.sub(r"\s?[×x]\s?10\^?", "e", text).partition("e")
    digits = re.sub(r"[,\s]", "", mantissa)
    return float(digits + (f"e{power}" if power else ""))


def _quantities(text: str) -> Iterator[Quantity]:
    for match in _QUANTITY.finditer(_spelled_plainly(text)):
        yield Quantity(_number(match.group(1)), match.group(2))


def _for_pint(unit: str) -> str:
    """Turn ``J/(mol K)`` and ``m3`` into what pint reads: ``J/(mol*K)`` and ``m**3``."""
    spelled = unit.replace("°C", "degC").replace("°F", "degF").replace("·", "*").replace(" ", "*").replace("^", "")
    return re.sub(r"(?<=[A-Za-zµΩ])(-?\d+)", r"**\1", spelled)


def _close(left: float, right: float) -> bool:
    return abs(left - right) <= _TOLERANCE * max(abs(left), abs(right))


def _same(stated: Quantity, source: Quantity) -> bool:
    """Tell whether two quantities agree, converting units where that is possible."""
    if stated.unit == source.unit:
        return _close(stated.value, source.value)
    import pint

    units = _units()
    try:
        converted = units.Quantity(source.value, _for_pint(source.unit)).to(_for_pint(stated.unit))
    except (pint.PintError, ArithmeticError, LookupError):  # another kind of quantity; pint has KeyError for K/K
        return False
    return _close(stated.value, float(converted.magnitude))


def unit_is_known(question: str, answer: str, evidence: str) -> str | None:
    """Reject a compound unit with a part that is no unit, such as ``KJ/mol`` or ``kg/mq``.

    Only units joined by ``/`` or ``·`` after a number are judged. Words of four letters and more (``cells/mL``),
    abbreviations in capitals (``ATP/s``) and units found in the evidence itself pass.

    Args:
        question: The question; not used.
        answer: The answer to check.
        evidence: The quoted source passage.

    Returns:
        ``"unknown_unit"`` or ``None``.
    """
    source = _spelled_plainly(evidence)
    for match in _COMPOUND.finditer(_spelled_plainly(answer)):
        if match.group(1) not in source and not _is_compound_unit(match.group(1)):
            return "unknown_unit"
    return None


def _is_compound_unit(text: str) -> bool:
    parts = [part for part in re.split(r"[/·]", text) if part]
    names = [match.group(1) for part in parts if (match := _COMPONENT.match(part))]
    if not any(re.fullmatch(_UNIT_ATOM, name) for name in names):
        return True  # no unit in it at all, so these are words, as in "2 his/her"
    return all(_is_unit_or_word(name) for name in names)


def _is_unit_or_word(name: str) -> bool:
    if name in _NOT_JUDGED or re.fullmatch(r"[A-Za-z]?[a-z]{3,}|[A-Z]{3,}[a-z]?", name):
        return True
    return _for_pint(name) in _units()


def quantity_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Reject an answer with a quantity that neither the evidence nor the question states.

    A quantity is a number followed by a unit of the list above. The same quantity in another unit passes, and so does
    a number that the evidence has without a unit next to it, as in "between 15 and 25 °C".

    Args:
        question: The question; its quantities may be repeated in the answer.
        answer: The answer to check.
        evidence: The quoted source passage.

    Returns:
        ``"quantity_not_in_evidence"``, ``"unit_differs_from_evidence"`` if the number is there with a unit for another
        kind of quantity, or ``None``.
    """
    given = f"{question}\n{evidence}"
    known = list(_quantities(given))
    bare = _bare_numbers(given)
    for stated in _quantities(answer):
        if any(_same(stated, source) for source in known) or _contains(bare, stated.value):
            continue
        if _contains([source.value for source in known], stated.value):
            return "unit_differs_from_evidence"
        return "quantity_not_in_evidence"
    return None


def _bare_numbers(text: str) -> list[float]:
    """Numbers that no known unit follows."""
    plain = _spelled_plainly(text)
    taken = {match.start(1) for match in _QUANTITY.finditer(plain)}
    return [_number(match.group(1)) for match in _ANY_NUMBER.finditer(plain) if match.start(1) not in taken]


def _contains(values: list[float], wanted: float) -> bool:
    return any(_close(value, wanted) or _close(-value, wanted) for value in values)


def statistic_in_range(question: str, answer: str, evidence: str) -> str | None:
    """Reject a p-value or probability outside 0 to 1 and a correlation coefficient outside -1 to 1.

    The short form ``p = ...`` is judged only in an answer that speaks of hypothesis testing, since p also stands for
    momentum and pressure.

    Args:
        question: The question; not used.
        answer: The answer to check.
        evidence: The quoted source passage; not used.

    Returns:
        ``"p_value_out_of_range"``, ``"probability_out_of_range"``, ``"correlation_out_of_range"`` or ``None``.
    """
    plain = _spelled_plainly(answer)
    p_values = [*_P_VALUE.findall(plain), *(_SHORT_P.findall(plain) if _TESTING.search(plain) else [])]
    if any(not 0 <= float(value) <= 1 for value in p_values):
        return "p_value_out_of_range"
    for match in _PROBABILITY.finditer(plain):
        if not 0 <= float(match.group(1)) <= (100 if match.group(2) else 1):
            return "probability_out_of_range"
    if any(abs(float(match.group(1))) > 1 for match in _CORRELATION.finditer(plain)):
        return "correlation_out_of_range"
    return None
