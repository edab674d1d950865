"""Questions that are there before the teacher is asked: what skills can take them, and how near two of them are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kdvert.elicitation.contract import Assignment
from kdvert.elicitation.skills import SKILLS, skill
from kdvert.elicitation.skills.contract import Skill
from kdvert.errors import UserError
from kdvert.filters.wording import words
from kdvert.records import Chunk, Example, ScrubbedText

HELD_OUT = 0.7
"""Similarity (0 to 1, word order ignored) from which a question copies one that measures the student."""


@dataclass(frozen=True)
class Seed:
    """A question to start from.

    Attributes:
        id: tells it from others: the hash of a given question, or the id of a record.
        question: its text.
        record: the record that it is of, or None.
    """

    id: str
    question: ScrubbedText
    record: Example | None = None


def with_question(assignment: Assignment, strategy: str) -> Skill[Any]:
    """Return the skill of the assignment, whose records must hold a question.

    Raises:
        UserError: there is no such skill, or the strategy has no template that tells the teacher the question for it.
    """
    kind = skill(assignment.skill)
    if "question" in kind.item.model_fields and assignment.templates.has(_template(strategy, kind.name)):
        return kind
    fit = sorted(name for name in SKILLS if assignment.templates.has(_template(strategy, name)))
    raise UserError(
        f"The strategy {strategy} starts from questions and has no way to ask one for the skill '{kind.name}'.",
        hint=f"With {strategy}, take: {', '.join(fit)}.",
    )


def _template(strategy: str, name: str) -> str:
    return f"elicit/{strategy}/{name}/ask.j2"


def likeness(question: str, others: Sequence[str]) -> float:
    """Return how near the nearest of ``others`` is, 0 to 1, whatever the order of words."""
    from rapidfuzz import fuzz, process

    ours = " ".join(words(question))
    found = process.extractOne(ours, [" ".join(words(o)) for o in others], scorer=fuzz.token_sort_ratio)
    return found[1] / 100 if found else 0.0


def sources(record: Example, passages: Mapping[str, Chunk]) -> list[Chunk]:
    """Return the passages that the writers of a record saw, as far as the index still holds them."""
    return [passages[i] for i in record.provenance.chunk_ids if i in passages]


def resting_on(record: Example, more: Sequence[Chunk]) -> Example:
    """Return ``record`` with the passages behind its seed in its lineage: who forgets those must find it."""
    lineage = record.provenance
    new = [c for c in more if c.id not in set(lineage.chunk_ids)]
    grown = lineage.model_copy(
        update={
            "chunk_ids": [*lineage.chunk_ids, *(c.id for c in new)],
            "document_ids": [*lineage.document_ids, *(c.document_id for c in new)],
            "licenses": [*lineage.licenses, *(c.license for c in new)],
        }
    )
    return record.model_copy(update={"provenance": grown})
