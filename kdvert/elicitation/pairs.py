"""Records for a capable teacher: one call a passage, JSON in the form of the skill, quotes checked by code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kdvert.elicitation import drafts
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.skills import skill
from kdvert.elicitation.skills.contract import Occasion, Skill
from kdvert.elicitation.tally import divided
from kdvert.records import Chunk
from kdvert.teachers.scheduler import Ask, Job


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each passage.

    Raises:
        UserError: there is no such skill.
    """
    kind = skill(assignment.skill)
    counts = divided(assignment.wanted, assignment.chunks, assignment.per_passage)
    return [_Passage(assignment, strategy, kind, chunk, counts[chunk.id]) for chunk in assignment.chunks]


@dataclass(frozen=True)
class _Passage:
    """The job of one passage: it is shown with as many of its neighbors as the skill needs."""

    assignment: Assignment
    strategy: str
    skill: Skill[Any]
    chunk: Chunk
    count: int

    async def __call__(self, ask: Ask) -> Outcome:
        shown = [self.chunk, *await self._neighbors()]
        occasion = Occasion(self.assignment, self.strategy, shown, self.count)
        return await drafts.write(occasion, self.skill, ask)

    async def _neighbors(self) -> list[Chunk]:
        """Return the passages to show beside: they cost tokens, so only as many as the skill needs."""
        beside = self.assignment.beside
        count = self.skill.beside if beside is None else beside
        if not count:
            return []
        hits = await self.assignment.search(self.chunk.text)
        return [h.chunk for h in hits if h.chunk.id != self.chunk.id][:count]
