"""Feedback: the student answers, the teacher judges the answer beside the passages, criticizes and corrects it.

A wrong answer makes a pair: the correction, whose quote is checked, is chosen; the student's own answer is rejected. A
right one teaches nothing and ends in a reason code, with the teacher's critique.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from kdvert.elicitation import drafts
from kdvert.elicitation.asked_for import likeness, resting_on, sources
from kdvert.elicitation.contract import Assignment, Outcome, Sample, Sampled, conversation
from kdvert.elicitation.samples import also_written_by, failed, only_skill, passages_of
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.records import Example, Failure, Message
from kdvert.teachers.scheduler import Ask, Job

NAME = "feedback"
SKILL = "preference"
SAME = 0.9
"""Similarity (0 to 1) from which a correction is the student's answer again."""


class Judgment(Item):
    """What the teacher says of an answer; ``answer`` and ``quote`` may be empty for a right one."""

    critique: str = Field(min_length=1)
    correct: bool
    answer: str = ""
    quote: str = ""


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each question that the student answered.

    Raises:
        UserError: the skill is not ``preference``.
    """
    only_skill(assignment, NAME, SKILL, "chosen and rejected answers")
    return [_Judged(assignment, sampled) for sampled in assignment.sampled]


@dataclass(frozen=True)
class _Judged:
    """The job of one question."""

    assignment: Assignment
    sampled: Sampled

    async def __call__(self, ask: Ask) -> Outcome:
        outcome = failed(self.sampled)
        for sample in (s for s in self.sampled.samples if isinstance(s, Sample)):
            outcome += await self._judged(sample, ask)
        return outcome

    async def _judged(self, sample: Sample, ask: Ask) -> Outcome:
        task, record = self.assignment, self.sampled.record
        shown = passages_of(record, task)
        if not shown:
            return [Failure(request_id=sample.request.id, reason="unknown_passage")]
        extra = {"question": task.cleared(record.question), "answer": sample.text}
        form = Skill(SKILL, Judgment, lambda item, occasion, number: self._draft(item, sample))
        made = await drafts.write(Occasion(task, NAME, shown, 1, extra), form, ask)
        return [self._written(one, sample) for one in made]

    def _draft(self, judged: Judgment, sample: Sample) -> Draft:
        given = " ".join(sample.text.text.split())
        if judged.correct:
            raise Unusable("student_is_right", judged.critique)
        if likeness(judged.answer, [given]) >= SAME:
            raise Unusable("rejected_like_chosen", judged.critique)
        chosen = conversation(self.sampled.record.question, " ".join(judged.answer.split()))
        return Draft(chosen, [judged.quote], rejected=[Message(role="assistant", content=given)])

    def _written(self, made: Example | Failure, sample: Sample) -> Example | Failure:
        if isinstance(made, Failure):
            return made
        made = also_written_by(made, [sample.request], self.assignment.student_terms)
        return resting_on(made, sources(self.sampled.record, self.assignment.passages))
