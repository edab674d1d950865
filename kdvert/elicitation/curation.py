"""Curation: records written from passages, topic by topic, with verbatim quotes checked against the index."""

from __future__ import annotations

from kdvert.elicitation import pairs, small_steps
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.teachers.scheduler import Job

NAME = "curation"


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each quote (small steps) or passage (pairs).

    Small steps write questions only, so a skill without a template for them is asked for in pairs by any teacher.

    Raises:
        UserError: there is no such skill.
    """
    small = assignment.steps == "small" and assignment.templates.has(assignment.template(NAME, "question"))
    return (small_steps if small else pairs).jobs(assignment, NAME)
