"""Change a number in a sentence so that it is wrong and still looks right: same unit, format and order of size.

Digits are changed in any language. Numbers in words are known in English only.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_SEPARATORS = ".,'\u00a0\u202f"
_UNITS = "%|°|mg|mcg|µg|g|kg|ml|mL|l|L|mm|cm|m|km|h|min|s|ms|kB|MB|GB|V|W|kW|Hz|kHz|MHz"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?<![^\W\d][-–/:])\d+(?:[{_SEPARATORS}]\d+)*(?=(?:(?:{_UNITS})\b|%|°|(?!\w)))(?![.,]\d)(?!-[^\W\d])"
)
"""Digits that stand alone or before a unit: not part of a word, a code such as IL-6 or a placeholder."""
_NO_DIGIT = re.compile(r"\D")
_MARKER = re.compile(r"(?m)^\W*(?:[^\W\d]+ ?)?\d+ ?[.):](?=\s)|\[\d+\]")
"""A number that counts items, steps or references and says nothing."""

_WORDS = dict(zip("two three four five six seven eight nine ten eleven twelve".split(), range(2, 13)))
_WORD = re.compile(rf"(?i)\b(?:{'|'.join(_WORDS)})\b(?!-)")
_CAPS = (12, 31, 59, 100)
"""Months, days, minutes, percent: a number up to one of these stays up to it, so that dates stay possible."""
_FACTORS = ((1, 2), (2, 3), (3, 4), (4, 5), (6, 5), (5, 4), (4, 3), (3, 2), (2, 1))
_CLOSE = 5
"""Characters between two numbers that belong together, as in "5 to 10", "10–20" and "3 of 4"."""


@dataclass(frozen=True)
class _Figure:
    """A number in a text. ``size`` is what it comes to; None for a version and the like."""

    start: int
    end: int
    raw: str
    size: float | None


def wrong_figure(text: str, question: str, evidence: str, draw: random.Random, *, english: bool) -> str | None:
    """Return ``text`` with one number changed to one that stands nowhere else, or None if it has none to change.

    Numbers that stand close together keep their order of size, so "10–20" does not become "30–20".

    Args:
        text: what to change.
        question: its numbers are left alone in ``text``, where they say what is spoken of.
        evidence: what ``text`` rests on.
        draw: decides which number, and to what.
        english: number words are changed too.
    """
    figures, asked = _figures(text, english), _figures(question, english)
    known = {figure.size for figure in [*figures, *asked, *_figures(evidence, english)]}
    spoken_of = {figure.size for figure in asked}
    counting = {place for found in _MARKER.finditer(text) for place in range(*found.span())}
    places = [n for n, f in enumerate(figures) if f.start not in counting and f.size not in spoken_of]
    draw.shuffle(places)
    for place in places:
        others = [new for new in _others(figures[place]) if _size(new) not in known]
        others = [new for new in others if _fits(figures, place, _size(new), text)]
        if others:
            return text[: figures[place].start] + draw.choice(others) + text[figures[place].end :]
    return None


def _figures(text: str, english: bool) -> list[_Figure]:
    found = [*_NUMBER.finditer(text), *(_WORD.finditer(text) if english else ())]
    made = [_Figure(m.start(), m.end(), m[0], _size(m[0])) for m in found]
    return sorted(made, key=lambda figure: figure.start)


def _size(raw: str) -> float | None:
    if raw.casefold() in _WORDS:
        return float(_WORDS[raw.casefold()])
    grouped = re.fullmatch(rf"([1-9]\d{{0,2}}(?:[{_SEPARATORS}]\d{{3}})+)(?:[.,](\d+))?", raw)
    plain = f"{re.sub(_NO_DIGIT, '', grouped[1])}.{grouped[2] or 0}" if grouped else raw.replace(",", ".")
    try:
        return float(plain)
    except ValueError:  # a version or a section such as 1.2.3
        return None


def _others(figure: _Figure) -> Iterator[str]:
    """Yield other numbers in the format of one."""
    raw, size = figure.raw, figure.size
    if size is None:
        return
    if raw.casefold() in _WORDS:
        for word, value in _WORDS.items():
            if 0 < abs(value - size) <= 3:
                yield word.capitalize() if raw[0].isupper() else word
        return
    digits = re.sub(_NO_DIGIT, "", raw)
    plain = digits == raw
    for value in _values(int(digits), year=plain and len(raw) == 4, cap=plain):
        length = len(str(int(digits)))
        if plain and not digits.startswith("0"):
            if value != 1:
                yield str(value)
        elif len(str(value)) == length:  # the separators, or the zeros in front, stay where they are
            left = iter(str(value).zfill(len(digits)))
            yield "".join(next(left) if c.isdigit() else c for c in raw)


def _values(value: int, *, year: bool, cap: bool) -> list[int]:
    """Return other numbers, at least a tenth away and about as round. None for 1: its noun would need another form."""
    if value == 0 or (cap and value == 1):
        return []
    if year and 1900 < value < 2100 and value % 100:
        return list(range(value - 9, value - 1))  # a later one may lie in the future
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    step = max(1, 10**zeros // 2)
    made = {value * over // under for over, under in _FACTORS if value * over % under == 0}
    if len(made) < 3:  # no round number: another that is none
        made |= {round(value * over / under / step) * step for over, under in _FACTORS}
    made |= {value + n * step for n in range(-3, 4)}
    most = next((top for top in _CAPS if value <= top), value * 3) if cap else value * 10
    return sorted(v for v in made if 0 < v <= most and v % step == 0 and abs(v - value) * 10 >= value)


def _fits(figures: list[_Figure], place: int, size: float | None, text: str) -> bool:
    """Return whether numbers that stand close together keep their order of size."""
    old = [figure.size for figure in figures]
    new = [*old[:place], size, *old[place + 1 :]]
    for left, right in pairwise(range(len(figures))):
        if place in (left, right) and figures[right].start - figures[left].end <= _CLOSE:
            before, after = (old[left], old[right]), (new[left], new[right])
            if None in before or None in after or _order(*before) != _order(*after):
                return False
    return True


def _order(left: float | None, right: float | None) -> int:
    assert left is not None
    assert right is not None
    return (left > right) - (left < right)
