"""``kdvert review``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli import signing_in
from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.cli.review_exchange import export, import_
from kdvert.project import find, read

ROLE = click.option(
    "--role", type=click.Choice(["reviewer", "approver", "admin"]), default="reviewer", show_default=True,
    help="reviewer: decides about records; approver: signs off; admin: manages people, samples and planted errors.",
)  # fmt: skip


class _Serving(click.Group):
    """A group whose first command is meant when none is named: ``kdvert review --port 0``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``serve`` in front of options that stand alone."""
        alone = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["serve", *args] if alone else args)


@click.group(cls=_Serving)
def review() -> None:
    """Read, decide and sign in the browser. Without a command the page is served: kdvert review [--port N]."""


@review.command("serve")
@PROJECT
@click.option("--port", type=click.IntRange(0, 65535), default=8009, show_default=True, help="0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option("--behind", metavar="URL", help="The https address of the proxy that a team reaches this server by.")
@SET
@command
def serve(
    folder: Path, port: int, no_browser: bool, behind: str | None, overrides: tuple[str, ...], console: Console
) -> dict[str, Any]:
    """Open the review page on this machine. It listens on 127.0.0.1 alone; Ctrl-C ends it."""
    from kdvert.pipeline import runner
    from kdvert.review import server

    run = runner.prepare(read(find(folder)), overrides)
    with server.open_server(run, port, behind) as opened:
        console.print(f"Review of {opened.project}: {opened.url}", markup=False, soft_wrap=True)
        console.print("Who has this address gets to the sign-in page. Ctrl-C ends it.")
        if not no_browser:
            click.launch(opened.url)
        opened.run()
        return {"url": opened.url, "project": opened.project}


@review.command("add")
@PROJECT
@click.argument("name")
@ROLE
@command
def add(folder: Path, name: str, role: Any, console: Console) -> dict[str, Any]:
    """Add a person, with a passphrase that is asked for here. On the page, an admin invites people instead."""
    from kdvert.review.accounts import Accounts
    from kdvert.review.desk import now

    passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    person = Accounts(find(folder)).add(name, role, passphrase, now())
    console.print(f"{person.name} may review as {person.role}; the trail says so.", markup=False)
    return {"name": person.name, "role": person.role, "key_id": person.key_id}


@review.command("people")
@PROJECT
@command
def people(folder: Path, console: Console) -> dict[str, Any]:
    """List who may review."""
    from kdvert.review.accounts import Accounts

    found = Accounts(find(folder)).active()
    table = Table(title=f"{len(found)} may review")
    for column in ("name", "role", "key"):
        table.add_column(column, overflow="fold")
    for person in found:
        table.add_row(person.name, person.role, person.key_id)
    console.print(table)
    if not found:
        console.print('Add one: kdvert review add "Jane Doe" --role admin')
    return {"people": [{"name": p.name, "role": p.role, "key_id": p.key_id} for p in found]}


@review.command("sample")
@PROJECT
@SET
@command
def sample(folder: Path, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """Draw the sample that the policy asks for. Signed like `kdvert review plant`, by an admin or an approver."""
    from kdvert.pipeline import runner
    from kdvert.progress import Silent
    from kdvert.review.desk import Desk
    from kdvert.review.preparing import draw_sample

    root = find(folder)
    run = runner.prepare(read(root), overrides)
    signer = signing_in.signer(root)
    desk = Desk.open(run, Silent())
    count = draw_sample(desk, signer)
    console.print(f"A sample of {count} records was drawn; the trail says so.")
    return {"count": count}


@review.command("plant")
@PROJECT
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many known errors.")
@SET
@command
def plant(folder: Path, count: int, overrides: tuple[str, ...], console: Console) -> dict[str, Any]:
    """Hide known errors among the records, to learn what reviewers overlook.

    An admin signs it: with the key in KDVERT_SIGNING_KEY, or else by name and passphrase, which are asked for.
    Do it before reviewers begin, and restart a page that is being served. They are never trained on.
    """
    from kdvert.pipeline import runner
    from kdvert.progress import Silent
    from kdvert.review import preparing
    from kdvert.review.desk import Desk

    root = find(folder)
    run = runner.prepare(read(root), overrides)
    signer = signing_in.signer(root)
    desk = preparing.plant(Desk.open(run, Silent()), signer, count, Silent())
    desk.queue.close()
    console.print(f"{count} known errors are hidden among the records. Keep private/planted.json from reviewers.")
    console.print("Draw the sample now, or anew, so that they are in it: kdvert review sample")
    return {"planted": count}


@review.command("verify")
@PROJECT
@click.option("--head", metavar="SHA", help="Hash of a trail entry noted elsewhere, which must still be there.")
@command
def verify(folder: Path, head: str | None, console: Console) -> dict[str, Any]:
    """Find any changed, removed, reordered or truncated entry of the trail. Ends with 3 when there is one."""
    from kdvert.decisions import signers, trail, trail_check
    from kdvert.errors import GateBlocked, UserError

    if head is not None and not re.fullmatch("[0-9a-f]{64}", head):
        raise UserError("--head must be the hash of an entry: 64 hexadecimal digits, as this command prints it.")
    root = find(folder)
    found = trail_check.differences(root, signers.read(root), head=head)
    if found:
        rows = "\n".join(f"  - {d.code} ({d.row or d.file}): {d.what}" for d in found[:20])
        raise GateBlocked(
            f"The trail is not as it was written, {len(found)} found:\n{rows}",
            hint="Restore it from a backup; docs/decisions.md explains each code.",
            details={"differences": [d.model_dump() for d in found]},
        )
    last = trail.head(root)
    console.print(f"{last.seq if last else 0} entries, all as they were written and signed.")
    if last:
        console.print(f"Last entry: {last.sha}", soft_wrap=True)
    return {"entries": last.seq if last else 0, "head": last.sha if last else None}


review.add_command(export)
review.add_command(import_)
