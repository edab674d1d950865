"""Which sentences of a passage a record may rest on: chosen by code, so that every answer is verbatim in a source."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.elicitation.openings import OPENINGS, Opening
from kdvert.knowledge.language import Language
from kdvert.records import Chunk

if TYPE_CHECKING:
    from spacy.tokens import Span

SHORTEST, LONGEST = 6, 35  # words
PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*(?:_\d+)?\]")
_LOWER = re.compile(r"\b[^\W\d_A-Z]+\b")
_ADDRESS = re.compile(r"https?://|www\.|\S@\S")
_POINTS_BACK = {
    "it", "its", "this", "that", "these", "those", "he", "she", "they", "his", "her", "their", "such", "we", "i",
    "you", "our", "my", "your", "however", "therefore", "thus", "but", "and", "or", "so", "also", "then", "here",
    "there", "both", "others", "another", "moreover", "furthermore", "instead", "otherwise",
}  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A sentence worth asking about.

    Attributes:
        chunk: the passage; ``chunk.text[start:end]`` is the sentence as it stands there.
        quote: the sentence with single spaces.
        opening: how the question may begin, where the language's grammar is known.
        asked: content words that the question leaves for the answer; all of them without an opening.
    """

    chunk: Chunk
    start: int
    end: int
    quote: str
    opening: Opening | None
    asked: frozenset[str]


StandsIn = Callable[[str], bool]
"""Tells whether a text holds something that scrubbing put in the place of personal data: no fact to ask about."""


def has_placeholder(text: str) -> bool:
    """Return whether ``text`` holds a placeholder such as [PERSON_1]."""
    return bool(PLACEHOLDER.search(text))


def choose(
    chunks: Sequence[Chunk], language: Language, per_passage: int, stands_in: StandsIn = has_placeholder
) -> dict[str, list[Seed]]:
    """Return the best seeds of each passage, at most ``per_passage``, in the order of the text.

    A sentence that stands in several passages is taken from the first; one with a placeholder or surrogate from none.
    """
    taken: set[str] = set()
    plain = frozenset(word for chunk in chunks for word in _LOWER.findall(chunk.text))
    chosen: dict[str, list[Seed]] = {}
    for chunk in chunks:
        usable = (s for s in _quotable(chunk, language, plain) if not stands_in(s.quote))
        found = [s for s in usable if s.quote.casefold() not in taken]
        best = sorted(found, key=lambda s: (s.opening.rank if s.opening else 0, s.start))[:per_passage]
        taken |= {s.quote.casefold() for s in best}
        chosen[chunk.id] = sorted(best, key=lambda s: s.start)
    return chosen


def _quotable(chunk: Chunk, language: Language, plain: frozenset[str]) -> list[Seed]:
    rule = OPENINGS.get(language.code) if language.parsed else None
    seeds: list[Seed] = []
    for start, end, sentence in language.sentences(chunk.text):
        quote = " ".join(chunk.text[start:end].split())
        if not _stands_alone(quote):
            continue
        opening = rule(sentence, plain) if rule else None
        if rule and opening is None:
            continue
        asked = _asked(sentence, opening, language)
        if asked:
            seeds.append(Seed(chunk, start, end, quote, opening, asked))
    return seeds


def _stands_alone(quote: str) -> bool:
    count = len(quote.split())
    if not SHORTEST <= count <= LONGEST or not quote.endswith((".", "!", "。")):
        return False
    first = quote.split()[0]
    if not (first[0].isupper() or first[0].isdigit()) or first.strip(",.").casefold() in _POINTS_BACK:
        return False
    return not _ADDRESS.search(quote)


def _asked(sentence: Span, opening: Opening | None, language: Language) -> frozenset[str]:
    if opening is None:
        return language.content(sentence)
    kept = set(opening.asked)
    tokens = [t for i, t in enumerate(sentence) if i in kept]
    return frozenset(language.key(t) for t in tokens if not t.is_stop and any(c.isalnum() for c in t.text))
