"""The strategies of elicitation, by name: the only list of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import cast

from kdvert.elicitation.contract import Strategy
from kdvert.registry import lookup


class Source(Enum):
    """What a strategy starts from, in the order in which strategies of a mix run."""

    PASSAGES = "passages of the index"
    INPUTS = "questions that the project gives"
    RECORDS = "records that other strategies made"
    ACCEPTED = "records that passed the filters"


@dataclass(frozen=True)
class Answers:
    """How the student answers: how often, and how many passages it sees (0: it answers from memory)."""

    count: int
    shown: int


@dataclass(frozen=True)
class Row:
    """One strategy.

    Attributes:
        jobs: where its jobs are made; None for one that adds to accepted records and makes none.
        source: what it starts from.
        about: what it does, for the docs.
        takes_seeds: seed examples of the project do instead of records.
        student: how the student answers first, where it does; see `kdvert.elicitation.samples`.
    """

    jobs: str | None
    source: Source
    about: str
    takes_seeds: bool = False
    student: Answers | None = None


STRATEGIES: dict[str, Row] = {
    "curation": Row(
        "kdvert.elicitation.curation:jobs", Source.PASSAGES, "the teacher writes records about passages, topic by topic"
    ),
    "labeling": Row(
        "kdvert.elicitation.labeling:jobs", Source.INPUTS, "the teacher answers the questions of elicit.inputs"
    ),
    "expansion": Row(
        "kdvert.elicitation.expansion:jobs", Source.RECORDS, "the teacher varies seed questions", takes_seeds=True
    ),
    "feedback": Row(
        "kdvert.elicitation.feedback:jobs",
        Source.RECORDS,
        "the student answers from memory; the teacher judges, criticizes and corrects",
        student=Answers(count=1, shown=0),
    ),
    "self_knowledge": Row(
        "kdvert.elicitation.self_knowledge:jobs",
        Source.RECORDS,
        "the student answers with the passages before it; what code finds supported is kept",
        student=Answers(count=4, shown=2),
    ),
    "feature": Row(
        None, Source.ACCEPTED, "the teacher's token distributions at accepted answers are kept, for the stage features"
    ),
}


def strategy(name: str) -> Strategy:
    """Return the strategy ``name``.

    Raises:
        UserError: there is no such strategy.
    """
    made = {n: row.jobs for n, row in STRATEGIES.items() if row.jobs is not None}
    return cast(Strategy, lookup("elicitation strategy", made, name))
