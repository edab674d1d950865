"""``kdvert cassette``: keep what a teacher said in a file, to repeat a run without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kdvert.cli.options import PROJECT
from kdvert.cli.output import command
from kdvert.errors import UserError
from kdvert.project import find

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def cassette() -> None:
    """Keep what a teacher said in a file: with elicit.teacher.model replay:FILE a run is repeated without it."""


@cassette.command()
@FILE
@PROJECT
@click.option("--teacher", metavar="NAME", help="Whose replies, if several were asked (default: the one asked last).")
@command
def save(file: Path, folder: Path, teacher: str | None, console: Console) -> dict[str, Any]:
    """Write the kept replies of one teacher to FILE. They were scrubbed before they were kept."""
    from kdvert.teachers.cassette import save as written
    from kdvert.teachers.replies import ReplyStore

    kept = find(folder) / "work" / "cache" / "elicit" / "replies.sqlite"
    if not kept.is_file():
        raise UserError("No teacher was asked in this project.", hint="Run `kdvert run --until elicit` first.")
    with ReplyStore.reading(kept) as store:
        done = written(store, file, teacher=teacher)
    console.print(
        f"{done['replies']} replies of {done['teacher']} and {done['failures']} failed calls are in {file}.",
        markup=False,
    )
    return {"file": str(file), **done}


@cassette.command()
@FILE
@command
def show(file: Path, console: Console) -> dict[str, Any]:
    """Say whose replies FILE holds, and check that it was not changed."""
    from kdvert.teachers.cassette import read

    found = read(file)
    reached = [
        f"{at['model']} at {at['base_url']}" if at["base_url"] else at["model"] for at in found.teacher["reached"]
    ]
    console.print(f"{found.teacher['name']} ({found.teacher['route']})", markup=False)
    console.print(f"{len(found.replies)} replies, {len(found.failures)} failed calls; answered by {', '.join(reached)}")
    return {
        "teacher": found.teacher, "replies": len(found.replies), "failures": len(found.failures),
        "policies": sorted(found.policies),
    }  # fmt: skip
