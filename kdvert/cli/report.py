"""``kdvert report``."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day
from kdvert.project import find, read


@click.command()
@PROJECT
@click.option("--out", type=click.Path(path_type=Path), help="The dossier's folder (default: dossier in the project).")
@click.option("--data", is_flag=True, help="Hand on the training and validation records, too.")
@SET
@AS_OF
@command
def report(
    folder: Path, out: Path | None, data: bool, overrides: tuple[str, ...], as_of: Any, console: Console
) -> dict[str, Any]:
    """Write the dossier of a finished run: what reviewers ask for, from model card to bill of materials.

    Ends with 3 when the license check blocks, when counsel must decide first, or when a source of the student was
    forgotten. What only people know goes into dossier.yaml, once; what is still open is listed.
    """
    from kdvert.pipeline import dossier, runner

    project = read(find(folder))
    run = replace(runner.prepare(project, overrides), today=day(as_of))
    with runner.exclusive(project.work):
        index = dossier.write(run, out=out, data=data)
    place = (out or project.root / "dossier").absolute()
    table = Table(title=f"dossier: {index.verdict}, as of {index.as_of}")
    for column in ("file", "what it is"):
        table.add_column(column, overflow="fold")
    for entry in index.files:
        table.add_row(entry.file, entry.about)
    console.print(table)
    _open_fields(console, index.to_fill)
    console.print(f"Dossier: {place / 'dossier.html'}", markup=False)
    return {"dossier": str(place), **index.model_dump(mode="json")}


def _open_fields(console: Console, rows: list[Any]) -> None:
    if not rows:
        return
    console.print(f"{len(rows)} fields are open; dossier.yaml in the project takes them, one line each:")
    for who, group in groupby(rows, key=lambda row: row.who):
        console.print(f"  {who}: {', '.join(row.field for row in group)}", markup=False)
