"""``kdvert license list | show | explain``: what kdvert believes of licenses, one by one and together."""

from __future__ import annotations

from itertools import product
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day, stated, use_options
from kdvert.licensing.use import Use

USES = [
    {"distribution": distribution, "commercial": commercial}
    for distribution, commercial in product(("internal", "hosted", "distributed"), (True, False))
]


@click.group()
def license() -> None:
    """Say what kdvert believes of licenses: of source texts and of model weights."""


@license.command("list")
@AS_OF
@command
def list_licenses(as_of: Any, console: Console) -> dict[str, Any]:
    """List the licenses that kdvert has facts about, with the verdict for commercial use."""
    from kdvert.licensing import beliefs

    table = Table("id", "title", "as", "internal", "hosted", "distributed")
    table.columns[0].no_wrap = True
    rows = beliefs.every(day(as_of))
    for row in rows:
        table.add_row(
            row["id"], row["title"], row["as"].partition(":")[0], row["internal"], row["hosted"], row["distributed"]
        )
    console.print(table)
    return {"licenses": rows}


@license.command()
@click.argument("name", metavar="ID")
@AS_OF
@command
def show(name: str, as_of: Any, console: Console) -> dict[str, Any]:
    """Show what kdvert believes of the license ID, where it read that, when, and how sure it is."""
    from kdvert.licensing import beliefs

    today = day(as_of)
    found = beliefs.of_license(name)
    for belief in found:
        print_belief(console, belief.title, belief.role, belief.told(today))
        print_verdicts(console, {str(use): belief.terms.judge(belief.title, use, today) for use in uses()})
    return {"license": name, "beliefs": [belief.plain(today, uses()) for belief in found]}


@license.command()
@click.argument("expressions", metavar="LICENSE...", nargs=-1, required=True)
@use_options
@AS_OF
@command
def explain(expressions: tuple[str, ...], as_of: Any, console: Console, **options: Any) -> dict[str, Any]:
    """Say what sources under several licenses come to together: verdict, duties and conflicts, use by use."""
    from kdvert.licensing import chain

    today = day(as_of)
    given = stated(options)
    reports = [chain.together(expressions, Use(**(use | given)), today) for use in _distinct(given)]
    table = Table("license", *(words(report.use) for report in reports))
    for links in zip(*(report.links for report in reports)):
        table.add_row(links[0].subject, *(f"{link.verdict}\n[dim]{link.code}[/dim]" for link in links))
    table.add_section()
    table.add_row("together", *(f"[bold]{report.verdict}[/bold]" for report in reports))
    console.print(table)
    for line in dict.fromkeys(f"{c.code} ({c.verdict}): {c.reason}" for report in reports for c in report.conflicts):
        console.print(f"Conflict {line}", markup=False)
    for line in dict.fromkeys(f"{li.subject}, {li.code}: {li.reason}" for report in reports for li in report.links):
        console.print(f"  {line}", markup=False)
    duties = {duty.id: duty.text for report in reports for duty in report.duties}
    console.print("Duties:" if duties else "No duties.")
    for name, text in duties.items():
        console.print(f"  {name}: {text}", markup=False)
    return {"licenses": list(expressions), "uses": [report.model_dump(mode="json") for report in reports]}


def _distinct(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the uses to show: all six, or those that differ in what was not given."""
    kept = [{key: value for key, value in use.items() if key not in given} for use in USES]
    return [use for number, use in enumerate(kept) if use not in kept[:number]]


def uses() -> list[Use]:
    """Return the six uses that a belief is shown for."""
    return [Use.model_validate(use) for use in USES]


def words(use: Use) -> str:
    """Return a use in words."""
    return f"{use.distribution}, {'commercial' if use.commercial else 'non-commercial'}"


def print_belief(console: Console, title: str, role: str, told: dict[str, str]) -> None:
    """Print what is believed, a line for each field."""
    table = Table(title=f"{title} ({role})", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in told.items():
        table.add_row(key, value)
    console.print(table)


def print_verdicts(console: Console, judged: dict[str, Any]) -> None:
    """Print the verdict for each use: who gets the student across, commercial or not down."""
    found = list(judged.values())  # in the order of `USES`: internal, hosted, distributed, each twice
    table = Table("verdict", "internal", "hosted", "distributed")
    for number, name in enumerate(("commercial", "non-commercial")):
        table.add_row(name, *(f"{row.verdict}\n[dim]{row.code}[/dim]" for row in found[number::2]))
    console.print(table)
