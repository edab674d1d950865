"""Run a stage aside: behind its gates, into a folder of its own; the stage's folder and the lock stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kdvert.pipeline import gates, table
from kdvert.pipeline.runner import Run, clear_system_errors
from kdvert.stages.contract import StageContext


def stage(
    run: Run,
    name: str,
    out: Path,
    work: Callable[[Any, StageContext], Any],
    inputs: Mapping[str, Path] | None = None,
) -> None:
    """Let ``work`` do what it wants with a stage's module.

    Args:
        run: the project.
        name: of the stage. It uses the stage's own cache, so a run takes over what it keeps there.
        out: the folder to write into.
        work: called with the module and its context.
        inputs: folders that stand in for those of other stages, by stage name.

    Raises:
        GateBlocked: a gate of the stage is shut.
        WorkFailed: the disk is full, or the stage could not do its work.
    """
    row = table.row(name)
    for gate in row.gates:
        gates.pass_through(gate, run.project, run.resolved, run.project.work, run.today)
    ctx = run.context(row)
    ctx = replace(ctx, out=out, inputs={**ctx.inputs, **(inputs or {})})
    for made in (ctx.out, ctx.cache):
        made.mkdir(parents=True, exist_ok=True)
    with clear_system_errors(name):
        work(row.module, ctx)
