"""``kdvert export``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import RichProgress, command
from kdvert.cli.uses import AS_OF, day
from kdvert.exporting.table import TARGETS
from kdvert.project import find, read

if TYPE_CHECKING:
    from kdvert.exporting.job import Export

_FORMS = ", ".join(f"{row.name} ({row.about})" for row in TARGETS)


@click.command(epilog=f"Targets: {_FORMS}.")
@click.option("--to", "target", required=True, metavar="TARGET", help=" | ".join(row.name for row in TARGETS))
@PROJECT
@click.option("--out", type=click.Path(path_type=Path), help="The folder (default: export/TARGET in the project).")
@click.option("--force", is_flag=True, help="Replace an older export there.")
@click.option(
    "--converter",
    type=click.Path(path_type=Path),
    help="llama.cpp's convert_hf_to_gguf.py (default: in $LLAMA_CPP, else on the PATH).",
)
@click.option(
    "--type",
    "gguf_type",
    type=click.Choice(["f16", "bf16", "f32", "q8_0"]),
    default="f16",
    show_default=True,
    help="How a GGUF file holds numbers.",
)
@SET
@AS_OF
@command
def export(
    target: str,
    folder: Path,
    out: Path | None,
    force: bool,
    converter: Path | None,
    gguf_type: Any,
    overrides: tuple[str, ...],
    as_of: Any,
    console: Console,
) -> dict[str, Any]:
    """Write the student in a form that others can use, with its card, notices and licenses.

    What is written answers like the student that was evaluated: a merged model and a GGUF file are compared with it,
    logit by logit, on ten questions, and refused if they differ. Ends with 3 when the license check blocks, when
    counsel must decide first, or when a source of the student was forgotten.
    """
    from kdvert.exporting import table
    from kdvert.exporting.contract import Job
    from kdvert.exporting.job import export as write
    from kdvert.hardware import probe
    from kdvert.pipeline import dossier, runner
    from kdvert.students import trained
    from kdvert.students.prompts import Prompts
    from kdvert.templates import TemplateSet

    table.module_of(target)  # a misspelled target must not cost a wait
    project = read(find(folder))
    run = replace(runner.prepare(project, overrides), today=day(as_of))
    place = (out or project.root / "export" / target).absolute()
    with runner.exclusive(project.work):
        student = trained.read(project.work / "distill", project.root)
        templates = TemplateSet(project.templates if project.templates.is_dir() else None, run.vertical.templates)
        job = Job(
            trained=student,
            lineage=dossier.lineage(run, command="kdvert export", what="The card of the export"),
            prompts=Prompts.for_vertical(templates, run.vertical),
            work=project.work,
            hardware=probe(),
            converter=converter,
            gguf_type=gguf_type,
            progress=RichProgress(console),
        )
        made = write(job, target, place, force=force)
    _show(console, made, place)
    return {"export": str(place), **made.model_dump(mode="json")}


def _show(console: Console, made: Export, place: Path) -> None:
    console.print(f"{made.name} as {made.target}: {place}", markup=False)
    for line in made.displays:
        console.print(f"  Must be shown with it: {line}", markup=False)
    size = sum(file.size for file in made.files)
    console.print(f"  {len(made.files)} files, {size / 1e6:.1f} MB; README.md says how to use it", markup=False)
    agreement = made.facts.get("agreement")
    if agreement and agreement["made"]:
        console.print(
            f"  Answers like the student that was evaluated: the same token likeliest at {agreement['top1']:.1%} of "
            f"{agreement['positions']} positions of {agreement['prompts']} answers, largest difference of a logit "
            f"{agreement['max_difference']:.2g}",
            markup=False,
        )
    elif agreement:
        console.print(f"  Not compared with the student that was evaluated: {agreement['reason']}", markup=False)
    for warning in made.warnings:
        console.print(f"  Note: {warning}", markup=False)
