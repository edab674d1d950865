"""``kdvert plan``: what a run will take and give, before it is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import RichProgress, command, log_file
from kdvert.cli.plan_training import show_training
from kdvert.configuration import validate
from kdvert.errors import UserError
from kdvert.pipeline import plan as planning
from kdvert.pipeline import runner
from kdvert.project import find, read
from kdvert.reporting.html import duration
from kdvert.reporting.plans import Plan, Range


@click.command()
@PROJECT
@click.option("--sample", type=int, help="Ask about so many passages first (1 to 200); a run takes the replies over.")
@click.option("--no-index", is_flag=True, help="Take the index as it is; do not read, scrub and index what is new.")
@click.option("--training", is_flag=True, help="Plan the training alone; with --student no project is needed.")
@click.option("--student", metavar="REF", help="With --training: this base, or a folder with its config.json alone.")
@click.option("--batch", type=int, help="With --training: records a step.")
@click.option("--length", type=int, help="With --training: tokens of the longest record.")
@click.option("--rank", type=int, help="With --training: rank of the adapter.")
@click.option("--four-bit/--no-four-bit", default=None, help="With --training: hold the base in 4 bits or not.")
@click.option("--gpus", type=click.IntRange(1, 1024), help="With --training: what fits on so many of each GPU.")
@SET
@command
def plan(
    folder: Path,
    sample: int | None,
    no_index: bool,
    training: bool,
    student: str | None,
    batch: int | None,
    length: int | None,
    rank: int | None,
    four_bit: bool | None,
    gpus: int | None,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Say what a run will take and give: requests, tokens, money, records, time, and the memory of the training.

    Without --sample nobody is asked and nothing is paid: prompts are made and counted, and replies are taken as long as
    the settings allow. With --sample 10 the teacher is asked about ten passages, and every number gets a 95 % range.
    The report of the run shows how wrong the plan was.

    With --training only the training is planned: parameters, memory by part, and what fits this machine and common
    GPUs. The student's config.json is enough for that; no weights are fetched.
    """
    chosen = {"student": student, "batch_size": batch, "max_length": length, "rank": rank, "four_bit": four_bit}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    if training:
        return _training(folder, chosen, overrides, console, gpus or 1)
    if chosen or gpus:
        raise UserError(
            "--student, --batch, --length, --rank, --four-bit and --gpus belong to --training.",
            hint="Add --training, or set them for the whole plan: --set distill.batch_size=4.",
        )
    if sample == 0:
        raise UserError("A sample of 0 passages asks nobody.", hint="Leave out --sample for a plan without asking.")
    project = read(find(folder))
    runner.prepare(project, overrides)
    with log_file(project.work / "logs", "plan") as (log, path):
        prepared = runner.prepare(project, overrides, progress=RichProgress(console, log), log=log)
        listener = planning.Listener(on_ask=lambda sentence: console.print(sentence, markup=False))
        made = planning.plan(prepared, sample or 0, index=not no_index, listener=listener)
    _show(console, made)
    return {**made.model_dump(mode="json"), "log": str(path)}


def _training(
    folder: Path, chosen: dict[str, Any], overrides: tuple[str, ...], console: Console, gpus: int
) -> dict[str, Any]:
    """Plan the training by a project's settings, if there is a project, and by those that were chosen."""
    from kdvert.distillation.settings import Settings
    from kdvert.pipeline import plan_training

    root, settings = Path.cwd(), {}
    if "student" not in chosen or overrides:
        project = read(find(folder))
        root, settings = project.root, runner.prepare(project, overrides).resolved.stages["distill"].model_dump()
    made = plan_training.memory(validate(Settings, settings | chosen, where="the options of kdvert plan"), root, gpus)
    show_training(console, made)
    return made.model_dump(mode="json")


def _show(console: Console, made: Plan) -> None:
    rested = f"{made.observed} passages or questions" if made.observed else "prompts alone, nobody was asked"
    console.print(f"{made.teacher} ({made.route}); it rests on {rested}.", markup=False)
    table = Table(title="What the run takes and gives", title_justify="left")
    for column in ("", "expected", "95 % range" if made.observed else "range", "kept already"):
        table.add_column(column, justify="left" if not column else "right")
    for name, found, kept in _rows(made):
        table.add_row(name, _number(found.expected), _range(found), kept)
    console.print(table)
    if len(made.parts) > 1:
        console.print(_parts(made))
    console.print(_times(made))
    if made.training:
        show_training(console, made.training, made.course)
    for sentence in made.notes:
        console.print(sentence, markup=False, style="dim")
    for sentence in made.over_budget:
        console.print(Text(sentence, "yellow"))
    console.print("Written to work/plan/plan.json. The report of the run shows how wrong it was.")


def _rows(made: Plan) -> list[tuple[str, Range, str]]:
    kept_read, kept_written = (sum(getattr(p, n) for p in made.parts) for n in ("kept_input", "kept_output"))
    unknown = any(p.unreported for p in made.parts)
    rows = [
        ("requests", made.requests, f"{made.kept:,}"),
        ("tokens read", made.input_tokens, "not reported" if unknown else f"{kept_read:,}"),
        ("tokens written", made.output_tokens, "not reported" if unknown else f"{kept_written:,}"),
    ]
    if made.money is not None:
        rows += [("money, all replies", made.money, ""), ("money still to pay", made.to_pay or Range(), "")]
    asked_for = made.parts[0].asked_for
    for part in made.parts[1:]:
        asked_for = asked_for + part.asked_for
    return [
        *rows,
        ("records asked for", asked_for, ""),
        ("records written", made.records, ""),
        ("records accepted", made.accepted, f"{sum(p.accepted_observed for p in made.parts):,}"),
    ]


def _parts(made: Plan) -> Table:
    table = Table(title="By entry of the mix", title_justify="left")
    for column in ("entry", "about", "requests", "tokens read", "written", "accepted"):
        table.add_column(column, justify="left" if column == "entry" else "right", overflow="fold")
    for part in made.parts:
        numbers = (part.requests, part.input_tokens, part.output_tokens, part.accepted)
        about = f"{_number(part.units.expected or part.units.high)} {part.unit}"
        table.add_row(part.name, about, *(_short(n) for n in numbers))
    return table


def _times(made: Plan) -> Table:
    table = Table(title="Wall time on this machine", title_justify="left")
    for column in ("stage", "expected", "range", "from"):
        table.add_column(column, overflow="fold")
    for stage in made.stages:
        limits = f"{duration(stage.seconds.low)} to {duration(stage.seconds.high)}"
        known = stage.seconds.known
        table.add_row(
            stage.stage,
            duration(stage.seconds.expected) if known else "not known",
            limits if known and stage.seconds.high is not None else "",
            stage.basis.removeprefix("not known: ").removeprefix("not known "),
        )
    return table


def _short(found: Range) -> str:
    """Return the expected number, or else the range."""
    return _number(found.expected) if found.expected is not None else _range(found)


def _range(found: Range) -> str:
    if not found.known:
        return "not known"
    if found.high is None:
        return f"at least {_number(found.low)}"
    low, high = _number(found.low), _number(found.high)
    return "exact" if low == high else f"{low} to {high}"


def _number(value: float | None) -> str:
    """Return a number with four digits that say something, a larger one as a whole number."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.4g}"
