"""What became of the records that an entry of the mix was to give, so that no loss is silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kdvert.records import Chunk, Example, Failure
from kdvert.teachers.scheduler import Job

SURPLUS = "more_than_asked"
"""Reason code of what a teacher wrote beyond the records that it was asked for."""


def asked_of(job: Job[Any]) -> int:
    """Return how many records a job asks for at most: its ``count``, or one."""
    return int(getattr(job, "count", 1))


def divided(wanted: int | None, passages: Sequence[Chunk], most: int) -> dict[str, int]:
    """Return how many records to ask for about each passage (by its id): ``most``, and fewer about the last one."""
    left = [most if wanted is None else wanted - most * before for before in range(len(passages))]
    return {chunk.id: max(1, min(most, some)) for chunk, some in zip(passages, left, strict=True)}


def tally(wanted: int | None, asked: Sequence[int], by_job: Sequence[Sequence[Example | Failure]]) -> dict[str, int]:
    """Return what became of each record that was wanted.

    ``wanted`` is the sum of ``examples``, ``refused`` (what was written did not hold, or a call failed),
    ``not_written`` (a reply held fewer records than it was asked for) and ``not_asked`` (passages, questions or
    records to build on were too few). One refusal can stand for several failures, such as all answers to a question.

    Args:
        wanted: records to ask for; None: as many as the jobs did.
        asked: most records of each job.
        by_job: what each job gave.
    """
    made = refused = 0
    for most, outcome in zip(asked, by_job, strict=True):
        kept = sum(isinstance(one, Example) for one in outcome)
        lost = sum(isinstance(one, Failure) and one.reason != SURPLUS for one in outcome)
        made += kept
        refused += min(lost, most - kept)
    told = {"examples": made, "refused": refused, "not_written": sum(asked) - made - refused}
    return told | {"not_asked": 0 if wanted is None else wanted - sum(asked)}
