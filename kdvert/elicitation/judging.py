"""An optional judge: the teacher reads each answer beside the sentences that it rests on, and says whether they say it.

Code looks first: quotes, words, numbers. A judge sees what words do not show, and errs in its own way; so it can only
refuse, and a record that it says nothing of is refused too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.fences import fence
from kdvert.elicitation.parsing import read
from kdvert.elicitation.skills.contract import Variables
from kdvert.filters.contract import verdict
from kdvert.filters.support import SKILLS, abstains
from kdvert.records import Example
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed, Job

TEMPLATE = "elicit/skill/base/judge.j2"
CHECK = "judge"


class Judgment(BaseModel):
    """What the judge says of one answer."""

    model_config = ConfigDict(
        extra="ignore", str_strip_whitespace=True, json_schema_extra={"additionalProperties": False}
    )

    number: int
    supported: Literal["yes", "no"]


_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"records": {"type": "array", "items": Judgment.model_json_schema()}},
    "required": ["records"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Judged:
    """A job whose records are read by the judge before they are handed on.

    What else is known of the job (its passages, how many records it asks for) is the job's own.
    """

    job: Job[Outcome]
    assignment: Assignment

    def __getattr__(self, name: str) -> Any:
        return getattr(self.job, name)

    async def __call__(self, ask: Ask) -> Outcome:
        """Make the records and have them judged."""
        outcome = await self.job(ask)
        own = [one for one in outcome if isinstance(one, Example) and one.skill in SKILLS and not abstains(one)]
        if not own:
            return outcome
        request = _request(own, self.assignment)
        said = await _asked(request, ask)
        judged = {one.id: _with(one, said.get(number), request, self.assignment) for number, one in enumerate(own, 1)}
        return [judged.get(one.id, one) if isinstance(one, Example) else one for one in outcome]


def judged(jobs: Sequence[Job[Outcome]], assignment: Assignment) -> list[Job[Outcome]]:
    """Return ``jobs``, each with the judge behind it if the project asks for one."""
    return [Judged(job, assignment) for job in jobs] if assignment.judge else list(jobs)


def _request(records: Sequence[Example], task: Assignment) -> TeacherRequest:
    told = ["\n".join(f"Question: {_line(q)}\nAnswer: {_line(a)}" for q, a in one.exchanges) for one in records]
    sources = [_line(one.quote) for one in records]
    variables: Variables = {
        "sources": [task.cleared(text) for text in sources],  # a reply is scrubbed before records are made of it
        "told": [task.cleared(text) for text in told],
        "fence": fence([*sources, *told]),
    }
    prompt = task.templates.prompt(TEMPLATE, variables)
    sampling = task.sampling.model_copy(update={"temperature": 0.0})  # asked twice, it should say the same twice
    return task.request(TEMPLATE, prompt, step=CHECK, sampling=sampling, chat=True, schema=_SCHEMA)


def _line(text: str) -> str:
    return " ".join(text.split())


async def _asked(request: TeacherRequest, ask: Ask) -> dict[int, bool]:
    """Return what the judge says, by the number of the record; nothing if it gave no usable reply."""
    try:
        reply = await ask(request)
    except CallFailed:
        return {}
    found = read(reply.text.text, Judgment, truncated=reply.truncated)
    said: dict[int, bool] = {}
    for one in found.items:  # of one that is judged twice, the refusal counts
        said[one.number] = said.get(one.number, True) and one.supported == "yes"
    return said


def _with(one: Example, said: bool | None, request: TeacherRequest, task: Assignment) -> Example:
    reason = {True: None, False: "judge_says_unsupported", None: "judge_said_nothing"}[said]
    found = verdict(CHECK, reason)
    origin = one.provenance.model_copy(
        update={
            "request_ids": [*one.provenance.request_ids, request.id],
            "templates": {**one.provenance.templates, TEMPLATE: task.templates.sha256(TEMPLATE)},
        }
    )
    return one.model_copy(update={"verdicts": [*one.verdicts, found], "provenance": origin})
