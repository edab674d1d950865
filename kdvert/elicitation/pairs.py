"""Records for a capable teacher: passages in a prompt, JSON in the form of the skill, evidence checked by code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kdvert.elicitation import drafts
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.skills import skill
from kdvert.elicitation.skills.contract import Occasion, Skill
from kdvert.elicitation.tally import divided
from kdvert.records import Chunk
from kdvert.teachers.scheduler import Ask, Job


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each passage, or for each few of a document where the skill can take them together.

    Raises:
        UserError: there is no such skill.
    """
    kind = skill(assignment.skill)
    most = assignment.together if kind.together else 1
    counts = divided(assignment.wanted, assignment.chunks, kind.per_passage(assignment.per_passage))
    return [
        _Passages(assignment, strategy, kind, chunks, sum(counts[c.id] for c in chunks))
        for chunks in _gathered(assignment.chunks, most)
    ]


def _gathered(chunks: Sequence[Chunk], most: int) -> Iterator[tuple[Chunk, ...]]:
    """Yield passages of one document in the order of its text, ``most`` at a time."""
    ordered = sorted(chunks, key=lambda c: (c.document_id, c.start, c.id))
    for _, of_document in groupby(ordered, key=lambda c: c.document_id):
        own = list(of_document)
        calls = -(-len(own) // most)
        for call in range(calls):  # of five, three and two rather than four and one
            yield tuple(own[call * len(own) // calls : (call + 1) * len(own) // calls])


@dataclass(frozen=True)
class _Passages:
    """The job of some passages: they are shown with as many of their neighbors in the index as the skill needs."""

    assignment: Assignment
    strategy: str
    skill: Skill[Any]
    chunks: tuple[Chunk, ...]
    count: int

    @property
    def chunk(self) -> Chunk:
        """The first passage: it stands for the job."""
        return self.chunks[0]

    async def __call__(self, ask: Ask) -> Outcome:
        shown = [*self.chunks, *await self._neighbors()]
        occasion = Occasion(self.assignment, self.strategy, shown, self.count, written_about=len(self.chunks))
        return await drafts.write(occasion, self.skill, ask)

    async def _neighbors(self) -> list[Chunk]:
        """Return the passages to show beside: they cost tokens, so only as many as the skill needs."""
        beside = self.assignment.beside
        count = self.skill.beside if beside is None else beside
        if not count:
            return []
        own = {c.id for c in self.chunks}
        hits = await self.assignment.search(self.chunk.text)
        return [h.chunk for h in hits if h.chunk.id not in own][:count]
