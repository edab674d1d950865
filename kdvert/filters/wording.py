"""How text is compared: folded, as words, as spans found again in another text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import regex  # its classes know the letters of every script

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_SAME = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "\u00ad": ""})
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts in which words follow each other, or take endings, without a mark between them."""

_LETTER = regex.compile(rf"[[\w\p{{No}}]--[{_UNSPACED}]]", regex.V1)
"""What a word or number is made of, raised and lowered digits too, where a border can be seen."""


def words(text: str) -> list[str]:
    """Return the words and numbers of ``text``, case folded, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(_SAME).casefold())


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """Return every run of ``size`` words; a shorter text is one run."""
    found = words(text)
    if len(found) <= size:
        return {tuple(found)} if found else set()
    return {tuple(found[i : i + size]) for i in range(len(found) - size + 1)}


def locate(quote: str, text: str, within: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """Find ``quote`` in ``text`` although white space, case, quotation marks and dashes may differ.

    It begins and ends where words and numbers do: "5 mg" does not stand in "15 mg", in "1.5 mg" or in "−5 mg".

    Args:
        quote: what to find.
        text: where to look.
        within: offsets between which the quote must lie; what stands around them still counts for its borders.

    Returns:
        Offsets into ``text`` as it stands, end exclusive, or None. An empty quote is nowhere.
    """
    wanted = "".join(_folded(c) for c in quote).split()
    if not wanted:
        return None
    folded: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        for piece in _folded(char):
            folded.append(piece)
            origin.append(index)
    first, last = within or (0, len(text))
    for found in _bordered(wanted).finditer("".join(folded), overlapped=True):
        start, end = origin[found.start()], origin[found.end() - 1] + 1
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
    return regex.compile(before + r"\s+".join(map(regex.escape, wanted)) + behind, regex.V1)


def _folded(char: str) -> str:
    return char.translate(_SAME).casefold()
