"""``kdvert check``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day, stated, use_options
from kdvert.errors import GateBlocked, UserError
from kdvert.licensing.chain import Report, SourceUse, Writer
from kdvert.licensing.use import Use
from kdvert.project import find, read

_COLORS = {"allow": "green", "allow-with-duties": "green", "ask-counsel": "yellow", "block": "red"}


@click.command()
@PROJECT
@SET
@click.option(
    "--source",
    "sources",
    metavar="LICENSE",
    multiple=True,
    help="Judge this chain, not a project's (repeatable).",
)
@click.option("--teacher", metavar="MODEL", help="With --source: the teacher (default: embedded).")
@click.option("--base-url", metavar="URL", help="With --source: where the teacher is reached.")
@click.option("--writer", "writers", metavar="MODEL", multiple=True, help="With --source: another model that writes.")
@click.option("--student", metavar="MODEL", help="With --source: the student's base (default: embedded).")
@use_options
@AS_OF
@command
def check(folder: Path, overrides: tuple[str, ...], as_of: Any, console: Console, **options: Any) -> dict[str, Any]:
    """Judge sources, teacher and student for the intended use. Ends with 3 when something blocks.

    In a project its own settings count, and the options of the use change them for this one check. With --source no
    project is needed: kdvert check --source CC-BY-4.0 --teacher openai:gpt-4o --use hosted
    """
    report = _chain(options, as_of) if options["sources"] else _project(folder, overrides, options, as_of)
    show(console, report)
    plain = report.model_dump(mode="json")
    if report.verdict == "block":
        subject, reason = _blocking(report)
        raise GateBlocked(
            f"{subject}: {reason}", hint="Change the source, the teacher, the student or the use.", details=plain
        )
    return plain


def _chain(options: dict[str, Any], as_of: Any) -> Report:
    from kdvert.licensing import chain

    return chain.check(
        sources=[SourceUse(license=name) for name in options["sources"]],
        teacher=options["teacher"] or "embedded",
        base_url=options["base_url"],
        student=options["student"] or "embedded",
        writers=[Writer(ref=ref) for ref in options["writers"]],
        use=Use(**stated(options)),
        today=day(as_of),
    )


def _project(folder: Path, overrides: tuple[str, ...], options: dict[str, Any], as_of: Any) -> Report:
    from kdvert.pipeline import gates, runner

    lonely = [name for name in ("teacher", "base_url", "writers", "student") if options[name]]
    if lonely:
        raise UserError(
            f"--{lonely[0].removesuffix('s').replace('_', '-')} goes with --source.",
            hint="For a project's own chain use --set, for example --set elicit.teacher.model=openai:gpt-4o",
        )
    project = read(find(folder))
    changed = tuple(f"use.{key}={json.dumps(value)}" for key, value in stated(options).items())
    run = replace(runner.prepare(project, (*overrides, *changed)), today=day(as_of))
    return gates.license_report(project, run.resolved, project.work, run.today)


def show(console: Console, report: Report) -> None:
    """Print the chain, the conflicts, the overrides and the duties of a report."""
    table = Table(title=f"license check: {report.verdict}", caption=_of(report), show_lines=True)
    table.add_column("link")
    table.add_column("subject, and why", overflow="fold", ratio=1)
    table.add_column("verdict", no_wrap=True)
    for link in report.links:
        duties = ", ".join(duty.id for duty in link.duties)
        table.add_row(link.kind, _cell(link.subject, link.reason, duties), _verdict(link.verdict, link.code))
    for conflict in report.conflicts:
        subject = " against ".join(conflict.between)
        table.add_row("conflict", _cell(subject, conflict.reason, ""), _verdict(conflict.verdict, conflict.code))
    console.print(table)
    for row in report.overrides:
        held = "holds" if row.held else f"does NOT hold ({row.why})"
        console.print(f"Override {row.id} of {row.by} on {row.target} {held}; until {row.expires}.", markup=False)
    if report.duties:
        console.print("Duties:")
    for duty in report.duties:
        console.print(f"  {duty.id}: {duty.text}", markup=False)
    if report.verdict == "ask-counsel":
        console.print("Ask counsel. Internal runs may go on; a report or an export for others needs an override.")


def _cell(subject: str, reason: str, duties: str) -> Text:
    asks = f"\nduties: {duties}" if duties else ""
    return Text.assemble((subject, "bold"), f"\n{reason}", (asks, "dim"))


def _verdict(verdict: str, code: str) -> Text:
    kind, _, short = code.rpartition(".")
    return Text.assemble((verdict, _COLORS[verdict]), (f"\n{kind}.\n{short}" if kind else f"\n{short}", "dim"))


def _of(report: Report) -> str:
    use = report.use
    purpose = "commercial" if use.commercial else "non-commercial"
    return f"{use.distribution} use, {purpose}; facts as of {report.as_of}"


def _blocking(report: Report) -> tuple[str, str]:
    for link in report.links:
        if link.verdict == "block":
            return link.subject, link.reason
    conflict = next(row for row in report.conflicts if row.verdict == "block")
    return " against ".join(conflict.between), conflict.reason
