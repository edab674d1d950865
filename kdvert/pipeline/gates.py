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
from kdvert.rulings import reading, sign_offs
from kdvert.store import sha256_file


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


def _signed(project: Project, resolved: Resolved, work: Path, today: date) -> None:
    """Training waits for an approver's signature under exactly these records, where the policy asks for one."""
    policy = resolved.stages["review"]
    if policy.sign_off == "none":  # type: ignore[attr-defined]
        return
    dataset = sha256_file(work / "review" / "accepted.jsonl")
    held = [h for h in sign_offs.judge(project.root, reading.read(project.root), dataset=dataset, report=None)
            if h.sign_off.scope == "training"]  # fmt: skip
    if any(h.holds for h in held):
        return
    why = f" The last one does not hold: {held[-1].lapses[0].what}." if held else ""
    raise GateBlocked(
        f"The records are not signed off for training, and review.sign_off asks for it.{why}",
        hint="Review and sign them: kdvert review. Then run again: kdvert run",
    )


GATES: dict[str, Callable[[Project, Resolved, Path, date], None]] = {
    "terms": _terms,
    "signed": _signed,
}


def pass_through(name: str, project: Project, resolved: Resolved, work: Path, today: date) -> None:
    """Open gate ``name`` on a day, or raise.

    Raises:
        GateBlocked: with the reasons.
    """
    GATES[name](project, resolved, work, today)
