"""What the tagger sees of a text: tokens with their offsets, and for each the rows of the table it adds up.

A word is known by itself, by its letter triples and quadruples (so that a name nobody has seen still looks like one)
and by its shape. Training and use share this file; a change here needs new weights (`VERSION` stands in their
manifest).
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import regex

VERSION = 3
WORD_ROWS = 24_576
PIECE_ROWS = 40_960
SHAPE_ROWS = 512
ROWS = WORD_ROWS + PIECE_ROWS + SHAPE_ROWS + 4
"""Rows of the table; the last four say whether a token is glued to the one before it, or starts a line."""
LONGEST_WORD = 30
"""Characters of a word that are read; a longer one is no word."""

_TOKEN = regex.compile(r"\p{L}[\p{L}\p{M}]*|\d+|\n+|[ \t\u00a0]{2,}|([^\w\s])\1{2,}|\S")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, parallel lists.

    Attributes:
        words: their text. A line break and a gap of several blanks are tokens too: forms and lists are read by them.
        starts: offsets into the text.
        context: 0 to 3: bit 1 for a token with no blank before it, bit 2 for the first of a line.
    """

    words: list[str]
    starts: list[int]
    context: list[int]

    def end(self, index: int) -> int:
        """Return the offset behind the token ``index``."""
        return self.starts[index] + len(self.words[index])


def tokenize(text: str) -> Tokens:
    """Cut ``text`` into words, digits, line breaks, gaps, rows of one mark ("=====") and single other characters."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    words = [text[start:end] for start, end in spans]
    starts = [start for start, _ in spans]
    context: list[int] = []
    reach, first = -1, True
    for (start, end), word in zip(spans, words, strict=True):
        context.append((start == reach) + 2 * first)
        reach, first = end, word[0] == "\n"
    return Tokens(words, starts, context)


def rows(word: str) -> tuple[list[int], list[int], int]:
    """Return the rows of the table that stand for ``word``: of the word, of its pieces, of its shape."""
    plain = _plain(word[:LONGEST_WORD])
    known = [_bucket(f"a{plain}", WORD_ROWS), _bucket(f"b{plain}", WORD_ROWS)]
    pieces = [WORD_ROWS + _bucket(piece, PIECE_ROWS) for piece in _pieces(plain)]
    return known, pieces, WORD_ROWS + PIECE_ROWS + _bucket(_shape(word), SHAPE_ROWS)


def context_row(context: int) -> int:
    """Return the row of a token's place (see `Tokens.context`)."""
    return ROWS - 4 + context


def _bucket(key: str, size: int) -> int:
    return zlib.crc32(key.encode("utf-8", "replace")) % size


def _plain(word: str) -> str:
    if word[0].isdigit():
        return _number(word)
    if word.isspace():
        return "\n" * min(2, len(word)) if word[0] == "\n" else "  "
    if len(word) > 2 and not word[0].isalpha():
        return word[0] * 3
    if word.isascii():
        return word.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c)) or word


def _number(word: str) -> str:
    """Keep a number's length, and whether it can be a day, a month, a year, an age."""
    length = len(word)
    if length <= 2 and word.isascii():
        value = int(word)
        return f"{'0' * length}{next((m for m in (0, 12, 24, 31, 59, 99) if value <= m), 99)}"
    if length == 4 and word[:2] in ("19", "20"):
        return "year"
    return "0" * length


def _pieces(plain: str) -> Iterator[str]:
    if not plain[0].isalpha():
        return
    marked = f"<{plain}>"
    for size in (3, 4):
        for start in range(len(marked) - size + 1):
            yield marked[start : start + size]


def _shape(word: str) -> str:
    if word[0].isdigit():
        return f"d{min(len(word), 12)}"
    if not word[0].isalpha():
        return word[0] + str(min(len(word), 4))
    length = min(len(word), 4)
    if len(word) == 1:
        return "X" if word.isupper() else "x"
    if word.isupper():
        return f"XX{length}"
    if word.islower():
        return f"xx{length}"
    if word[0].isupper() and word[1:].islower():
        return f"Xx{length}"
    return "XxX" if word[0].isupper() else "xXx"
