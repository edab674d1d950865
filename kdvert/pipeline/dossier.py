"""From a finished project to its dossier: what must hold first, what is read, where it is written."""

from __future__ import annotations

from pathlib import Path

from kdvert.dossier import fields, gather, job
from kdvert.dossier.index import Index
from kdvert.dossier.lineage import Lineage, StageFacts, Taint
from kdvert.errors import GateBlocked, WorkFailed
from kdvert.licensing.chain import Report
from kdvert.licensing.overrides import needs_override
from kdvert.licensing.points import points
from kdvert.lineage.adapters import CURRENT, tainted
from kdvert.pipeline import gates
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Run, plan
from kdvert.reporting.inputs import Inputs
from kdvert.templates import TemplateSet

LAST = "evaluate"
"""The last stage that a dossier is written from."""
DATA = ("train", "validation")


def write(run: Run, *, out: Path | None = None, data: bool = False) -> Index:
    """Write the dossier of a finished project.

    Args:
        run: the project; its day is the one the facts are judged on.
        out: the folder; by default ``dossier`` in the project.
        data: whether to hand the training and validation records on with it.

    Raises:
        WorkFailed: a stage has not run, is out of date, or its output was changed.
        GateBlocked: the license check blocks, counsel must decide first, or a source of the student was forgotten.
    """
    made = lineage(run)
    files = {file.name: run.project.work / file.path for file in made.data if file.name in DATA}
    own = run.project.templates
    templates = TemplateSet(own if own.is_dir() else None, run.vertical.templates)
    folder = (out or run.project.root / "dossier").absolute()
    return job.write(made, folder, templates=templates, data=files if data else None)


def lineage(run: Run, *, command: str = "kdvert report", what: str = "The dossier") -> Lineage:
    """Gather the lineage of a project whose student may be handed on. Raises as `write` does.

    Args:
        run: the project.
        command: which command asks, for what errors say to do.
        what: what would not be true if a stage were out of date.
    """
    taint = _taint(run, command)
    _require_finished(run, command, what)
    report = _cleared(run)
    return gather.lineage(
        Inputs({name: run.project.work / name for name in read_lock(run.project.work)}),
        run.vertical,
        project=run.resolved.head.name or run.project.root.name,
        root=run.project.root,
        configuration=run.resolved.plain(),
        licensing=report,
        stages=_stages(run),
        taint=taint,
        answers=fields.read(run.project.root),
    )


def _taint(run: Run, command: str) -> list[Taint]:
    rows = [
        Taint(adapter=t.path, documents=len(t.taint.documents), at=t.taint.at, current=t.path.startswith(CURRENT))
        for t in tainted(run.project.root)
    ]
    for row in rows:
        if row.current:
            raise GateBlocked(
                f"The student was trained on what has been forgotten since ({row.adapter}, {row.at[:10]}).",
                hint=f"kdvert run trains it anew without that; then {command}.",
            )
    return rows


def _require_finished(run: Run, command: str, what: str) -> None:
    steps = plan(run, last=LAST)
    if all(step.reason == "not run yet" for step in steps):
        raise WorkFailed("The project has not run yet, so there is no student to hand on.", hint="kdvert run")
    for step in steps:
        if step.reason:
            raise WorkFailed(
                f"{what} would not be true: stage {step.stage} is out of date ({step.reason}).",
                hint=f"If the run was given --set, give {command} the same. Else kdvert run, then {command}.",
            )


def _cleared(run: Run) -> Report:
    """Return the license check, or refuse: handing on takes an answer to every question."""
    report = gates.license_report(run.project, run.resolved, run.project.work, run.today)
    details = report.model_dump(mode="json")
    if report.verdict == "block":
        reasons = [f"  - {point.subject}: {point.reason}" for point in points(report) if point.verdict == "block"]
        raise GateBlocked(
            "The license check blocks this use:\n" + "\n".join(reasons),
            hint="`kdvert check` shows the whole chain. Change the source, the teacher, the student or the use.",
            details=details,
        )
    if open_points := needs_override(report):
        asked = "\n".join(f"  - {point.subject} ({point.code})" for point in open_points)
        raise GateBlocked(
            f"Counsel must decide before the student is handed on for {report.use.distribution} use:\n{asked}",
            hint="kdvert override records counsel's signed decision; use.distribution: internal needs none.",
            details=details,
        )
    return report


def _stages(run: Run) -> list[StageFacts]:
    return [
        StageFacts(name=name, finished=row.finished, seconds=row.seconds, outputs=row.outputs)
        for name, row in read_lock(run.project.work).items()
        if name != "report"
    ]
