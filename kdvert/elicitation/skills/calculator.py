"""Plain arithmetic out of a text, worked out without running any of it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_LONGEST = 120
_LARGEST_POWER = 30
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "\0"})


def calculate(expression: str) -> float | None:
    """Return what ``expression`` is worth (numbers, ``+ - * / ^`` and brackets), or None if it is none."""
    text = expression.translate(_SIGNS).replace("\0", "**")
    if len(text) > _LONGEST:
        return None
    try:
        value = _value(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, SyntaxError, ArithmeticError, MemoryError, RecursionError):
        return None
    return value if abs(value) < 1e15 else None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _value(node.operand)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and (abs(right) > _LARGEST_POWER or left < 0):
            raise ValueError("power")
        return _OPERATIONS[type(node.op)](left, right)
    raise ValueError(type(node).__name__)
