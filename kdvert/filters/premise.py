"""What a question takes for granted is not proven by being repeated in the answer.

The filter ``support`` lets an answer use the words of its question. Asked "Why are alkylating agents not used as
antiseptics?", a teacher hangs what the passage says of one agent on all of them, in words that each stand somewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.support import SKILLS, abstains
from kdvert.knowledge.language import Language, load
from kdvert.records import Evidence, Example, Verdict

_LOOK_BACK = 600
"""Characters of the passage in which the sentence before is looked for."""


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge how much of what answer and question share stands in the evidence, or in the sentence right before it.

    The sentence before may name what "it" is. The score is the share of those content words that stand there, of the
    worst exchange. Reason code: ``question_assumed``. Skills without a verdict of ``support`` have none here.
    """
    language = load(material.languages[0]) if examples else None
    return [_judged(e, language, material) if language else [] for e in examples]


def _judged(example: Example, language: Language, material: Material) -> list[Verdict]:
    if example.skill not in SKILLS or abstains(example):
        return []
    held = language.content(example.quote)
    share = _share(example, held, language)
    if share is not None and share < 1:  # looking around costs more than all else here
        before = [language.content(_before(evidence, material, language)) for evidence in example.evidence]
        share = _share(example, held.union(*before), language)
    if share is None:
        return []
    return [verdict("premise", None if share >= material.thresholds.premise else "question_assumed", share)]


def _share(example: Example, held: frozenset[str], language: Language) -> float | None:
    """Return the least share of an exchange; None if no answer has a word of its question."""
    shares: list[float] = []
    for question, answer in example.exchanges:
        said = language.content(answer)
        shared = language.content(question) & said
        shares += [len(shared & held) / len(shared)] if shared else []
        held |= said  # the next question may build on what was answered
    return min(shares, default=None)


def _before(evidence: Evidence, material: Material, language: Language) -> str:
    """Return the sentence that ends before a span; empty if the span begins its passage, or the passage is unknown."""
    chunk = material.chunks.get(evidence.chunk_id)
    if chunk is None:
        return ""
    before = chunk.text[max(0, evidence.start - _LOOK_BACK) : evidence.start].rstrip()
    ends = language.ends(before)
    return before[slice(*ends[-1])] if ends else before
