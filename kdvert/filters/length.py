"""Questions and answers of a length that can teach something."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import words
from kdvert.records import Example, Verdict

_WITH_PASSAGES = 400  # words of a request about passages, at most


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge the number of words. Reason codes: ``too_short``, ``too_long``.

    In a dialogue the first question must have enough words, and no question too many. A request that comes with
    passages may be longer: it lists what is wanted of them.
    """
    limits = material.thresholds
    return [
        [
            verdict(
                "length",
                _questions(e, limits.question_words) or _answers(e, limits.answer_words),
                len(words(e.question)) + len(words(e.answer)),
            )
        ]
        for e in examples
    ]


def _questions(example: Example, limits: tuple[int, int]) -> str | None:
    most = limits[1] if not example.context else max(limits[1], _WITH_PASSAGES)
    first, *later = [question for question, _ in example.exchanges]
    reasons = [_reason(first, (limits[0], most)), *(_reason(question, (1, most)) for question in later)]
    return next((reason for reason in reasons if reason), None)


def _answers(example: Example, limits: tuple[int, int]) -> str | None:
    reasons = [_reason(answer, limits) for _, answer in example.exchanges]
    return next((reason for reason in reasons if reason), None)


def _reason(text: str, limits: tuple[int, int]) -> str | None:
    count = len(words(text))
    if count < limits[0]:
        return "too_short"
    return "too_long" if count > limits[1] else None
