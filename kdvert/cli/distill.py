"""``kdvert distill``: train the student alone, in one process or in several."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import RichProgress, command, log_file
from kdvert.distillation import launching, processes
from kdvert.errors import UserError, WorkFailed
from kdvert.hardware import probe
from kdvert.pipeline import runner
from kdvert.project import Project, find, read

STAGE = "distill"


@click.command()
@PROJECT
@click.option("--launch", is_flag=True, help="Train in several processes, by accelerate: one a GPU.")
@click.option("--processes", "count", type=int, metavar="N", help="How many (default: as many as there are GPUs).")
@click.option("--port", type=int, default=0, help="On which they find each other (default: a free one).")
@click.option("--print", "only_print", is_flag=True, help="Write accelerate's file and print the command; run nothing.")
@click.option("--force", is_flag=True, help="Train even if nothing changed. Whole checkpoints are gone on from.")
@SET
@command
def distill(
    folder: Path,
    launch: bool,
    count: int | None,
    port: int,
    only_print: bool,
    force: bool,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Train the student on the records that were accepted. `kdvert run` goes on with what comes after it."""
    project = read(find(folder))
    if processes.current().count > 1:
        return _train(project, overrides, console, force=True)  # who launched this decided that it must run
    if not launch:
        if count or only_print:
            raise UserError("--processes and --print go with --launch.", hint="kdvert distill --launch")
        return _train(project, overrides, console, force=force)
    prepared = runner.prepare(project, overrides)
    runner.require_earlier(prepared, STAGE)
    config: Any = prepared.resolved.stages[STAGE]
    hardware = probe()
    number = count if count is not None else max(1, launching.gpus())
    processes.Processes(count=max(1, number)).share(config.batch_size)
    path = launching.write(project.work / "launch" / "accelerate.yaml", launching.configuration(hardware, number))
    arguments = [STAGE, "--project", str(project.root), *(part for one in overrides for part in ("--set", one))]
    line = launching.command(path, arguments, port=port)
    found = {"command": line, "configuration": str(path), "processes": number}
    console.print(shlex.join(line), markup=False)
    if only_print:
        return found | {"ran": False}
    if not force and not any(step.reason for step in runner.plan(prepared, first=STAGE, last=STAGE)):
        console.print("Nothing to do: the stage is up to date.")
        return found | {"ran": False}
    code = subprocess.run(line, stdout=sys.stderr if console.stderr else None, check=False).returncode
    if code:
        raise WorkFailed(
            f"The training in {number} processes ended with code {code}; what it said stands above.",
            hint=f"{project.work / 'logs'} has the log. The same command goes on from the last whole checkpoint.",
        )
    return found | {"ran": True}


def _train(project: Project, overrides: tuple[str, ...], console: Console, *, force: bool) -> dict[str, Any]:
    """Run the stage in this process, or this process's part of it."""
    own = processes.current()
    if not own.writes:
        runner.assist(runner.prepare(project, overrides), STAGE)
        return {"stage": STAGE, "rank": own.rank}
    with log_file(project.work / "logs", STAGE) as (log, path):
        prepared = runner.prepare(project, overrides, progress=RichProgress(console, log), log=log)
        step = runner.execute(prepared, first=STAGE, last=STAGE, force=force)[0]
    if step.reason is None:
        console.print("Nothing to do: the stage is up to date.")
    else:
        loss = step.summary.get("loss")
        told = f", loss {loss:.3g}" if loss is not None else ""
        console.print(f"Trained in {step.seconds:.1f} s: {step.summary.get('steps')} steps{told}.", markup=False)
    return {"stage": STAGE, "reason": step.reason, "summary": step.summary, "seconds": step.seconds, "log": str(path)}
