"""From a finished project to its assistant: what must hold before anybody asks the student."""

from __future__ import annotations

from kdvert.errors import GateBlocked, WorkFailed
from kdvert.hardware import probe
from kdvert.lineage.adapters import CURRENT, tainted
from kdvert.pipeline import gates
from kdvert.pipeline.fingerprint import output_hashes
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Run
from kdvert.pipeline.table import row
from kdvert.serving.assistant import Assistant
from kdvert.serving.settings import Settings
from kdvert.students import trained
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet

NEEDED = ("scrub", "index", "distill")
"""The stages whose output an assistant is made of."""


def open_assistant(run: Run, settings: Settings) -> Assistant:
    """Return the assistant of a project.

    Raises:
        WorkFailed: a stage has not run, or its output was changed since.
        GateBlocked: the license check blocks, or a source of the student was forgotten.
        UserError: the base or the embedder cannot be used.
    """
    project = run.project
    _require_whole(run)
    gates.pass_through("terms", project, run.resolved, project.work, run.today)
    if any(t.path.startswith(CURRENT) for t in tainted(project.root)):
        raise GateBlocked(
            "The student was trained on what has been forgotten since.", hint="kdvert run trains it anew without that."
        )
    templates = TemplateSet(project.templates if project.templates.is_dir() else None, run.vertical.templates)
    return Assistant.open(
        project.work,
        project.root,
        trained=trained.read(project.work / "distill", project.root),
        prompts=Prompts.for_vertical(templates, run.vertical),
        hardware=probe(),
        settings=settings,
    )


def settings(run: Run, *, passages: int | None, max_tokens: int | None, least: float | None) -> Settings:
    """Return how the assistant answers: with passages as evaluation shows them, unless told otherwise."""
    evaluation = run.resolved.stages["evaluate"].model_dump()
    standard = Settings()
    return Settings(
        passages=passages or evaluation["passages"],
        passage_tokens=evaluation["passage_tokens"],
        max_new_tokens=max_tokens or standard.max_new_tokens,
        least=standard.least if least is None else least,
    )


def _require_whole(run: Run) -> None:
    lock = read_lock(run.project.work)
    for name in NEEDED:
        out = run.project.work / name
        if name not in lock or not out.is_dir():
            raise WorkFailed(f"There is no assistant yet: the stage {name} has not run.", hint="kdvert run")
        now, then = output_hashes(row(name), out), lock[name].outputs
        changed = sorted(file for file in now.keys() | then.keys() if now.get(file) != then.get(file))
        if changed:
            raise WorkFailed(
                f"work/{name}/{changed[0]} is not what the run wrote.", hint=f"kdvert run --from {name} --force"
            )
