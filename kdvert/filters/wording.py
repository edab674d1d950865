"""How text is compared: folded, as words, as spans found again in another text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import regex  # its classes know the letters of every script

from kdvert.filters.folding import SAME, UNSPACED, fold

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_LETTER = regex.compile(rf"[[\w\p{{No}}]--[{UNSPACED}\p{{Hangul}}]]", regex.V1)
"""What a word or number is made of where a border can be seen; Korean words take endings without a mark."""
_BEFORE = {
    "letter": regex.compile(rf"{_LETTER.pattern}\Z", regex.V1),
    "digit": regex.compile(rf"(?:{_LETTER.pattern}|\d[.,]|(?<!\w)-)\Z", regex.V1),
    "mark": regex.compile(r"(?!)"),
}
"""What must not stand before a quote, by what the quote begins with."""
_BEHIND = {
    "letter": regex.compile(rf"{_LETTER.pattern}|'t\b", regex.V1),  # "can" is no quote from "can't"
    "digit": regex.compile(rf"{_LETTER.pattern}|'t\b|[.,]\d", regex.V1),
    "mark": regex.compile(r"(?!)"),
}
"""What must not stand behind it, by what it ends with."""


def words(text: str) -> list[str]:
    """Return the words and numbers of ``text``, case folded, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(SAME).casefold())


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """Return every run of ``size`` words; a shorter text is one run."""
    found = words(text)
    if len(found) <= size:
        return {tuple(found)} if found else set()
    return {tuple(found[i : i + size]) for i in range(len(found) - size + 1)}


def locate(quote: str, text: str, within: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """Find ``quote`` in ``text`` in whatever way either is written; see `kdvert.filters.folding`.

    It begins and ends where words and numbers do: "5 mg" does not stand in "15 mg", in "1.5 mg" or in "−5 mg".

    Args:
        quote: what to find.
        text: where to look.
        within: offsets between which the quote must lie; what stands around them still counts for its borders.

    Returns:
        Offsets into ``text`` as it stands, end exclusive, or None. An empty quote is nowhere.
    """
    wanted = fold(quote).text.split()
    if not wanted:
        return None
    folded = fold(text)
    first, last = within or (0, len(text))
    for found in _occurrences(" ".join(wanted), folded.text):
        start, end = folded.starts[found[0]], folded.ends[found[1] - 1]
        if first <= start and end <= last:
            return start, end
    return None


def _occurrences(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where ``wanted`` stands and is no part of a longer word or number.

    No pattern is made of ``wanted``: compiling it would take most of the time of a search.
    """
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        before = _BEFORE[_kind(wanted[0])].search(text, max(0, start - 2), start)
        if not before and not _BEHIND[_kind(wanted[-1])].match(text, end):
            yield start, end
        start = text.find(wanted, start + 1)


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    return "letter" if _LETTER.match(character) else "mark"
