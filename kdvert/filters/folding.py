"""Text in one way of writing, with a map back: what looks the same to a reader is the same text.

Quotation marks, dashes, case, white space, accents composed or not, forms by width or font, ligatures, characters
without width and words that a soft hyphen breaks are ways of writing. What is raised, lowered or a fraction says
something else: 10² is not 102.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex  # its classes know the letters of every script

from kdvert.privacy.normalize import Normalized, plain

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts in which words follow each other without a blank, for a class of `regex`."""

_NO_WIDTH = [0xAD, 0x34F, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
_VARIANTS = range(0xFE00, 0xFE10)  # of emoji and symbols
SAME: dict[int, str | None] = {
    **dict.fromkeys(map(ord, "‘’‚‛′‹›"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″«»"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys([*_NO_WIDTH, *_VARIANTS]),
}
"""Marks that stand for each other, and characters that nobody sees, for `str.translate`."""

_FORMS = frozenset("<wide <narrow <noBreak <font <compat <initial <medial <final <isolated".split())
"""Kinds of decomposition (Unicode Standard Annex 44) that a reader does not see, or takes for the same."""

_JOINED = rf"[{UNSPACED}\u3001-\u303f]"
_PIECE = regex.compile(
    rf"(?P<run>[!-~]+(?!\P{{ASCII}}))|(?P<gap>(?<={_JOINED}[,.:;!?]?)\s+(?={_JOINED}))|(?P<blank>\s+)|\X"
)


@dataclass(frozen=True)
class Folded:
    """A text as it is compared.

    Attributes:
        text: the text.
        starts: where the original of each character begins in the text as it was.
        ends: where it ends, exclusive.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


@lru_cache(maxsize=512)
def fold(text: str) -> Folded:
    """Return ``text`` in one way of writing; every run of white space is one blank."""
    undone = plain(text)
    shown = undone.text if undone else text
    at, to = _places(undone) if undone else (range(len(text)), range(1, len(text) + 1))
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _PIECE.finditer(shown):
        first, last = match.span()
        if match["run"]:  # most of most texts
            folded.append(match["run"].lower())
            starts += at[first:last]
            ends += to[first:last]
        elif not match["gap"]:
            piece = _blank(match["blank"], text, at[first]) if match["blank"] else _folded(match.group())
            folded.append(piece)
            starts += [at[first]] * len(piece)
            ends += [to[last - 1]] * len(piece)
    return Folded("".join(folded), starts, ends)


def _places(undone: Normalized) -> tuple[list[int], list[int]]:
    """Return where the original of each character begins and ends."""
    spans = [undone.to_original(at, at + 1) for at in undone.starts]
    at: list[int] = []
    to: list[int] = []
    borders = [*undone.starts, len(undone.text)]
    for first, last, (start, end), copied in zip(borders, borders[1:], spans, undone.exact, strict=False):
        size = last - first
        at += range(start, start + size) if copied else [start] * size
        to += range(start + 1, start + size + 1) if copied else [end] * size
    return at, to


def _blank(found: str, text: str, start: int) -> str:
    """Return what white space is compared as: nothing at the end of a line where a soft hyphen breaks a word."""
    return "" if "\n" in found and text[start - 1 : start] == "\u00ad" else " "


def _folded(piece: str) -> str:
    if piece.isascii():
        return piece.lower()
    marked = unicodedata.normalize("NFC", piece).translate(SAME)
    plainly = "".join(unicodedata.normalize("NFKC", c) if _is_form(c) else c for c in marked)
    return unicodedata.normalize("NFC", plainly.casefold())


def _is_form(char: str) -> bool:
    return unicodedata.decomposition(char).partition(">")[0] in _FORMS
