"""Passages as numbered sentences, so that a teacher cites a number instead of copying a quote.

Copying costs a teacher's tokens and small models miscopy; a number costs one token, and code looks the sentence up.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kdvert.knowledge.language import Language
from kdvert.records import Chunk

_LINE = re.compile(r"[^\n]+")
_SAYS = re.compile(r"\w")


@dataclass(frozen=True)
class Sentence:
    """A piece of a passage under its number, as the teacher reads it: with single spaces."""

    number: int
    chunk: Chunk
    text: str


def numbered(shown: Sequence[Chunk], language: Language) -> list[Sentence]:
    """Return every sentence, heading and table row of the passages, numbered from 1 through all of them."""
    pieces = ((chunk, text) for chunk in shown for text in _pieces(chunk.text, language))
    return [Sentence(number, chunk, text) for number, (chunk, text) in enumerate(pieces, 1)]


def as_lines(shown: Sequence[Chunk], language: Language) -> list[str]:
    """Return each passage as text, one numbered sentence a line."""
    found = numbered(shown, language)
    return ["\n".join(f"({s.number}) {s.text}" for s in found if s.chunk is chunk) for chunk in shown]


@functools.lru_cache(maxsize=256)
def _pieces(text: str, language: Language) -> tuple[str, ...]:
    return tuple(" ".join(text[start:end].split()) for start, end in _spans(text, language))


def _spans(text: str, language: Language) -> Iterator[tuple[int, int]]:
    """Yield sentences, and what lies between them line by line: headings and rows of tables state facts too."""
    done = 0
    for start, end in language.ends(text):
        yield from _lines(text, done, start)
        yield start, end
        done = end
    yield from _lines(text, done, len(text))


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line in _LINE.finditer(text, start, end):
        if _SAYS.search(line[0]):
            yield line.span()
