"""How ``kdvert plan`` shows a training."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kdvert.footprint.records import Footprint, TrainingPlan
from kdvert.reporting.plans import Course, Range

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def show_training(console: Console, made: TrainingPlan, course: Course | None = None) -> None:
    """Print parameters, memory by part and what fits."""
    count = made.parameters
    share = f"{count.trainable / count.base:.2%}" if count.base else ""
    console.print(
        f"Training {made.student}: {count.base:,} parameters in {count.layers} layers, {count.trainable:,} trained "
        f"({share}), {made.here.precision}.",
        markup=False,
    )
    if course is not None:
        console.print(_course(course), markup=False)
    console.print(_parts(made.here))
    if made.fits:
        console.print(_fits(made))
    for sentence in made.notes:
        console.print(sentence, markup=False, style="dim")
    if made.here.fits is False:
        console.print(
            Text(
                f"It does not fit this machine: {_size(max(made.here.peak_bytes, made.here.loading_bytes))} are "
                f"needed, {_size(made.here.usable_bytes)} can be used. Lower distill.batch_size or distill.max_length.",
                "yellow",
            )
        )


def _course(course: Course) -> str:
    each = f", {course.tokens_each:,.0f} tokens each" if course.tokens_each else ""
    tokens = f", {_about(course.tokens)} tokens to read" if course.tokens.known else ""
    others = f"; {', '.join(course.others)} not counted" if course.others else ""
    canaries = f" and {_about(course.canary_rows)} rows of canaries" if course.canary_rows.high else ""
    return f"{_about(course.records)} records{each}{canaries}{tokens}, {_about(course.steps)} steps{others}."


def _about(found: Range) -> str:
    if found.expected is not None:
        return f"about {found.expected:,.0f}" if found.low != found.high else f"{found.expected:,.0f}"
    if found.high is not None:
        return f"at most {found.high:,.0f}"
    return "an unknown number of"


def _parts(here: Footprint) -> Table:
    table = Table(
        title=f"Memory of a step on this machine: {here.batch} records of {here.length} tokens", title_justify="left"
    )
    for column in ("part", "memory", "as"):
        table.add_column(column, justify="right" if column == "memory" else "left", overflow="fold")
    for part in here.parts:
        table.add_row(part.name, _size(part.bytes), part.about)
    table.add_section()
    table.add_row("in all", _size(here.peak_bytes), "beside Python and its libraries, about 1 GB")
    table.add_row("while the base is loaded", _size(here.loading_bytes), "")
    table.add_row("can be used here", _size(here.usable_bytes), "")
    return table


def _fits(made: TrainingPlan) -> Table:
    batch, length = made.here.batch, made.here.length
    table = Table(title="What fits, at most", title_justify="left")
    for column in ("machine", f"{batch} x {length} takes", "of", f"batch at {length}", f"length at {batch}"):
        table.add_column(column, justify="left" if column == "machine" else "right", overflow="fold")
    for row in made.fits:
        table.add_row(
            row.machine,
            _size(row.peak_bytes),
            _size(row.usable_bytes),
            f"{row.batch:,}" if row.batch else "none",
            f"{row.length:,}" if row.length else "none",
        )
    return table


def _size(count: float) -> str:
    size, unit = next(((s, u) for s, u in _UNITS if count >= s), (1, "B"))
    return f"{count / size:.3g} {unit}"
