"""The compliance gates that a stage must pass before it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from kdvert.errors import GateBlocked
from kdvert.licensing import chain
from kdvert.licensing.project import judged
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.resolve import Resolved
from kdvert.project import Project


def license_report(project: Project, resolved: Resolved, work: Path, today: date) -> chain.Report:
    """Judge the chain source → teacher and route → student base → use for this project on a day.

    Sources are the ingested documents; before the first ``ingest`` they are the licenses stated in ``kdvert.yaml``.
    """
    ingest = work / "ingest"
    ran = "ingest" in read_lock(work) and (ingest / "documents.jsonl").is_file()
    return judged(resolved.plain(), ingest=ingest if ran else None, root=project.root, today=today)


def _terms(project: Project, resolved: Resolved, work: Path, today: date) -> None:
    report = license_report(project, resolved, work, today)
    if report.verdict == "block":
        reasons = [f"  - {link.subject}: {link.reason}" for link in report.links if link.verdict == "block"]
        reasons += [f"  - {' against '.join(c.between)}: {c.reason}" for c in report.conflicts if c.verdict == "block"]
        raise GateBlocked(
            "The license check blocks this project:\n" + "\n".join(reasons),
            hint="`kdvert check` shows the whole chain. Change the source, the teacher, the student or the use.",
        )


GATES: dict[str, Callable[[Project, Resolved, Path, date], None]] = {"terms": _terms}


def pass_through(name: str, project: Project, resolved: Resolved, work: Path, today: date) -> None:
    """Open gate ``name`` on a day, or raise.

    Raises:
        GateBlocked: with the reasons.
    """
    GATES[name](project, resolved, work, today)
