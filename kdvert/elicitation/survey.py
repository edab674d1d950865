"""What a run would ask, and what of it is answered already: jobs run on kept replies alone, and nobody is asked.

A job goes on until it needs a reply that is not kept. So prompts are the very ones that a run sends, and a unit whose
replies are all kept shows what it takes and gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import Field

from kdvert.elicitation import small_steps
from kdvert.elicitation.contract import Assignment, Outcome, Sampled
from kdvert.elicitation.phases import Elicited, passages_of
from kdvert.elicitation.skills import skill
from kdvert.elicitation.strategies import STRATEGIES, Source
from kdvert.progress import Progress, track
from kdvert.records import Example, Record
from kdvert.teachers.asking import Halted, Job
from kdvert.teachers.protocol import Reply, Teacher, TeacherRequest
from kdvert.teachers.replies import ReplyStore

FILE, RECORDS = "survey.json", "examples.jsonl"
CHARACTERS = 4
"""Characters of a token, about, where the teacher's tokenizer is not at hand."""

_MOST_CALLS = {"question": 2 + small_steps.RIVALS}
"""Most calls of a job, by what its first one is for; others ask once, and once more if nothing can be read."""
_ONCE_MORE = 2
_AT_ONCE = 256

T = TypeVar("T")


class Unit(Record):
    """A passage or question of a part, or some that one call is about: what calls take, as far as replies are kept.

    Attributes:
        about: the first passage's id, or the number of the question.
        size: how many passages or questions they are.
        jobs: how many are about it.
        complete: no job of it waits for a reply.
        requests: kept replies.
        unreported: those of them without counts of tokens.
        input_tokens: read by the teacher for them.
        output_tokens: written by it.
        prompt: characters of the first prompt of each job.
        most_requests: calls that it takes at most, kept ones included.
        waiting: calls that are known and not answered.
        waiting_input: tokens of their prompts, counted or estimated (`Survey.counted`).
        waiting_output: tokens of their replies, at most.
        records: ids of the records that it gave.
    """

    about: str
    size: int = 1
    jobs: int = 0
    complete: bool = True
    requests: int = 0
    unreported: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    prompt: int = 0
    most_requests: int = 0
    waiting: int = 0
    waiting_input: int = 0
    waiting_output: int = 0
    records: list[str] = Field(default_factory=list)


class PartSurvey(Record):
    """A part of the mix.

    Attributes:
        wanted: records that it is asked for (None: as many as its sources give).
        unit: what is counted: ``passages``, ``questions`` or ``records`` of other parts.
        units: those that are known, in the order of the draw.
        all_known: no more come; else it builds on records that are not made yet.
        per_unit: records that each passage or question is asked for.
        answers: how often the student answers each first.
    """

    strategy: str
    skill: str
    wanted: int | None
    unit: str
    units: list[Unit]
    all_known: bool
    per_unit: int
    answers: int = 0

    @property
    def name(self) -> str:
        """Strategy and skill, as summaries name them."""
        return f"{self.strategy}/{self.skill}"


class Survey(Record):
    """All parts. ``counted``: tokens of prompts were counted by the teacher's own tokenizer."""

    teacher: str
    route: str
    local: bool
    counted: bool
    parts: list[PartSurvey]


@runtime_checkable
class Counts(Protocol):
    """A teacher that can tell the length of a prompt."""

    def tokens(self, request: TeacherRequest) -> int:
        """Return the tokens of the prompt."""


@dataclass
class Look:
    """One job: the kept replies that it went through, and the call that it waits for, if any."""

    about: str
    size: int = 1
    first: TeacherRequest | None = None
    replies: list[Reply] = field(default_factory=list)
    waits: TeacherRequest | None = None
    complete: bool = False


class Looker:
    """Runs jobs on the replies of ``store``. A call that several jobs make is counted once."""

    def __init__(self, store: ReplyStore, progress: Progress) -> None:
        self.looks: list[Look] = []
        self._store = store
        self._progress = progress
        self._seen: set[str] = set()

    def run(self, jobs: list[Job[Outcome]]) -> list[Outcome]:
        """Return the outcome of each job in order; an empty one if it waits for a reply."""
        return [outcome or [] for outcome in self._results(jobs)]

    def run_student(self, jobs: list[Job[Sampled]]) -> list[Sampled]:
        """Return what the student answered, where all its answers are kept."""
        return [outcome for outcome in self._results(jobs) if outcome is not None]

    def _results(self, jobs: Sequence[Job[T]]) -> list[T | None]:
        results: list[T | None] = []
        slices = [jobs[start : start + _AT_ONCE] for start in range(0, len(jobs), _AT_ONCE)]
        for part in track(self._progress, "looking at what would be asked", slices):
            results += asyncio.run(self._together(part, len(self.looks)))
        return results

    async def _together(self, jobs: Sequence[Job[T]], start: int) -> list[T | None]:
        looks = [_look(job, start + number) for number, job in enumerate(jobs)]
        self.looks += looks
        return list(await asyncio.gather(*(self._one(job, look) for job, look in zip(jobs, looks, strict=True))))

    async def _one(self, job: Job[T], look: Look) -> T | None:
        async def ask(request: TeacherRequest) -> Reply:
            look.first = look.first or request
            reply = self._store.find([request.id]).get(request.id)
            new = request.id not in self._seen
            self._seen.add(request.id)
            if reply is None:
                look.waits = request if new else None
                raise Halted
            if new:
                look.replies.append(reply)
            return reply

        try:
            outcome = await job(ask)
        except Halted:
            return None
        look.complete = True
        return outcome


def surveyed(done: Sequence[Elicited], looker: Looker, student: Looker, base: Assignment, *, seeded: bool) -> Survey:
    """Return what was seen of each part.

    Args:
        done: what `kdvert.elicitation.phases.elicit` gave.
        looker: that looked for the teacher's replies.
        student: that looked for the student's.
        base: what the assignments of all parts have in common.
        seeded: the project gives seed examples.
    """
    teacher = base.teacher
    answered = all(look.complete for look in student.looks)
    parts: list[PartSurvey] = []
    start = 0
    for one in done:
        own = looker.looks[start : start + len(one.by_job)]
        start += len(own)
        row = STRATEGIES[one.part.strategy]
        grows = row.source is Source.RECORDS and not (row.takes_seeds and seeded)
        parts.append(
            PartSurvey(
                strategy=one.part.strategy,
                skill=one.part.skill,
                wanted=one.part.wanted,
                unit=_UNITS[row.source] if grows or row.source is not Source.RECORDS else "questions",
                units=_units(one, own, teacher),
                all_known=not grows
                or (all(p.all_known and u.complete for p in parts for u in p.units) and (answered or not row.student)),
                per_unit=skill(one.part.skill).per_passage(base.per_passage) if row.source is Source.PASSAGES else 1,
                answers=row.student.count if row.student else 0,
            )
        )
    counted = isinstance(teacher, Counts)
    return Survey(teacher=teacher.name, route=teacher.route, local=teacher.local, counted=counted, parts=parts)


_UNITS = {Source.PASSAGES: "passages", Source.INPUTS: "questions", Source.RECORDS: "records"}


def _units(one: Elicited, looks: Sequence[Look], teacher: Teacher) -> list[Unit]:
    """Join what jobs about the same thing took, in the order of the draw."""
    order = {chunk.id: place for place, chunk in enumerate(one.drawn)}
    found: dict[str, dict[str, Any]] = {}
    for look, made in zip(looks, one.by_job, strict=True):
        unit = found.setdefault(look.about, Unit(about=look.about, size=look.size).model_dump())
        for name, value in _of(look, teacher).items():
            unit[name] += value
        unit["complete"] &= look.complete
        unit["records"] += [m.id for m in made if isinstance(m, Example)]
    return [Unit(**found[about]) for about in sorted(found, key=lambda about: order.get(about, 0))]


def _of(look: Look, teacher: Teacher) -> dict[str, int]:
    """Return what one job adds to its unit."""
    first, waits = look.first, look.waits
    known = [r for r in look.replies if r.input_tokens is not None and r.output_tokens is not None]
    return {
        "jobs": 1,
        "requests": len(look.replies),
        "unreported": len(look.replies) - len(known),
        "input_tokens": sum(r.input_tokens or 0 for r in known),
        "output_tokens": sum(r.output_tokens or 0 for r in known),
        "prompt": _characters(first) if first else 0,
        "most_requests": _MOST_CALLS.get(first.step, _ONCE_MORE) if first else 0,
        "waiting": int(waits is not None),
        "waiting_input": _tokens(waits, teacher) if waits else 0,
        "waiting_output": waits.sampling.max_tokens if waits else 0,
    }


def _tokens(request: TeacherRequest, teacher: Teacher) -> int:
    if isinstance(teacher, Counts):
        return teacher.tokens(request)
    return -(-_characters(request) // CHARACTERS)


def _characters(request: TeacherRequest) -> int:
    return len(request.prompt.text) + len(request.continuation.text if request.continuation else "")


def _look(job: object, number: int) -> Look:
    passages = passages_of(job)
    return Look(passages[0].id if passages else str(number), max(1, len(passages)))
