"""The words of an answer must stand in its evidence. No model judges: paraphrase costs a little, invention a lot."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.knowledge.language import Language, load
from kdvert.records import Example, Verdict

SKILLS = frozenset(("extractive_qa", "grounded_qa", "multi_turn", "preference", "retrieval_use", "summary"))
"""Skills whose answers say what the evidence says. Conclusions, judgments and refusals have words of their own."""


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge how much of each answer its evidence holds; the score is the share of content words of its worst sentence.

    Reason code: ``answer_not_supported``. Words of the questions so far count as held. Records of other skills, and
    answers that say that the passages do not answer, have no verdict.
    """
    language = load(material.languages[0]) if examples else None
    return [_judged(e, language, material.thresholds.support) if language else [] for e in examples]


def _judged(example: Example, language: Language, least: float) -> list[Verdict]:
    if example.skill not in SKILLS or abstains(example):
        return []
    share = _share(example, language)
    if share is None:
        return []
    return [verdict("support", None if share >= least else "answer_not_supported", share)]


def abstains(example: Example) -> bool:
    """Tell whether a record answers that the passages do not say it."""
    return any(v.check == "answer_in_context" and not v.score for v in example.verdicts)


def _share(example: Example, language: Language) -> float | None:
    """Return the least share of a sentence that evidence and questions hold; None if no sentence says a word."""
    held = language.content(example.quote)
    shares: list[float] = []
    for question, answer in example.exchanges:
        held |= language.content(question)
        for start, end in language.ends(answer) or [(0, len(answer))]:
            said = language.content(answer[start:end])
            shares += [len(said & held) / len(said)] if said else []
    return min(shares, default=None)
