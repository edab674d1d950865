"""Curation: questions with answers and verbatim quotes, written from passages and checked against the index."""

from __future__ import annotations

from kdvert.elicitation import pairs, small_steps
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.teachers.scheduler import Job

NAME = "curation"


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each quote (small steps) or passage (pairs)."""
    make = small_steps.jobs if assignment.steps == "small" else pairs.jobs
    return make(assignment, NAME)
