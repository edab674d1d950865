"""Runs the parts of a mix: first those that start from passages and questions, then those that build on records."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol, TypeVar, runtime_checkable

from kdvert.elicitation import samples
from kdvert.elicitation.contract import Assignment, Outcome, Sampled
from kdvert.elicitation.given import Given
from kdvert.elicitation.judging import judged
from kdvert.elicitation.mixing import Part
from kdvert.elicitation.skills import skill
from kdvert.elicitation.strategies import STRATEGIES, Source, strategy
from kdvert.elicitation.tally import asked_of, tally
from kdvert.records import Chunk, Example, Failure, sha256_text
from kdvert.teachers.scheduler import Job

T = TypeVar("T")
Run = Callable[[list[Job[Outcome]]], list[Outcome]]
"""Runs jobs against the teacher and returns their results in order."""
RunStudent = Callable[[list[Job[Sampled]]], list[Sampled]]
"""The same against the student."""


@runtime_checkable
class AboutPassage(Protocol):
    """A job of a strategy that starts from passages."""

    @property
    def chunk(self) -> Chunk:
        """The passage that it asks about."""


@runtime_checkable
class AboutPassages(Protocol):
    """A job that asks about several at once."""

    @property
    def chunks(self) -> Sequence[Chunk]:
        """The passages."""


def passages_of(job: object) -> Sequence[Chunk]:
    """Return what a job asks about; nothing if it starts from a question."""
    if isinstance(job, AboutPassages):
        return job.chunks
    return (job.chunk,) if isinstance(job, AboutPassage) else ()


@dataclass(frozen=True)
class Elicited:
    """What a part gave.

    Attributes:
        part: the entry of the mix.
        by_job: records and failures of each of its jobs.
        drawn: the passages asked about as they were drawn.
        asked: most records of each job.
    """

    part: Part
    by_job: list[list[Example | Failure]]
    drawn: list[Chunk]
    asked: list[int]

    @property
    def made(self) -> list[Example | Failure]:
        """The records and failures of all jobs."""
        return [one for job in self.by_job for one in job]

    @property
    def examples(self) -> list[Example]:
        """The records."""
        return [m for m in self.made if isinstance(m, Example)]

    @property
    def failures(self) -> list[Failure]:
        """The requests that gave none."""
        return [m for m in self.made if isinstance(m, Failure)]

    def told(self) -> dict[str, str | int]:
        """Return the part's row of the summary; see `kdvert.elicitation.tally`."""
        part = self.part
        wanted = sum(self.asked) if part.wanted is None else part.wanted
        row: dict[str, str | int] = {"strategy": part.strategy, "skill": part.skill, "wanted": wanted}
        return row | tally(wanted, self.asked, self.by_job) | {"failures": len(self.failures)}


@dataclass(frozen=True)
class Supply:
    """What parts draw from: passages in the order of the draw, and the project's questions."""

    pool: Sequence[Chunk]
    inputs: Sequence[Given] = ()
    seeds: Sequence[Given] = ()


def elicit(
    parts: Sequence[Part], base: Assignment, supply: Supply, run: Run, run_student: RunStudent
) -> list[Elicited]:
    """Run every part and return what each gave, in the order of ``parts``.

    Strategies of one kind of source run together, so that nobody waits for the last call of another.

    Args:
        parts: in the order that `kdvert.elicitation.mixing.parts` gives.
        base: what their assignments have in common.
        supply: what they draw from.
        run: asks the teacher.
        run_student: asks the student.
    """
    done: list[Elicited] = []
    seen: set[str] = set()
    for source, group in groupby(parts, key=lambda part: STRATEGIES[part.strategy].source):
        together = list(group)
        records = [example for before in done for example in before.examples]
        dealt = _drawn(together, supply.pool, base.per_passage) if source is Source.PASSAGES else [[] for _ in together]
        assigned = _assigned(source, together, dealt, base, supply, records)
        assigned = [_sampled(p, task, run_student) for p, task in zip(together, assigned, strict=True)]
        jobs = [judged(strategy(part.strategy)(task), task) for part, task in zip(together, assigned, strict=True)]
        jobs = [_first(*begun) for begun in zip(together, jobs, dealt, strict=True)]
        outcomes = iter(run([job for own in jobs for job in own]))
        for part, own, chunks in zip(together, jobs, dealt, strict=True):
            by_job = [[_once(m, seen) for m in next(outcomes)] for _ in own]
            counts = [asked_of(job) for job in own]
            asked = {chunk.id for job in own for chunk in passages_of(job)}
            done.append(Elicited(part, by_job, [chunk for chunk in chunks if chunk.id in asked], counts))
    return done


def _first(part: Part, jobs: list[Job[Outcome]], dealt: Sequence[Chunk]) -> list[Job[Outcome]]:
    """Return the jobs that ask now, of all: a job may depend on the others.

    They are those about the first passages of the draw, as many as it takes to ask about ``part.first`` at least.
    """
    if part.first is None:
        return jobs
    if not dealt:
        return jobs[: part.first]
    ids = [[chunk.id for chunk in passages_of(job)] for job in jobs]
    together = {one: all_ for all_ in ids for one in all_}
    asked: set[str] = set()
    for chunk in dealt:
        if len(asked) >= part.first:
            break
        asked |= {chunk.id, *together.get(chunk.id, ())}
    return [job for job, all_ in zip(jobs, ids, strict=True) if not asked.isdisjoint(all_)]


def _sampled(part: Part, task: Assignment, run_student: RunStudent) -> Assignment:
    """Return the assignment with the student's answers, where the strategy builds on them."""
    plan = STRATEGIES[part.strategy].student
    if plan is None:
        return task
    return replace(task, sampled=run_student(samples.jobs(task, part.strategy, plan)[: part.first]))


def _once(made: Example | Failure, seen: set[str]) -> Example | Failure:
    """Refuse a record of an id that is taken: the very same request was made from two seeds."""
    if isinstance(made, Failure):
        return made
    if made.id in seen:
        chunk_id = made.evidence[0].chunk_id if made.evidence else None
        return Failure(request_id=made.provenance.request_ids[0], chunk_id=chunk_id, reason="same_request_twice")
    seen.add(made.id)
    return made


def _assigned(
    source: Source,
    parts: Sequence[Part],
    dealt: Sequence[Sequence[Chunk]],
    base: Assignment,
    supply: Supply,
    records: Sequence[Example],
) -> list[Assignment]:
    questions = {Source.INPUTS: supply.inputs, Source.RECORDS: supply.seeds}.get(source, ())
    return [
        replace(
            base,
            skill=part.skill,
            wanted=part.wanted,
            chunks=sorted(chunks, key=lambda c: c.id),
            questions=pick(questions, part.wanted, base.sampling.seed, lambda q: q.id),
            records=records,
        )
        for part, chunks in zip(parts, dealt, strict=True)
    ]


def _drawn(parts: Sequence[Part], pool: Sequence[Chunk], per_passage: int) -> list[list[Chunk]]:
    """Deal the passages out in turn, so that parts ask about different ones as long as there are enough.

    Returns:
        those of each part, in the order of the draw.
    """
    start = 0
    dealt: list[list[Chunk]] = []
    for part in parts:
        most = skill(part.skill).per_passage(per_passage)
        count = len(pool) if part.wanted is None else min(len(pool), math.ceil(part.wanted / most))
        taken = [pool[(start + n) % len(pool)] for n in range(count)]
        start += count
        dealt.append(taken)
    return dealt


def pick(items: Sequence[T], count: int | None, seed: int, key: Callable[[T], str]) -> list[T]:
    """Return ``count`` of ``items`` (None: all), drawn by ``seed``, in the order of the draw."""
    return sorted(items, key=lambda item: sha256_text(f"{seed}:{key(item)}"))[:count]
