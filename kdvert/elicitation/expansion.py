"""Expansion: the teacher varies a question, and answers what it made of it from passages.

Seeds are the project's own (``elicit.seeds``) or the questions of records that the mix made before. One that resembles
a held-out question is not touched: what grows out of it would teach the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from kdvert.elicitation import drafts
from kdvert.elicitation.asked_for import HELD_OUT, Seed, likeness, resting_on, sources, with_question
from kdvert.elicitation.contract import Assignment, Hit, Outcome
from kdvert.elicitation.skills.contract import Draft, Occasion, Skill, Unusable
from kdvert.records import Chunk, Example, Failure, ScrubbedText, sha256_text
from kdvert.teachers.scheduler import Ask, Job

NAME = "expansion"
WAYS = ("deepen", "constrain", "concretize", "broaden")
"""How a question is varied; ``templates/elicit/expansion/way.j2`` says what the teacher is told."""

SAME = 0.85
"""Similarity (0 to 1, word order ignored) from which a question is its seed again."""


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each seed and way, as many as are wanted; one a seed if no number is.

    Raises:
        UserError: there is no such skill, or no template asks for it with a question.
    """
    kind = with_question(assignment, NAME)
    every = seeds(assignment)
    wanted = len(every) if assignment.wanted is None else assignment.wanted
    turns = ((seed, way) for turn in range(len(WAYS)) for seed in every for way in [_way(seed, turn)])
    return [_Variation(assignment, kind, seed, way) for seed, way in islice(turns, wanted)]


def seeds(assignment: Assignment) -> list[Seed]:
    """Return the questions to vary, in an order drawn by the seed of the run."""
    found = [Seed(q.id, q.text) for q in assignment.questions]
    if not found:
        found = [Seed(r.id, assignment.cleared(r.question), r) for r in assignment.records]
    return sorted(found, key=lambda s: sha256_text(f"{assignment.sampling.seed}:{s.id}"))


def _way(seed: Seed, turn: int) -> str:
    """Return a way that differs from turn to turn; seeds begin with different ones."""
    return WAYS[(int(sha256_text(seed.id)[:8], 16) + turn) % len(WAYS)]


@dataclass(frozen=True)
class _Variation:
    """The job of one seed and way."""

    assignment: Assignment
    skill: Skill[Any]
    seed: Seed
    way: str

    async def __call__(self, ask: Ask) -> Outcome:
        question = self.seed.question
        if likeness(question.text, self.assignment.held_out) >= HELD_OUT:
            return [Failure(request_id="", reason="seed_is_held_out", detail=question.text)]
        shown = self._shown(await self.assignment.search(question.text))
        if not shown:
            return [Failure(request_id="", reason="no_passage_found", detail=question.text)]
        extra = {"seed": question, "way": ScrubbedText(self.way, "package")}
        occasion = Occasion(self.assignment, NAME, shown, 1, extra)
        outcome = await drafts.write(occasion, replace(self.skill, draft=self._draft), ask)
        return [self._grown(made) for made in outcome]

    def _shown(self, hits: Sequence[Hit]) -> list[Chunk]:
        """Return the passages to show: the seed's own first, or last if the question is to leave it behind."""
        record = self.seed.record
        own = sources(record, self.assignment.passages)[:1] if record else []
        others = [h.chunk for h in hits if h.chunk.id not in {c.id for c in own}]
        return [*others, *own] if self.way == "broaden" else [*own, *others]

    def _draft(self, item: Any, occasion: Occasion, number: int) -> Draft:
        if likeness(item.question, [self.seed.question.text]) >= SAME:
            raise Unusable("near_duplicate_of_seed", item.question)
        return self.skill.draft(item, occasion, number)

    def _grown(self, made: Example | Failure) -> Example | Failure:
        if isinstance(made, Failure) or self.seed.record is None:
            return made
        return resting_on(made, sources(self.seed.record, self.assignment.passages))
