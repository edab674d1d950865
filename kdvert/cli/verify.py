"""``kdvert verify``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.options import PROJECT
from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day
from kdvert.decisions import trail
from kdvert.errors import GateBlocked, UserError
from kdvert.project import find, read


@click.command()
@PROJECT
@AS_OF
@click.option("--head", metavar="SHA", help="Hash of a trail entry noted elsewhere, which must still be there.")
@command
def verify(folder: Path, as_of: Any, head: str | None, console: Console) -> dict[str, Any]:
    """Hold outputs, facts, overrides and the trail against what was recorded. Ends with 3 when anything differs."""
    from kdvert.pipeline import runner, verification

    if head is not None and not re.fullmatch("[0-9a-f]{64}", head):
        raise UserError("--head must be the hash of an entry: 64 hexadecimal digits, as `kdvert verify` prints it.")
    project = read(find(folder))
    found = verification.verify(runner.prepare(project), today=day(as_of), head=head)
    differences = [row for rows in found.values() for row in rows]
    plain = {
        "checks": {name: len(rows) for name, rows in found.items()},
        "differences": [row.model_dump(mode="json") for row in differences],
        "trail_head": _head(project.root),
    }
    for name, rows in found.items():
        console.print(f"{name:<10}{f'{len(rows)} found' if rows else 'as recorded'}")
    if differences:
        console.print(_table(differences))
        first = differences[0]
        where = f"{first.file}{f' ({first.row})' if first.row else ''}"
        many = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise GateBlocked(
            f"Not as recorded: {where}: {first.what}{many}.",
            hint="Restore what was changed, or run the stages again; docs/decisions.md explains each code.",
            details=plain,
        )
    if plain["trail_head"]:
        console.print(f"Last entry of the trail: {plain['trail_head']}")
    return plain


def _table(differences: list[Any]) -> Table:
    table = Table(title="not as recorded")
    for column in ("check", "code", "file", "row", "what differs"):
        table.add_column(column, overflow="fold")
    for row in differences:
        table.add_row(row.check, row.code, row.file, row.row or "", row.what)
    return table


def _head(root: Path) -> str | None:
    from kdvert.errors import WorkFailed

    try:
        last = trail.head(root)
    except WorkFailed:
        return None
    return last.sha if last else None
