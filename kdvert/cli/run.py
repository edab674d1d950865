"""``kdvert run`` and ``kdvert status``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import RichProgress, command, log_file
from kdvert.pipeline import runner
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Step
from kdvert.pipeline.table import STAGES
from kdvert.project import find, read


@click.command(epilog="Stages: " + ", ".join(row.name for row in STAGES))
@PROJECT
@click.option("--until", metavar="STAGE", help="Stop after this stage.")
@click.option("--from", "first", metavar="STAGE", help="Start at this stage; earlier ones are taken as they are.")
@click.option(
    "--force", is_flag=True, help="Run the stages even if nothing changed. Finished teacher replies are reused."
)
@click.option("--dry-run", is_flag=True, help="Say for each stage whether and why it would run; change nothing.")
@SET
@command
def run(
    folder: Path,
    until: str | None,
    first: str | None,
    force: bool,
    dry_run: bool,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Run the stages that must run: documents in, student and report out."""
    project = read(find(folder))
    prepared = runner.prepare(project, overrides)
    options: dict[str, Any] = {"first": first, "last": until, "force": force}
    if dry_run:
        steps = runner.plan(prepared, **options)
        for step in steps:
            console.print(
                f"{step.stage:<9} {'would run: ' + step.reason if step.reason else 'up to date'}", markup=False
            )
        return {"dry_run": True, "stages": [_plain(s) for s in steps]}
    with log_file(project.work / "logs", "run") as (log, path):
        prepared = runner.prepare(project, overrides, progress=RichProgress(console, log), log=log)
        steps = runner.execute(prepared, on_step=lambda step, done: _show(console, step, done), **options)
    if not any(step.reason for step in steps):
        console.print("Nothing to do: every stage is up to date.")
    report = project.work / "report" / "report.html"
    if steps[-1].stage == "report":
        _closing(console, steps)
        console.print(f"Report: {report}", markup=False)
    return {"stages": [_plain(s) for s in steps], "log": str(path), "report": str(report) if report.is_file() else None}


@click.command()
@PROJECT
@SET
@command
def status(folder: Path, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """Show each stage: when it ran, what came out, whether it is up to date."""
    project = read(find(folder))
    prepared = runner.prepare(project, overrides)
    lock = read_lock(project.work)
    table = Table(title=f"{prepared.resolved.head.name or project.root.name} · {prepared.vertical.manifest.title}")
    for column in ("stage", "state", "finished (UTC)", "seconds", "result"):
        table.add_column(column, overflow="fold")
    rows = []
    for step in runner.plan(prepared):
        row = lock.get(step.stage)
        state = "up to date" if step.reason is None else step.reason
        when, seconds = (row.finished[:19].replace("T", " "), row.seconds) if row else ("", None)
        result = _words(row.summary) if row else ""
        table.add_row(step.stage, state, when, "" if seconds is None else f"{seconds:.1f}", result)
        rows.append({"stage": step.stage, "state": state, "finished": when or None, "seconds": seconds,
                     "summary": row.summary if row else None})  # fmt: skip
    console.print(table)
    return {"project": str(project.root), "stages": rows}


def _show(console: Console, step: Step, done: bool) -> None:
    if step.reason is None:
        console.print(f"[dim]{step.stage}: up to date[/dim]")
    elif not done:
        console.print(f"[bold]{step.stage}[/bold]: ", end="")
        console.print(step.reason, markup=False)
    else:
        console.print(f"  done in {step.seconds:.1f} s: {_words(step.summary)}", markup=False)


def _words(summary: dict[str, Any]) -> str:
    """Return the plain numbers and words of a summary in one line; tables and lists are for the report."""
    plain = {k: v for k, v in summary.items() if isinstance(v, str | int | float) and k != "seconds"}
    return ", ".join(f"{k.replace('_', ' ')} {_short(v)}" for k, v in plain.items())


def _short(value: str | int | float) -> str:
    """A float with three digits; of a path or a model reference the last part."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return value.rpartition("/")[2] or value if isinstance(value, str) else str(value)


def _closing(console: Console, steps: list[Step]) -> None:
    rows: list[dict[str, Any]] = next((s.summary.get("rows", []) for s in steps if s.stage == "evaluate"), [])
    if not rows:
        return
    table = Table(title="before / after (95 % interval of the difference, paired bootstrap over questions)")
    for column in ("mode", "metric", "base", "student", "difference", "interval", "questions"):
        table.add_column(column)
    for r in rows:
        numbers = [f"{r[k]:.3f}" if r[k] is not None else "–" for k in ("base", "student")]
        difference = "–" if r["delta"] is None else f"{r['delta']:+.3f}"
        interval = "–" if r["low"] is None else f"{r['low']:+.3f} … {r['high']:+.3f}"
        table.add_row(
            r["mode"].replace("_", " "), r["metric"].replace("_", " "), *numbers, difference, interval, str(r["n"])
        )
    console.print(table)


def _plain(step: Step) -> dict[str, Any]:
    state = "up to date" if step.reason is None else "run"
    return {
        "stage": step.stage,
        "state": state,
        "reason": step.reason,
        "summary": step.summary,
        "seconds": step.seconds,
    }
