"""One rule for every tool: a question stands alone and is new, and the passage says what its answer says.

The rule reads words, not meaning, and knows nothing of quotes: no tool has an advantage by the evidence that it keeps.
An answer in words of its own fails, for whichever tool wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.elicitation import sanity
from kdvert.filters.figures import equal, figures, plain
from kdvert.filters.wording import words
from kdvert.knowledge.language import Language

SUPPORTED = 0.8
"""Share of the content words of each sentence of an answer that the passage must hold, those of the question aside."""
SAME = 0.9
"""Similarity of two questions, word order ignored, from which the later one is a copy."""


@dataclass(frozen=True)
class Pair:
    """A question with its answer, and the passage that it was made from."""

    question: str
    answer: str
    passage: str


def judge(pairs: Sequence[Pair], language: Language) -> list[str]:
    """Return for each pair ``accepted``, or why it is not."""
    seen: list[str] = []
    verdicts = []
    for pair in pairs:
        verdict = _reason(pair, seen, language) or "accepted"
        if verdict == "accepted":
            seen.append(pair.question)
        verdicts.append(verdict)
    return verdicts


def counted(verdicts: Sequence[str]) -> dict[str, int]:
    """Return how many pairs had each verdict, the most frequent first."""
    return dict(Counter(verdicts).most_common())


def _reason(pair: Pair, seen: Sequence[str], language: Language) -> str | None:
    if reason := sanity.shape(" ".join(pair.question.split()), lambda text: False):
        return reason
    if _is_copy(pair.question, seen):
        return "copy"
    if not words(pair.answer):
        return "empty_answer"
    stated = figures(plain(pair.passage)) + figures(plain(pair.question))
    if not all(any(equal(f, s) for s in stated) for f in figures(plain(pair.answer))):
        return "number_not_in_passage"
    return None if _is_supported(pair, language) else "not_supported"


def _is_copy(question: str, seen: Sequence[str]) -> bool:
    from rapidfuzz import fuzz, process

    ours = " ".join(words(question))
    found = process.extractOne(ours, [" ".join(words(q)) for q in seen], scorer=fuzz.token_sort_ratio)
    return bool(found) and found[1] >= 100 * SAME


def _is_supported(pair: Pair, language: Language) -> bool:
    held, known = language.content(pair.passage), language.content(pair.question)
    for _, _, sentence in language.sentences(pair.answer):
        said = language.content(sentence)
        if len(said & (held | known)) < SUPPORTED * len(said):
            return False
    return bool(language.content(pair.answer) & held)
