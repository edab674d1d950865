"""How text is compared: folded, as words, as spans found again in another text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import regex  # its classes know the letters of every script

from kdvert.filters.folding import SAME, UNSPACED, fold

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_LETTER = regex.compile(rf"[[\w\p{{No}}]--[{UNSPACED}\p{{Hangul}}]]", regex.V1)
"""What a word or number is made of where a border can be seen; Korean words take endings without a mark."""


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
    for found in _bordered(wanted).finditer(folded.text, overlapped=True):
        start, end = folded.starts[found.start()], folded.ends[found.end() - 1]
        if first <= start and end <= last:
            return start, end
    return None


def _bordered(wanted: Sequence[str]) -> regex.Pattern[str]:
    """Return the pattern of words in a row that are no part of a longer word or number."""
    first, last = wanted[0][0], wanted[-1][-1]
    before, behind = "", ""
    if _LETTER.match(first):
        before = rf"(?<!{_LETTER.pattern})"
    if first.isdecimal():
        before += r"(?<!\d[.,])(?<!(?<!\w)-)"
    if _LETTER.match(last):
        behind = rf"(?!{_LETTER.pattern}|'t\b)"  # "can" is no quote from "can't"
    if last.isdecimal():
        behind += r"(?![.,]\d)"
    return regex.compile(before + " ".join(map(regex.escape, wanted)) + behind, regex.V1)
