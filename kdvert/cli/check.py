"""``kdvert check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.output import command
from kdvert.cli.run import PROJECT, SET
from kdvert.errors import GateBlocked
from kdvert.project import find, read


@click.command()
@PROJECT
@SET
@command
def check(folder: Path, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """Judge sources, teacher and student for the intended use. Ends with 3 when something blocks."""
    from kdvert.pipeline import gates, runner

    project = read(find(folder))
    run = runner.prepare(project, overrides)
    report = gates.license_report(project, run.resolved, project.work)
    table = Table(title=f"license check: {report.verdict}")
    for column in ("link", "subject", "verdict", "why", "duties"):
        table.add_column(column, overflow="fold")
    for link in report.links:
        table.add_row(link.kind, link.subject, link.verdict, link.reason, "; ".join(link.duties))
    console.print(table)
    if report.verdict == "block":
        blocked = next(link for link in report.links if link.verdict == "block")
        raise GateBlocked(
            f"{blocked.subject}: {blocked.reason}",
            hint="Change the source, the teacher, the student or the use.",
            details=report.model_dump(mode="json"),
        )
    return report.model_dump(mode="json")
