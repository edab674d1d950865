"""``kdvert preview``: a few records at once, before a run is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import RichProgress, command, log_file
from kdvert.errors import WorkFailed
from kdvert.pipeline import preview as previewing
from kdvert.pipeline import runner
from kdvert.pipeline.preview import Preview, Shown
from kdvert.project import find, read


@click.command()
@PROJECT
@click.option("-n", "count", type=int, default=5, show_default=True, help="How many passages to ask about.")
@SET
@command
def preview(folder: Path, count: int, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """Elicit a few records and show them with their evidence, before a run is paid for.

    Documents are read, scrubbed and indexed as `kdvert run --until index` would; then the teacher is asked about a few
    passages, and the filters judge what it wrote. A run takes over the replies and does not ask again.
    """
    project = read(find(folder))
    runner.prepare(project, overrides)
    with log_file(project.work / "logs", "preview") as (log, path):
        prepared = runner.prepare(project, overrides, progress=RichProgress(console, log), log=log)
        shown = previewing.preview(prepared, count)
    for number, record in enumerate(shown.records, 1):
        _show(console, number, record)
    _close(console, shown)
    result = {**shown.model_dump(mode="json"), "accepted": shown.accepted, "log": str(path)}
    if not shown.records:
        main = ", ".join(f"{loss.code} ({loss.count})" for loss in shown.failures[:3])
        raise WorkFailed(
            f"The teacher wrote no usable record about {shown.passages} passages: {main}.",
            hint="work/preview/elicit/failures.jsonl lists every one. Try another teacher, or more passages with -n.",
            details=result,
        )
    return result


def _show(console: Console, number: int, record: Shown) -> None:
    sample = record.sample
    state = Text("accepted", "green") if record.accepted else Text("rejected", "red")
    console.print(Text.assemble((f"{number}. ", "bold"), state, f" · {sample.strategy}, {sample.skill}"))
    for loss in sample.reasons:
        console.print(Text(f"   why       {loss.code}: {loss.meaning or 'a check of the vertical failed'}"))
    if sample.withheld:
        console.print(Text("   The text is not shown: it was rejected for privacy."))
    else:
        console.print(Text(f"   question  {sample.question}"))
        console.print(Text(f"   answer    {sample.answer}"))
        passage = [(f"«{s.text}»", "bold yellow") if s.marked else (s.text, "dim") for s in sample.passage]
        console.print(Text.assemble("   passage   ", *passage))
    console.print(Text(f"   source    {sample.document} ({sample.document_id}), {sample.license}"))
    failed = [v.check for v in record.verdicts if not v.passed]
    passed = [v.check for v in record.verdicts if v.passed]
    console.print(Text(f"   checks    passed: {', '.join(passed) or 'none'}; failed: {', '.join(failed) or 'none'}"))
    console.print(
        Text(
            f"   teacher   {sample.teacher}; {record.requests} calls, {record.input_tokens} tokens read, "
            f"{record.output_tokens} written\n"
        )
    )


def _close(console: Console, shown: Preview) -> None:
    lost = ", ".join(f"{loss.code} {loss.count}" for loss in shown.failures)
    console.print(
        f"{shown.asked} of {shown.of} {shown.unit} gave {len(shown.records)} records, {shown.accepted} accepted."
        + (f" Gave none: {lost}." if lost else ""),
        markup=False,
    )
    money = "" if shown.cost is None else f", at a price of {shown.cost:.4f} ({shown.paid:.4f} of it paid now)"
    if shown.unreported:
        money = f"; {shown.unreported} replies came without counts of tokens, which are left out here"
    console.print(
        f"{shown.requests} replies ({shown.cached} kept from before), {shown.input_tokens} tokens read and "
        f"{shown.output_tokens} written in {shown.seconds:.1f} s{money}.",
        markup=False,
    )
    console.print("A run takes these replies over.", markup=False)
