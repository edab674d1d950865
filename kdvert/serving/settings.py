"""How the assistant answers."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 0.35
"""Cosine similarity of question and nearest passage below which the assistant abstains (docs/using.md says why)."""


@dataclass(frozen=True)
class Settings:
    """What may be set about an assistant.

    Attributes:
        passages: how many passages are shown to the student.
        passage_tokens: a longer passage is cut.
        max_new_tokens: the longest answer in tokens, where a request does not say.
        least: the similarity below which it abstains; 0 lets it always answer.
    """

    passages: int = 2
    passage_tokens: int = 160
    max_new_tokens: int = 200
    least: float = LEAST


@dataclass(frozen=True)
class Sampling:
    """How one answer is written. Temperature 0 is greedy, as in evaluation.

    Attributes:
        max_new_tokens: the longest answer in tokens.
        stop: texts before which an answer ends.
    """

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
