"""How text is compared: folded, as words, as spans found again in another text."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_SAME = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "\u00ad": ""})


def words(text: str) -> list[str]:
    """Return the words and numbers of ``text``, case folded, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(_SAME).casefold())


def shingles(text: str, size: int) -> set[tuple[str, ...]]:
    """Return every run of ``size`` words; a shorter text is one run."""
    found = words(text)
    if len(found) <= size:
        return {tuple(found)} if found else set()
    return {tuple(found[i : i + size]) for i in range(len(found) - size + 1)}


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Find ``quote`` in ``text`` although white space, case, quotation marks and dashes may differ.

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
    pattern = r"\s+".join(map(re.escape, wanted))
    found = re.search(pattern, "".join(folded))
    return (origin[found.start()], origin[found.end() - 1] + 1) if found else None


def _folded(char: str) -> str:
    return char.translate(_SAME).casefold()
