"""Cheap checks of a question: whether it is one, stands alone, is about the fact and leaves the fact to the answer."""

from __future__ import annotations

import re

from kdvert.elicitation.openings import GRAMMAR, Opening
from kdvert.elicitation.seeds import Seed, StandsIn, has_placeholder
from kdvert.filters.wording import words
from kdvert.knowledge.language import Language

MOST_GIVEN_AWAY = 0.6
LEAST_GROUNDED = 0.7
_POINTS_AT_TEXT = re.compile(
    r"\b(?:this|the|that|above|following|given) "
    r"(?:passage|text|fact|sentence|document|article|excerpt|paragraph|topic)\b"
    r"|\baccording to (?:the|this) (?:passage|text|document|author|article)\b",
    re.IGNORECASE,
)


def shape(question: str, stands_in: StandsIn = has_placeholder) -> str | None:
    """Return the reason code of what is wrong with a question whatever it is about, or None."""
    if not question:
        return "empty_reply"
    if not question.endswith("?"):
        return "not_a_question"
    if len(question.split()) < 3:
        return "question_too_short"
    if _POINTS_AT_TEXT.search(question):
        return "question_points_at_text"
    if stands_in(question):
        return "question_has_placeholder"
    return None


def fit(question: str, seed: Seed, language: Language) -> str | None:
    """Return the reason code of why a question does not fit the quote it was written for, or None."""
    parsed = language.parse(question)
    keys = [language.key(t) for t in parsed if not t.is_stop and any(c.isalnum() for c in t.text)]
    content = frozenset(keys)
    about = language.content(seed.quote)
    if not content & about:
        return "question_off_topic"
    if len(content & (about | language.content(seed.chunk.title))) < LEAST_GROUNDED * len(content):
        return "question_not_grounded"
    if len(keys) - len(content) > 1:
        return "question_repeats_itself"
    if _gives_away(question, content, seed):
        return "question_gives_answer_away"
    if seed.opening and not language.content(_rest(question, seed.opening)) <= _allowed(seed.opening, about):
        return "question_adds_words"
    grammar = GRAMMAR.get(language.code) if language.parsed else None
    if grammar and not grammar(parsed):
        return "question_ungrammatical"
    return None


def _gives_away(question: str, content: frozenset[str], seed: Seed) -> bool:
    if len(content & seed.asked) > MOST_GIVEN_AWAY * len(seed.asked):
        return True
    opening = seed.opening
    return bool(opening and opening.withheld & set(words(_rest(question, opening))))


def _allowed(opening: Opening, about: frozenset[str]) -> frozenset[str]:
    return frozenset() if opening.complete else about


def _rest(question: str, opening: Opening) -> str:
    """Return what the teacher wrote after the opening."""
    return question[len(tidy(opening.text)) :]


def tidy(text: str) -> str:
    """Return ``text`` with single spaces, and none before punctuation."""
    return re.sub(r"\s+([,.;:?!)\]])", r"\1", " ".join(text.split()))
