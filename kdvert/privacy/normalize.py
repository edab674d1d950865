"""Undo tricks that hide personal data from patterns, with a map back to the text as it was.

Characters without width go; look-alikes from other alphabets, full-width forms and digits of other scripts become plain
ones; HTML entities and combining marks become the character that they show; numbers cut by a line break are joined.
Source of look-alikes: Unicode Technical Standard 39, confusables; only letters that look the same in most fonts.
"""

from __future__ import annotations

import html
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex as re  # its classes know the letters of every script

_NOTHING = r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]+"
_TRICKS = re.compile(
    rf"(?P<gone>{_NOTHING})"
    r"|(?P<entity>&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|amp|lt|gt|quot|apos|nbsp|ensp|emsp|thinsp|shy|zwj|zwnj|"
    r"commat|period|hyphen|dash|ndash|mdash|minus|colon|sol|lpar|rpar|plus|lowbar|num|"
    r"[a-zA-Z]{1,2}(?:acute|grave|circ|uml|tilde|cedil|ring|slash));)"
    r"|(?P<space>[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])"
    r"|(?P<marked>\p{L}\p{Mn}+)"
    r"|(?P<wide>[\uff01-\uff5e]|(?![0-9])\p{Nd})"
    r"|(?P<hyphen>(?<=\w)[\u2010-\u2012\u2212](?=\w)|(?<=\d)[\u2013-\u2015](?=\d))"
    r"|(?P<percent>(?<=\w)%40(?=\w))"
    r"|(?P<alike>\p{Latin}[\p{Latin}\d]*[\p{Cyrillic}\p{Greek}][\p{Latin}\p{Cyrillic}\p{Greek}]*"
    r"|[\p{Cyrillic}\p{Greek}][\p{Cyrillic}\p{Greek}]*\p{Latin}[\p{Latin}\p{Cyrillic}\p{Greek}]*)"
)
_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеіјорсухѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινα",
    "ABESIJKMHOPCTYXaeijopcyxshdqwABEZHIKMNOPTYXoiva",
)
_CUT_NUMBER = re.compile(r"(?<=\d[ -]?)[ \t]*\r?\n[ \t>]*(?=\d)")


@dataclass(frozen=True)
class Normalized:
    """A text after normalization.

    Attributes:
        text: what to search.
        starts: where each stretch begins in ``text``; within a stretch one character is one character.
        origins: where each stretch begins in the original.
        exact: whether the stretch was copied; others map to their whole original.
        joints: offsets in ``text`` where a line break was taken out of a number.
    """

    text: str
    starts: Sequence[int]
    origins: Sequence[int]
    exact: Sequence[bool]
    size: int
    joints: tuple[int, ...] = ()

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of ``text`` to the original; what was replaced is taken whole."""
        return self._map(start, False), self._map(end - 1, True)

    def from_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the original to ``text``."""
        return self._forward(start), self._forward(end)

    def _forward(self, position: int) -> int:
        index = max(0, bisect_right(self.origins, position) - 1)
        last = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.text)
        return min(last, self.starts[index] + max(0, position - self.origins[index]))

    def _map(self, position: int, is_last: bool) -> int:
        index = bisect_right(self.starts, position) - 1
        if self.exact[index]:
            return self.origins[index] + position - self.starts[index] + is_last
        return (
            self.origins[index + 1]
            if is_last and index + 1 < len(self.origins)
            else (self.size if is_last else self.origins[index])
        )


def plain(text: str) -> Normalized | None:
    """Undo the tricks in ``text``; None where there are none."""
    if text.isascii() and "&" not in text and "%40" not in text:
        return None
    changes = [(m.start(), m.end(), _shown(m)) for m in _TRICKS.finditer(text)]
    changes = [(start, end, new) for start, end, new in changes if text[start:end] != new]
    return _replaced(text, changes) if changes else None


def joined(text: str) -> Normalized | None:
    """Join numbers that a line break cuts, by a blank; None where there are none."""
    changes = [(m.start(), m.end(), "" if text[m.start() - 1] in " -" else " ") for m in _CUT_NUMBER.finditer(text)]
    return _replaced(text, changes) if changes else None


def _shown(match: re.Match[str]) -> str:
    kind, found = match.lastgroup, match.group()
    if kind == "gone":
        return ""
    if kind == "space":
        return " "
    if kind == "hyphen":
        return "-"
    if kind == "percent":
        return "@"
    if kind == "entity":
        return _as_shown(html.unescape(found))
    if kind == "alike":
        return str(found.translate(_ALIKE))
    if kind == "wide" and found.isdigit():
        return str(unicodedata.digit(found))
    return unicodedata.normalize("NFKC" if kind == "wide" else "NFC", found)


def _as_shown(character: str) -> str:
    """Return a character that an entity names as a pattern expects it: a plain blank, a plain hyphen, or nothing."""
    if re.fullmatch(_NOTHING, character):
        return ""
    return re.sub(r"[\u2010-\u2015\u2212]", "-", re.sub(r"[\u00a0\u2000-\u200a]", " ", character))


def _replaced(text: str, changes: Sequence[tuple[int, int, str]]) -> Normalized:
    parts: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    exact: list[bool] = []
    joints: list[int] = []
    length = 0
    for start, end, new, is_copy in _stretches(text, changes):
        if not is_copy:
            joints.append(length)
        if start == end or (not is_copy and not new):
            continue
        starts.append(length)
        origins.append(start)
        exact.append(is_copy or len(new) == end - start)
        parts.append(new)
        length += len(new)
    return Normalized("".join(parts), starts or [0], origins or [0], exact or [True], len(text), tuple(joints))


def _stretches(text: str, changes: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str, bool]]:
    cursor = 0
    for start, end, new in changes:
        yield cursor, start, text[cursor:start], True
        yield start, end, new, False
        cursor = end
    yield cursor, len(text), text[cursor:], True
