"""Labeling: the project gives questions, the teacher answers them from what the index finds.

Answers with reasoning come from a skill whose records hold reasoning, answers without from one whose records do not;
a mix may hold both for the same questions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kdvert.elicitation import drafts
from kdvert.elicitation.asked_for import with_question
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.given import Given
from kdvert.elicitation.skills.contract import Draft, Occasion, Skill
from kdvert.records import Example, Failure
from kdvert.teachers.scheduler import Ask, Job

NAME = "labeling"


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each question.

    Raises:
        UserError: there is no such skill, or no template asks for it with a question.
    """
    kind = with_question(assignment, NAME)
    return [_Label(assignment, kind, question) for question in assignment.questions]


@dataclass(frozen=True)
class _Label:
    """The job of one question."""

    assignment: Assignment
    skill: Skill[Any]
    question: Given

    async def __call__(self, ask: Ask) -> Outcome:
        hits = await self.assignment.search(self.question.text.text)
        if not hits:
            return [Failure(request_id="", reason="no_passage_found", detail=self.question.text.text)]
        occasion = Occasion(self.assignment, NAME, [h.chunk for h in hits], 1, {"question": self.question.text})
        outcome = await drafts.write(occasion, replace(self.skill, draft=self._draft), ask)
        return [_unanswered(made) for made in outcome]

    def _draft(self, item: Any, occasion: Occasion, number: int) -> Draft:
        """Put the question back as it was given: teachers polish."""
        return self.skill.draft(item.model_copy(update={"question": self.question.text.text}), occasion, number)


def _unanswered(made: Example | Failure) -> Example | Failure:
    if isinstance(made, Failure) and made.reason == "no_records":
        return made.model_copy(update={"reason": "not_answered_by_passages"})
    return made
