"""Answers that the student itself gives, before it is trained: the first one greedy, the others sampled.

It is asked with the templates that it is trained and evaluated with (``templates/student/``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kdvert.elicitation.contract import Assignment, Outcome, Sample, Sampled
from kdvert.elicitation.skills.contract import Variables
from kdvert.elicitation.strategies import Answers
from kdvert.errors import UserError
from kdvert.records import Chunk, Example, Failure, ScrubbedText, sha256_text
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed, Job

ANSWER = "answer"
"""Name of the template, in the strategy's folder."""

TEMPERATURE = 0.8
"""Of every answer but the first."""

_LONGEST = 160
"""Tokens of an answer."""


def jobs(assignment: Assignment, strategy: str, plan: Answers) -> list[Job[Sampled]]:
    """Return one job for each question of the records made before, as many as are wanted, drawn by the seed.

    Args:
        assignment: of the strategy that builds on the answers.
        strategy: whose template is rendered.
        plan: how the student answers.
    """
    seed = assignment.sampling.seed
    usable = [r for r in assignment.records if len(r.exchanges) == 1 and not r.context]
    drawn = sorted(usable, key=lambda r: sha256_text(f"{seed}:{r.id}"))[: assignment.wanted]
    return [_Answers(as_student(assignment), strategy, plan, record) for record in drawn]


@dataclass(frozen=True)
class _Answers:
    """The job of one question."""

    assignment: Assignment
    strategy: str
    plan: Answers
    record: Example

    async def __call__(self, ask: Ask) -> Sampled:
        passages = passages_of(self.record, self.assignment)[: self.plan.shown]
        got: list[Sample | Failure] = []
        for number in range(self.plan.count):
            request = self._request(number, passages)
            try:
                reply = await ask(request)
            except CallFailed as error:
                got.append(Failure(request_id=request.id, reason=error.reason, detail=error.detail))
                continue
            reason = "truncated_reply" if reply.truncated else None if reply.text.text.strip() else "empty_reply"
            got.append(Failure(request_id=request.id, reason=reason) if reason else Sample(reply.text, request))
        return Sampled(self.record, got)

    def _request(self, number: int, passages: Sequence[Chunk]) -> TeacherRequest:
        task = self.assignment
        variables: Variables = {
            "vertical_title": ScrubbedText(task.vertical_title, "package"),
            "disclaimer": ScrubbedText(task.disclaimer, "package"),
            "question": task.cleared(self.record.question),
            "passages": [task.cleared(c.text) for c in passages],
            "choices": [],
        }
        template = task.template(self.strategy, ANSWER)
        prompt = task.templates.prompt(template, variables)
        sampling = task.sampling.model_copy(
            update={
                "temperature": TEMPERATURE if number else 0.0,
                "max_tokens": _LONGEST,
                "seed": task.sampling.seed + number,
            }
        )
        return task.request(template, prompt, step=f"student {number}", sampling=sampling, chat=True)


def only_skill(assignment: Assignment, strategy: str, skill: str, makes: str) -> None:
    """Refuse a mix that wants other records of ``strategy`` than it makes.

    Raises:
        UserError: the entry names another skill than ``skill``.
    """
    if assignment.skill != skill:
        raise UserError(
            f"The strategy {strategy} makes {makes}, not records of the skill '{assignment.skill}'.",
            hint=f"Set the skill of this entry to {skill}.",
        )


def passages_of(record: Example, assignment: Assignment) -> list[Chunk]:
    """Return the passages that a record's teacher saw, the quoted one first, as far as the index holds them."""
    return [assignment.passages[i] for i in record.provenance.chunk_ids if i in assignment.passages]


def failed(sampled: Sampled) -> Outcome:
    """Return the failures among a student's answers."""
    return [one for one in sampled.samples if isinstance(one, Failure)]


def also_written_by(record: Example, requests: Sequence[TeacherRequest], terms: Sequence[str]) -> Example:
    """Return ``record`` with further calls and the terms of who answered them in its lineage."""
    lineage = record.provenance
    grown = lineage.model_copy(
        update={
            "request_ids": list(dict.fromkeys([*(r.id for r in requests), *lineage.request_ids])),
            "terms": sorted({*lineage.terms, *terms}),
        }
    )
    return record.model_copy(update={"provenance": grown})


def as_student(assignment: Assignment) -> Assignment:
    """Return the assignment with the student in the teacher's place; its terms come beside the teacher's."""
    assert assignment.student is not None
    terms = sorted({*assignment.terms, *assignment.student_terms})
    return replace(assignment, teacher=assignment.student, terms=terms, top_logprobs=0)
