"""An answer may say something else with the words of its evidence; then they stand together in another way.

Each pair of neighboring content words of an answer should stand near each other in the evidence or the question too.
Words tell that much and no more: "not", the wrong subject, or a cause made of a sequence, are seen by readers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from kdvert.filters.contract import Material, verdict
from kdvert.filters.support import SKILLS, abstains
from kdvert.knowledge.language import Language, load
from kdvert.records import Example, Verdict

FEWEST = 4
"""Pairs of a sentence from which their share says something."""
NEAR = 3
"""Content words within which two count as near each other."""


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge how much of each answer stands together as in its evidence; the score is that of its worst sentence.

    Reason code: ``answer_recombines``. Skills without a verdict of ``support`` and short sentences have none here.
    """
    language = load(material.languages[0]) if examples else None
    return [_judged(e, language, material.thresholds.recombination) if language else [] for e in examples]


def _judged(example: Example, language: Language, least: float) -> list[Verdict]:
    if example.skill not in SKILLS or abstains(example):
        return []
    share = _share(example, language)
    return [] if share is None else [verdict("recombination", None if share >= least else "answer_recombines", share)]


def _share(example: Example, language: Language) -> float | None:
    near = _near(example.quote.split("\n"), language)
    shares: list[float] = []
    for question, answer in example.exchanges:
        near |= _near([question], language)
        for start, end in language.ends(answer):
            own = list(pairwise(language.content_in_order(answer[start:end])))
            if len(own) >= FEWEST:
                shares.append(sum(pair in near for pair in own) / len(own))
    return min(shares, default=None)


def _near(texts: Iterable[str], language: Language) -> set[tuple[str, str]]:
    """Return pairs of content words, in both orders, that stand near each other in one of the texts."""
    found: set[tuple[str, str]] = set()
    for text in texts:
        keys = language.content_in_order(text)
        for place, first in enumerate(keys):
            for second in keys[place + 1 : place + 1 + NEAR]:
                found |= {(first, second), (second, first)}
    return found
