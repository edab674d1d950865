"""What a filter is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.records import Chunk, EvalItem, Example, Verdict
from kdvert.verticals import Check


class Thresholds(ConfigBase):
    """The numbers that filters compare with.

    Attributes:
        question_words: fewest and most words of a question.
        answer_words: fewest and most words of an answer.
        language_certainty: how sure the detector must be that a text is in a foreign language to reject it.
        support: share of the content words of each sentence of an answer that its evidence must hold, those of the
            question counted in.
        recombination: share of the pairs of neighboring content words of each sentence of an answer that must stand
            near each other in its evidence or question.
        premise: share of the content words which an answer has in common with its question that must stand in the
            evidence, or in the sentence before it.
        near_duplicate: Jaccard similarity of word triples from which two records count as the same.
        eval_question: similarity (0 to 1, word order ignored) from which a question copies a held-out one.
        eval_answer_words: longest run of words that an answer may share with a held-out answer.
    """

    question_words: tuple[int, int] = (3, 60)
    answer_words: tuple[int, int] = (1, 300)
    language_certainty: float = Field(default=0.9, ge=0, le=1)
    support: float = Field(default=0.75, ge=0, le=1)
    recombination: float = Field(default=0.5, ge=0, le=1)
    premise: float = Field(default=0.6, ge=0, le=1)
    near_duplicate: float = Field(default=0.6, gt=0, le=1)
    eval_question: float = Field(default=0.7, gt=0, le=1)
    eval_answer_words: int = Field(default=8, ge=3)


@dataclass(frozen=True)
class Material:
    """What filters look things up in.

    Attributes:
        chunks: passages by id.
        held_out: the questions that measure the student.
        languages: ISO 639-1 codes that records may be in.
        checks: the vertical's own verifiers, by name.
        thresholds: see `Thresholds`.
    """

    chunks: Mapping[str, Chunk]
    held_out: Sequence[EvalItem]
    languages: Sequence[str]
    checks: Mapping[str, Check]
    thresholds: Thresholds


class Filter(Protocol):
    """One filter. Records come with the verdicts of the filters before it."""

    def __call__(self, examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
        """Return the verdicts on each record, in order."""


def verdict(check: str, reason: str | None, score: float | None = None) -> Verdict:
    """Return a verdict that passes if there is no reason against it."""
    return Verdict(check=check, passed=reason is None, reason=reason, score=None if score is None else round(score, 4))
