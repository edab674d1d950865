"""Equations that a text states, such as ``(600 - 400) / 400 = 50%``, read without running any of it.

Words behind a number are taken for its unit. What is not plain arithmetic (variables, words for operations, brackets
that do not close) is not judged.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kdvert.filters.figures import Figure

_TOKEN = re.compile(r"(?P<word>[^\W\d_]+)|(?P<space>[ \t\u00a0]+)|(?P<currency>[$€£¥₹])|(?P<percent>[%٪])|(?P<sign>\S)")
_SIGNS = {"+": "+", "-": "-", "–": "-", "*": "*", "×": "*", "·": "*", "/": "/", "÷": "/", "^": "**", "(": "(", ")": ")"}
_SIGNS |= {"[": "(", "]": ")", "=": "=", "≈": "="}
_OPERATIONS = re.compile(
    r"times|by|plus|minus|over|per|less|more|than|divided|squared|cubed|thousand|million|billion", re.IGNORECASE
)
_SHARES = re.compile(r"half|third|quarter|fifth|tenth|percent|fraction|thirds|quarters|fifths|tenths", re.IGNORECASE)
_UNIT_WORDS = 4
_LONGEST = 40
_LARGEST_POWER = 12


@dataclass(frozen=True)
class _Token:
    """``kind`` is ``n`` for a number, ``w`` a word, ``v`` a variable, ``;`` a break, else the sign itself."""

    kind: str
    figure: Figure | None = None
    text: str = ""


@dataclass(frozen=True)
class Side:
    """One side of an equation: its figures in order, and the Python expression with ``{}`` for each."""

    figures: tuple[Figure, ...]
    form: str

    @property
    def range(self) -> bool:
        """It may be a range such as 1.5-2.8 and no difference."""
        return self.form == "{}-{}" and self.figures[0].value < self.figures[1].value

    @property
    def single(self) -> bool:
        """It is one number, perhaps with a sign."""
        return len(self.figures) == 1 and self.form.strip("-") == "{}"


def equations(text: str, stated: Sequence[Figure]) -> list[tuple[Side, Side]]:
    """Return the two sides of each plain equation, left to right; ``a = b = c`` gives two.

    Args:
        text: the text as `kdvert.filters.figures.plain` gives it.
        stated: its figures.
    """
    tokens = _without_units(_tokens(text, stated))
    found = []
    for position, token in enumerate(tokens):
        if token.kind == "=":
            left, right = _left(tokens, position), _right(tokens, position)
            if left and right and not (left.single and right.single) and not (left.range or right.range):
                found.append((left, right))
    return found


def holds(left: Side, right: Side) -> bool:
    """Tell whether both sides agree within 1 percent or the rounding of a single number.

    A percentage may count as it is written or as a fraction, and a figure with two readings as either. What cannot be
    computed (a division by zero, a huge power) holds.
    """
    steps = [side.figures[0].step for side in (left, right) if side.single]
    for first in _values(left):
        for second in _values(right):
            if first is None or second is None:
                return True
            slack = max([abs(second) / 100, *(s / 2 for s in steps)]) * (1 + 1e-9)
            if any(abs(first * factor - second) <= slack for factor in (1, 100, 0.01)):
                return True
    return False


def _tokens(text: str, stated: Sequence[Figure]) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    for figure in stated:
        tokens += _between(text, position, figure.start)
        tokens.append(_Token("n", figure))
        position = figure.end
    return [*tokens, *_between(text, position, len(text))]


def _between(text: str, start: int, end: int) -> list[_Token]:
    """Return the tokens of a stretch without numbers; a lone letter is a variable, ``x`` between numbers a sign."""
    found = []
    for match in _TOKEN.finditer(text, start, end):
        kind = match.lastgroup
        if kind == "word":
            found.append(_word(match, text, (start, end)))
        elif kind == "sign":
            found.append(_Token(_SIGNS.get(match.group(), ";")))
        if "\n" in text[match.end() : match.end() + 1]:
            found.append(_Token(";"))
    return found


def _word(match: re.Match[str], text: str, bounds: tuple[int, int]) -> _Token:
    word = match.group()
    start, end = bounds
    before, after = text[start : match.start()], text[match.end() : end]
    glued = not before and start > 0
    if len(word) > 1 or (word in "aA" and not glued) or before.endswith(("'", "’")):
        return _Token("w", text=word)
    follows_one = before in ("", ")", "%") or before[-1].isspace()
    alone = start > 0 and follows_one and after.strip(" $€£") in ("", "(")
    if word in "xX" and alone and not (glued and after[:1].isspace()):
        return _Token("*")
    return _Token("v", text=word)


def _without_units(tokens: list[_Token]) -> list[_Token]:
    """Drop the words behind a number where a sign follows, and ``/hour``."""
    kept: list[_Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        following = tokens[position + 1].kind if position + 1 < len(tokens) else ";"
        if token.kind == "/" and following == "w" and kept and kept[-1].kind == "n":
            position += 2
            continue
        behind_number = token.kind in "wv" and kept and kept[-1].kind == "n"
        if behind_number and (length := _unit_length(tokens, position, labels=_begins(kept))):
            position += length
            continue
        kept.append(token)
        position += 1
    return kept


def _begins(kept: Sequence[_Token]) -> bool:
    """Tell whether the last number begins an expression: words behind it may name something else, as in 95% CI = 2."""
    return len(kept) < 2 or kept[-2].kind not in ("+", "-", "*", "/", "**", "(")


def _unit_length(tokens: Sequence[_Token], start: int, *, labels: bool) -> int:
    """Return how many words from ``start`` on are a unit: up to four, none of an operation, before a sign.

    With ``labels``, words before ``=`` are none.
    """
    end = start
    while end < len(tokens) and tokens[end].kind == "w" and not _operates(tokens, end):
        end += 1
    if end < len(tokens) and tokens[end].kind == "w" and tokens[end].text.lower() == "per":
        end += 2
    signs = ("+", "-", "*", "/", ")") if labels else ("+", "-", "*", "/", ")", "=")
    before_sign = end < len(tokens) and tokens[end].kind in signs
    return end - start if before_sign and end - start <= _UNIT_WORDS else 0


def _left(tokens: Sequence[_Token], position: int) -> Side | None:
    start = position
    while start > 0 and _goes_on(tokens[start - 1], tokens[start] if start < position else None, backward=True):
        start -= 1
    before = tokens[start - 1] if start else _Token(";")
    if before.kind == "v" or (before.kind in "n)" and tokens[start].kind == "(") or _operates(tokens, start - 1):
        return None
    return _side(tokens[start:position])


def _operates(tokens: Sequence[_Token], position: int) -> bool:
    """Tell whether a word for an operation stands at ``position``: ``times``, or ``of`` behind a share."""
    if not 0 <= position < len(tokens) or tokens[position].kind != "w":
        return False
    if tokens[position].text.lower() != "of":
        return _OPERATIONS.fullmatch(tokens[position].text) is not None
    share = tokens[position - 1] if position else _Token(";")
    return share.kind in "n)" or _SHARES.fullmatch(share.text) is not None


def _right(tokens: Sequence[_Token], position: int) -> Side | None:
    end = position + 1
    while end < len(tokens) and _goes_on(tokens[end], tokens[end - 1] if end > position + 1 else None, backward=False):
        end += 1
    after = tokens[end] if end < len(tokens) else _Token(";")
    if after.kind in "v(" or _operates(tokens, end):
        return None
    return _side(tokens[position + 1 : end])


def _goes_on(token: _Token, neighbor: _Token | None, *, backward: bool) -> bool:
    """Tell whether ``token`` belongs to the expression; two numbers side by side are two expressions."""
    if token.kind not in ("n", "+", "-", "*", "/", "**", "(", ")"):
        return False
    if neighbor is None:
        return True
    first, second = (token, neighbor) if backward else (neighbor, token)
    return not (first.kind in "n)" and second.kind in "n(")


def _side(tokens: Sequence[_Token]) -> Side | None:
    tokens = list(tokens)
    while tokens and tokens[-1].kind not in "n)":
        tokens.pop()
    while tokens and tokens[0].kind not in "n(-":
        tokens.pop(0)
    if not 0 < len(tokens) <= _LONGEST or _depth(tokens) or any(a.kind + b.kind == "()" for a, b in pairwise(tokens)):
        return None
    return Side(tuple(t.figure for t in tokens if t.figure), "".join("{}" if t.figure else t.kind for t in tokens))


def _depth(tokens: Sequence[_Token]) -> int:
    """Return 0 if the brackets close."""
    depth = 0
    for token in tokens:
        depth += (token.kind == "(") - (token.kind == ")")
        if depth < 0:
            return depth
    return depth


def _values(side: Side) -> list[float | None]:
    """Return what a side is worth, by each way to read its figures."""
    ways: list[Callable[[Figure], float]] = [
        lambda f: f.readings[0],
        lambda f: f.readings[-1],
        lambda f: f.readings[0] / (100 if f.unit == "%" else 1),
    ]
    return list(dict.fromkeys(_compute(side.form.format(*(repr(way(f)) for f in side.figures))) for way in ways))


def _compute(expression: str) -> float | None:
    try:
        return _walk(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ArithmeticError, ValueError):
        return None


def _walk(node: ast.expr) -> float:
    """Compute a tree of numbers and the four operations; anything else is a ValueError."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _walk(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if not isinstance(node, ast.BinOp):
        raise ValueError("no arithmetic")
    return _operate(node.op, _walk(node.left), _walk(node.right))


def _operate(operator: ast.operator, left: float, right: float) -> float:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow() if abs(right) <= _LARGEST_POWER:
            return float(abs(left) ** right)
    raise ValueError("no arithmetic")
