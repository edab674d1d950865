"""Equations and reactions that an answer writes out: true in numbers, in units, in atoms.

Model text is never evaluated: it is parsed by `ast`, and only numbers, names, the four operations, powers and a few
functions become sympy objects. Length, powers and the size of numbers are bounded.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

_LONGEST = 90
_LARGEST_POWER = 40
_SLACK = 0.01
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_PLAIN = re.compile(r"\s*-?[\d.]+\s*")
_FUNCTIONS = ("sqrt", "log10", "exp", "sin", "cos", "tan", "ln")
_FUNCTION = "|".join(_FUNCTIONS)
_WORDS_END = re.compile(rf"(?<![\w^])(?!(?:{_FUNCTION})\b)[A-Za-z]{{2,}}(?:['’]\w+)?[\s,]+(?=[\d(√A-Za-zπ-])")
_WORDS_START = re.compile(
    rf"\s+(?!(?:{_FUNCTION})\b)[A-Za-z]{{4,}}|\s+(?:is|are|and|or|so|for|at|in|per|the|of|if|we|you|it|but|not)\b"
)
_UNIT = r"(?:kg|mg|µg|ug|g|km|cm|mm|µm|nm|m|ms|s|min|h|N|J|kJ|MJ|W|kW|Pa|kPa|V|mV|A|mA|C|K|Hz|mol|mmol|L|mL|T|F|Ω|eV)"
_POWER = r"(?:\^?-?\d)?"
_UNITS = rf"{_UNIT}{_POWER}(?:[/·]{_UNIT}{_POWER})*"
_QUANTITY = re.compile(rf"(?<![\w.])(?P<number>\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?P<unit>{_UNITS})?(?![\w^])")
_ARROW = re.compile(r"\s*(?:→|⟶|⇌|⇄|↔|-->|->|=>)\s*")
_SPECIES = re.compile(
    r"(?P<count>\d*)\s*(?P<formula>(?:[A-Z][a-z]?\d*|\((?:[A-Z][a-z]?\d*)+\)\d*)+)(?P<charge>\^?\d*[+-])?(?:\s?\((?:s|l|g|aq)\))?"
)
_TERMS = rf"(?:{_SPECIES.pattern.replace('?P<count>', '?:').replace('?P<formula>', '?:').replace('?P<charge>', '?:')})"
_SUM = rf"{_TERMS}(?:\s\+\s{_TERMS})*"
_AT_END = re.compile(rf"(?<![\w+])({_SUM})$")
_AT_START = re.compile(rf"({_SUM})(?![\w+(-])(?!\s\+)")
_GROUP = re.compile(r"\((?P<inner>[^()]*)\)(?P<times>\d*)")
_ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")
_ELEMENTS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Nd Gd Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po Rn Ra "
    "Th U Pu".split()
)


def equations_hold(question: str, answer: str, evidence: str) -> str | None:
    """Check equations in numbers and units, such as ``2 kg × 3 m/s² = 6 N``, and simple formulas.

    An equation that the evidence has word for word passes. One with variables is judged only if no value of them could
    make it true, as in ``2(x + 3) = 2x + 5``.

    Args:
        question: The question; not used.
        answer: The answer to check.
        evidence: The quoted source passage.

    Returns:
        ``"equation_units_differ"``, ``"equation_false"``, ``"equation_never_holds"`` or ``None``.
    """
    source = "".join(_plainly(evidence).split())
    for left, right in _sides(_plainly(answer)):
        if "".join(f"{left}={right}".split()) in source:
            continue
        code = _quantities_differ(left, right) or _differ(left, right)
        if code:
            return code
    return None


def reactions_balance(question: str, answer: str, evidence: str) -> str | None:
    """Count the atoms and charges on both sides of each reaction that is written in formulas throughout.

    Reactions with names in them (``ATP``, ``glucose``) are not judged, and one that the evidence has passes.

    Args:
        question: The question; not used.
        answer: The answer to check.
        evidence: The quoted source passage.

    Returns:
        ``"reaction_unbalanced"`` or ``None``.
    """
    source = "".join(_formula_text(evidence).split())
    for sentence in re.split(r"[.;:,]\s|\n", _formula_text(answer)):
        parts = _ARROW.split(sentence)
        for left, right in pairwise(parts):
            before, after = _content(_last(left)), _content(_first(right))
            if before and after and before != after and _last(left).replace(" ", "") not in source:
                return "reaction_unbalanced"
    return None


def _plainly(text: str) -> str:
    raised = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda match: "^" + match.group().translate(_SUPERSCRIPTS), text)
    plain = raised.replace("−", "-").replace("–", "-").replace("μ", "µ").translate(_SUBSCRIPTS)
    joined = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    return re.sub(r"\s?[×x·*]\s?10\^(-?\d{1,3})(?!\d)", r"e\1", joined)


def _sides(text: str) -> Iterator[tuple[str, str]]:
    """Yield neighboring sides of each chain of equal signs, words at the outer ends cut off."""
    for line in re.split(r"[\n;:?!]|(?<=\D)[.,]\s|\.\s(?=[A-Z])|,\s", text):
        parts = line.rstrip(". ").split("=")
        for left, right in pairwise(parts):
            one, other = _WORDS_END.split(left)[-1].strip(), _WORDS_START.split(right)[0].strip()
            if one and other and len(one) <= _LONGEST and len(other) <= _LONGEST:
                yield one, other


def _quantities_differ(left: str, right: str) -> str | None:
    """Compare sides that are products and quotients of numbers with units."""
    one, other = _product(left), _product(right)
    if one is None or other is None or not (one[1] and other[1]):
        return None
    import pint

    try:
        first = _units().Quantity(one[0], one[1])
        second = _units().Quantity(other[0], other[1]).to(first.units)
    except pint.DimensionalityError:
        return "equation_units_differ"
    except (pint.PintError, ArithmeticError, LookupError, ValueError):
        return None
    return None if _near(float(first.magnitude), float(second.magnitude)) else "equation_false"


def _product(side: str) -> tuple[float, str] | None:
    """Return value and unit of ``a × b / c``; None if anything else stands there."""
    rest = _QUANTITY.sub("", side)
    if rest.strip(" ×*·/÷()x") or "(" in side or "+" in side:
        return None
    value, unit, position = 1.0, "", 0
    for match in _QUANTITY.finditer(side):
        operator = side[position : match.start()].strip()
        divided = operator in ("/", "÷")
        number = float(match["number"])
        if divided and not number:
            return None
        value = value / number if divided else value * number
        if match["unit"]:
            spelled = re.sub(r"(?<=[A-Za-zµΩ])\^?(-?\d)", r"**\1", match["unit"].replace("·", "*"))
            unit += f" / ({spelled})" if divided else f" * {spelled}"
        position = match.end()
    return value, f"1{unit}" if unit else ""


@lru_cache(maxsize=1)
def _units() -> Any:
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _differ(left: str, right: str) -> str | None:
    one, other = _expression(left), _expression(right)
    if one is None or other is None or (_PLAIN.fullmatch(left) and _PLAIN.fullmatch(right)):
        return None
    import sympy

    if not one.free_symbols and not other.free_symbols:
        first, second = complex(one.evalf(15)), complex(other.evalf(15))
        if first.imag or second.imag or _near(first.real, second.real) or _near(100 * first.real, second.real):
            return None
        return "equation_false"
    if one.free_symbols != other.free_symbols or not (one.is_polynomial() and other.is_polynomial()):
        return None
    difference = sympy.expand(one - other)
    return "equation_never_holds" if difference.is_number and difference != 0 else None


def _expression(text: str) -> Any:
    """Return the sympy object of a plain expression, or None."""
    spelled = text.replace("×", "*").replace("·", "*").replace("÷", "/").replace("^", "**").replace("π", " pi ")
    spelled = spelled.replace("log10", "lg")  # a name that ends in no digit
    spelled = re.sub(r"√\s*\(", "sqrt(", re.sub(r"√\s*(\d+(?:\.\d+)?)", r"sqrt(\1)", spelled))
    spelled = re.sub(r"(?<=[\d)])\s*(?=\()|(?<=\d)\s*(?=[a-df-zA-Z]\b)", "*", spelled).strip()
    try:
        return _built(ast.parse(spelled, mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError, TypeError):
        return None


def _built(node: ast.expr) -> Any:
    """Build a sympy object of the tree; a ValueError for all that is not arithmetic."""
    import sympy

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) < 1e30:
            return sympy.Float(value) if isinstance(value, float) else sympy.Integer(value)
        case ast.Name(id="pi"):
            return sympy.pi
        case ast.Name(id=name) if len(name) == 1:
            return sympy.Symbol(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_built(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return _operate(operator, _built(left), _built(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in ("lg", *_FUNCTIONS):
            return _function(name, _built(argument))
    raise ValueError("no arithmetic")


def _operate(operator: ast.operator, left: Any, right: Any) -> Any:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() if right != 0:
            return left / right
        case ast.Pow() if right.is_number and abs(right) <= _LARGEST_POWER:
            return left.evalf(20) ** right if left.is_number else left**right
    raise ValueError("no arithmetic")


def _function(name: str, argument: Any) -> Any:
    import sympy

    if name in ("lg", "ln"):
        if argument.is_number and not argument.is_positive:
            raise ValueError("no logarithm")
        return sympy.log(argument, 10) if name == "lg" else sympy.log(argument)
    return getattr(sympy, name)(argument)


def _near(one: float, other: float) -> bool:
    """Tell whether two values agree within 1 percent, or within the half of a last digit that rounding takes."""
    return abs(one - other) <= max(_SLACK * max(abs(one), abs(other)), 10.0 ** -_decimals(other) / 2, 1e-12)


def _decimals(value: float) -> int:
    return len(f"{value:.12g}".partition(".")[2]) if "e" not in f"{value:.12g}" else 12


def _formula_text(text: str) -> str:
    plain = text.translate(_SUBSCRIPTS).replace("−", "-")
    return re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda match: "^" + match.group().translate(_SUPERSCRIPTS), plain)


def _last(text: str) -> str:
    found = _AT_END.search(text.strip()[-200:])
    return found[1] if found else ""


def _first(text: str) -> str:
    found = _AT_START.match(text.strip()[:200])
    return found[1] if found else ""


def _content(side: str) -> Counter[str] | None:
    """Count the atoms and the charge of ``2H2 + O2``; None if a part is no formula."""
    total: Counter[str] = Counter()
    for part in re.split(r"\s\+\s", side) if side else ():
        match = _SPECIES.fullmatch(part.strip())
        if not match:
            return None
        atoms = _atoms(match["formula"])
        if not set(atoms) <= _ELEMENTS:
            return None
        charge = (match["charge"] or "").lstrip("^")
        atoms["charge"] = (int(charge[:-1] or 1) * (1 if charge[-1] == "+" else -1)) if charge else 0
        for atom, count in atoms.items():
            total[atom] += count * int(match["count"] or 1)
    return Counter({atom: count for atom, count in total.items() if count})


def _atoms(formula: str) -> Counter[str]:
    flat: Counter[str] = Counter()
    for group in _GROUP.finditer(formula):
        for atom, count in _ATOM.findall(group["inner"]):
            flat[atom] += int(count or 1) * int(group["times"] or 1)
    for atom, count in _ATOM.findall(_GROUP.sub("", formula)):
        flat[atom] += int(count or 1)
    return flat
