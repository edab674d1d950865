"""Records for a capable teacher: one call a passage, JSON in the form of the skill, quotes checked by code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kdvert.elicitation import drafts
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.skills import skill
from kdvert.elicitation.skills.contract import Occasion, Skill
from kdvert.records import Chunk
from kdvert.teachers.scheduler import Ask, Job


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each passage.

    Raises:
        UserError: there is no such skill.
    """
    kind = skill(assignment.skill)
    return [_Passage(assignment, strategy, kind, chunk) for chunk in assignment.chunks]


@dataclass(frozen=True)
class _Passage:
    """The job of one passage: it is shown with its neighbors in the index."""

    assignment: Assignment
    strategy: str
    skill: Skill[Any]
    chunk: Chunk

    async def __call__(self, ask: Ask) -> Outcome:
        hits = await self.assignment.search(self.chunk.text)
        shown = [self.chunk, *(h.chunk for h in hits if h.chunk.id != self.chunk.id)]
        occasion = Occasion(self.assignment, self.strategy, shown, self.assignment.per_passage)
        return await drafts.write(occasion, self.skill, ask)
