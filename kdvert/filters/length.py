"""Questions and answers of a length that can teach something."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import words
from kdvert.records import Example, Verdict


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge the number of words. Reason codes: ``too_short``, ``too_long``."""
    limits = material.thresholds
    return [
        [
            verdict(
                "length",
                _reason(e.question, limits.question_words) or _reason(e.answer, limits.answer_words),
                len(words(e.question)) + len(words(e.answer)),
            )
        ]
        for e in examples
    ]


def _reason(text: str, limits: tuple[int, int]) -> str | None:
    count = len(words(text))
    if count < limits[0]:
        return "too_short"
    return "too_long" if count > limits[1] else None
