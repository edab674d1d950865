"""The compliance gates that a stage must pass before it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kdvert.errors import GateBlocked
from kdvert.licensing import chain
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.resolve import Resolved
from kdvert.project import Project
from kdvert.records import Document
from kdvert.store import iter_jsonl


def license_report(project: Project, resolved: Resolved, work: Path) -> chain.Report:
    """Judge the chain source → teacher and route → student base → use for this project.

    Sources are the ingested documents; before the first ``ingest`` they are the licenses stated in ``kdvert.yaml``.
    """
    elicit, distill, ingest = (resolved.stages[name] for name in ("elicit", "distill", "ingest"))
    documents = work / "ingest" / "documents.jsonl"
    if "ingest" in read_lock(work) and documents.is_file():
        licenses = sorted({d.source.license for d in iter_jsonl(documents, Document)})
    else:
        licenses = sorted({rule.license for rule in ingest.sources if rule.license})  # type: ignore[attr-defined]
    teacher = elicit.teacher  # type: ignore[attr-defined]
    return chain.check(
        licenses=licenses,
        teacher=teacher.model,
        base_url=teacher.base_url,
        student=distill.student,  # type: ignore[attr-defined]
        distribution=resolved.head.use.distribution,
        commercial=resolved.head.use.commercial,
        root=project.root,
    )


def _terms(project: Project, resolved: Resolved, work: Path) -> None:
    report = license_report(project, resolved, work)
    if report.verdict == "block":
        reasons = "\n".join(f"  - {link.subject}: {link.reason}" for link in report.links if link.verdict == "block")
        raise GateBlocked(
            f"The license check blocks this project:\n{reasons}",
            hint="`kdvert check` shows the whole chain. Change the source, the teacher, the student or the use.",
        )


GATES: dict[str, Callable[[Project, Resolved, Path], None]] = {"terms": _terms}


def pass_through(name: str, project: Project, resolved: Resolved, work: Path) -> None:
    """Open gate ``name`` or raise.

    Raises:
        GateBlocked: with the reasons.
    """
    GATES[name](project, resolved, work)
