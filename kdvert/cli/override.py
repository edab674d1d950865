"""``kdvert override``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day
from kdvert.decisions import signers
from kdvert.decisions.signers import Signers
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.licensing import override_files
from kdvert.licensing import overrides as lifting
from kdvert.licensing.chain import Applied, Report
from kdvert.licensing.lapses import judge
from kdvert.licensing.override_files import UNBOUND, Filed
from kdvert.licensing.points import Point, undecided
from kdvert.project import find, read


@dataclass(frozen=True)
class _Desk:
    """A project as counsel sees it: the check before and after overrides, the overrides, who is trusted."""

    root: Path
    report: Report
    lifted: Report
    trusted: Signers
    filed: list[Filed]


@click.group()
def override() -> None:
    """Lift a verdict of the license check by counsel's signed decision."""


@override.command("add")
@PROJECT
@click.option("--link", required=True, metavar="KIND:SUBJECT", help="What to lift, as `kdvert override list` shows it.")
@click.option("--code", help="The reason code, where a link stands there with several.")
@click.option("--reason", required=True, help="Counsel's reason, shown in every report.")
@click.option("--expires", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day it holds.")
@click.option(
    "--lifts", type=click.Choice(["ask-counsel", "block"]), default="ask-counsel", show_default=True,
    help="The verdict to lift; a block is lifted only if you say so.",
)  # fmt: skip
@click.option(
    "--unbound", multiple=True, type=click.Choice(UNBOUND), help="A key of the use that may change (repeatable)."
)
@SET
@command
def add(
    folder: Path, link: str, code: str | None, reason: str, expires: datetime, lifts: override_files.Lifts,
    unbound: tuple[str, ...], overrides: tuple[str, ...], console: Console,
) -> dict[str, Any]:  # fmt: skip
    """Sign an override of one link or conflict that stands in the way now, with the key in KDVERT_SIGNING_KEY."""
    now = datetime.now(UTC)
    desk = _desk(folder, overrides, now.date())
    point = _find(desk, link, code)
    made = override_files.add(
        desk.root, point, desk.report.use, lifts=lifts, reason=reason, expires=expires.date(),
        signer=Signer.from_environment(desk.root), now=now, unbound=unbound,
    )  # fmt: skip
    console.print(f"Signed {override_files.FOLDER}/{made.id}.yaml as {made.by}, until {made.expires}:", markup=False)
    console.print(f"  {point.name}\n  {point.verdict} ({point.code}): {point.reason}", markup=False)
    console.print("It holds for the use and the facts of today and lapses when either changes. Duties stay.")
    return made.model_dump(mode="json")


@override.command("list")
@PROJECT
@AS_OF
@SET
@command
def show_all(folder: Path, as_of: Any, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """List the overrides, whether each holds, and what still stands in the way."""
    today = day(as_of)
    desk = _desk(folder, overrides, today)
    outcomes, left = desk.lifted.overrides, undecided(desk.lifted)
    console.print(_table(outcomes))
    for point in left:
        console.print(f"\n{point.verdict} ({point.code}): {point.reason}", markup=False)
        console.print(f"  --link {_quoted(point.name)}", markup=False)
    if not left:
        console.print("Nothing stands in the way.")
    return {
        "overrides": [o.model_dump(mode="json") for o in outcomes],
        "undecided": [p.model_dump(mode="json") for p in left],
    }


@override.command("show")
@PROJECT
@click.argument("override_id", metavar="ID")
@AS_OF
@SET
@command
def show(
    folder: Path, override_id: str, as_of: Any, overrides: tuple[str, ...], console: Console
) -> dict[str, Any]:  # fmt: skip
    """Show one override in full, and whether it holds."""
    today = day(as_of)
    desk = _desk(folder, overrides, today)
    filed = override_files.find(desk.filed, override_id)
    assert filed.override is not None
    outcome = judge(filed, desk.report, signers=desk.trusted, today=today)
    plain = filed.override.model_dump(mode="json", exclude={"nonce", "signature"})
    for name, value in plain.items():
        console.print(f"{name:<9} {_words(value)}", markup=False)
    console.print(f"{'state':<9} {'holds' if outcome.held else f'does NOT hold: {outcome.why}'}", markup=False)
    return {**plain, "held": outcome.held, "why": outcome.why}


@override.command("withdraw")
@PROJECT
@click.argument("override_id", metavar="ID")
@command
def withdraw(folder: Path, override_id: str, console: Console) -> dict[str, Any]:
    """Take an override back, signed with the key in KDVERT_SIGNING_KEY. Its file stays, and holds no more."""
    root = find(folder)
    filed = override_files.find(override_files.read(root, signers.read(root)), override_id)
    override_files.withdraw(root, filed, signer=Signer.from_environment(root), now=datetime.now(UTC))
    console.print(f"Withdrawn: {override_id}. The trail says so.", markup=False)
    return {"id": override_id, "withdrawn": True}


def _desk(folder: Path, settings: tuple[str, ...], today: date) -> _Desk:
    from kdvert.pipeline import runner
    from kdvert.pipeline.verification import unlifted_report

    project = read(find(folder))
    trusted = signers.read(project.root)
    report = unlifted_report(runner.prepare(project, settings), today)
    filed = override_files.read(project.root, trusted)
    lifted = lifting.apply(report, filed, signers=trusted, today=today)
    return _Desk(project.root, report, lifted, trusted, filed)


def _find(desk: _Desk, name: str, code: str | None) -> Point:
    """Return the point that ``KIND:SUBJECT`` names; one that is lifted already only if no other goes by that name.

    Raises:
        UserError: none or several stand there; those that do are listed.
    """
    points = [*undecided(desk.lifted), *undecided(desk.report)]
    found = [p for p in points if p.name.casefold() == name.strip().casefold() and code in (None, p.code)]
    if len({p.code for p in found}) == 1:
        return found[0]
    if found:
        codes = ", ".join(dict.fromkeys(p.code for p in found))
        raise UserError(f"'{name}' stands in the check more than once.", hint=f"Add --code, one of: {codes}.")
    lines = dict.fromkeys(f"\n    --link {_quoted(p.name)} --code {p.code}" for p in points)
    hint = f"What stands in the way now:{''.join(lines)}" if lines else "`kdvert check` has nothing to lift."
    raise UserError(f"Nothing called '{name}' stands in the way of this project's use.", hint=hint)


def _table(outcomes: list[Applied]) -> Table:
    table = Table(title=f"{len(outcomes)} {'override' if len(outcomes) == 1 else 'overrides'}")
    for column in ("id", "by", "lifts", "of", "until", "state"):
        table.add_column(column, overflow="fold")
    for row in outcomes:
        state = "holds" if row.held else f"does NOT hold: {row.why}"
        table.add_row(row.id, row.by, row.lifts, row.target, row.expires.isoformat(), state)
    return table


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    return "not stated" if value is None else str(value)


def _quoted(name: str) -> str:
    """Quote for a shell, by double quotes where they do."""
    return shlex.quote(name) if set(name) & set('"$`!\\') else f'"{name}"'
