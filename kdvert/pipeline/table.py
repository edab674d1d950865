"""The stages in order: the only list of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from kdvert.errors import UserError
from kdvert.registry import suggest
from kdvert.stages.contract import Stage


@dataclass(frozen=True)
class Row:
    """One stage.

    Attributes:
        name: also the key of its settings in ``kdvert.yaml`` and its folder below ``work/``.
        needs: stages whose output it reads.
        about: what it does, for ``kdvert run --help`` and ``kdvert status``.
        gates: names of the compliance gates (`kdvert.pipeline.gates`) that must open before it runs.
        reports: it shows the summaries and settings of the others, so it runs again when those change.
        raw: what it reads from outside are the user's documents, whose names may name people.
    """

    name: str
    needs: tuple[str, ...]
    about: str
    gates: tuple[str, ...] = ()
    reports: bool = False
    raw: bool = False

    @property
    def module(self) -> Stage:
        """The stage's module (light to import: heavy packages load inside ``run``)."""
        return cast(Stage, importlib.import_module(f"kdvert.stages.{self.name}"))


STAGES: tuple[Row, ...] = (
    Row("ingest", (), "read the documents; block any without a known license", raw=True),
    Row("scrub", ("ingest",), "find and replace personal data"),
    Row("index", ("scrub",), "cut into passages, embed, store for retrieval"),
    Row("elicit", ("scrub", "index"), "let the teacher write questions and answers with evidence", gates=("terms",)),
    Row("filter", ("index", "elicit"), "keep the records that pass every check"),
    Row("review", ("filter",), "apply what reviewers decided"),
    # no gate: its teacher is that of elicit, and nothing is trained before the gates of distill
    Row("features", ("index", "elicit", "review"), "keep the teacher's token distributions, if asked for"),
    Row("distill", ("index", "review", "features"), "train the student's adapter (QLoRA)", gates=("terms", "signed")),
    Row("evaluate", ("index", "distill"), "compare base and student on held-out questions"),
    Row(
        "report",
        ("ingest", "scrub", "index", "elicit", "filter", "review", "features", "distill", "evaluate"),
        "write the report for reviewers",
        reports=True,
    ),
)

NAMES: tuple[str, ...] = tuple(row.name for row in STAGES)


def row(name: str) -> Row:
    """Return the row of stage ``name``.

    Raises:
        UserError: there is no such stage.
    """
    for candidate in STAGES:
        if candidate.name == name:
            return candidate
    raise UserError(f"Unknown stage '{name}'.", hint=suggest(name, NAMES))


def between(first: str | None, last: str | None) -> list[Row]:
    """Return the rows from ``first`` to ``last``, both included.

    Raises:
        UserError: a name is unknown, or ``last`` comes before ``first``.
    """
    start = NAMES.index(row(first).name) if first else 0
    end = NAMES.index(row(last).name) if last else len(NAMES) - 1
    if end < start:
        raise UserError(f"--until {last} comes before --from {first}.", hint=f"The order is: {', '.join(NAMES)}.")
    return list(STAGES[start : end + 1])
