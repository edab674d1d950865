"""``kdvert keys``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.options import PROJECT
from kdvert.cli.output import command
from kdvert.decisions import signers
from kdvert.decisions.signers import Role
from kdvert.decisions.signing import KEY, Signer
from kdvert.project import find

NAME = click.option("--name", required=True, help="The person's name, as reports will show it.")
ROLE = click.option(
    "--role", type=click.Choice(get_args(Role)), default="reviewer", show_default=True, help="What the key may decide."
)


@click.group()
def keys() -> None:
    """Make and list the keys that people sign decisions with."""


@keys.command("new")
@PROJECT
@NAME
@ROLE
@command
def new(folder: Path, name: str, role: Role, console: Console) -> dict[str, Any]:
    """Make a key pair; the public key goes into signers.yaml, the private key is shown once and kept nowhere."""
    from kdvert.decisions.enrolling import enroll

    signer, private = enroll(find(folder), name=name, role=role, now=datetime.now(UTC), fresh=True)
    _say_added(console, signer)
    if not console.stderr:  # with --json the object holds it, and once is enough
        console.print(f"\nThe private key, shown this once and kept nowhere:\n\n  {KEY}={private}\n", markup=False)
    console.print("Keep it in a secret store of your own, and set it in the environment where you sign.")
    return {**_plain(signer.row), "private_key": private, "variable": KEY}


@keys.command("add")
@PROJECT
@NAME
@ROLE
@command
def add(folder: Path, name: str, role: Role, console: Console) -> dict[str, Any]:
    """Have this project trust the key in KDVERT_SIGNING_KEY, made for another project."""
    from kdvert.decisions.enrolling import enroll

    signer, _ = enroll(find(folder), name=name, role=role, now=datetime.now(UTC), fresh=False)
    _say_added(console, signer)
    return _plain(signer.row)


@keys.command("list")
@PROJECT
@command
def show(folder: Path, console: Console) -> dict[str, Any]:
    """List whose signatures this project believes."""
    from kdvert.decisions.enrolling import retired

    root = find(folder)
    trusted, gone = signers.read(root), retired(root)
    table = Table(title=f"{len(trusted)} trusted {'key' if len(trusted) == 1 else 'keys'}")
    for column in ("key", "name", "role", "added", "state"):
        table.add_column(column, overflow="fold")
    for key, row in trusted.items():
        state = "retired" if key in gone else "active" if row.genuine else "changed by hand: not believed"
        table.add_row(key, row.name, row.role, row.added.isoformat(), state)
    console.print(table)
    if not trusted:
        console.print('Make one: kdvert keys new --name "Jane Doe" --role counsel')
    return {"signers": [{**_plain(row), "retired": key in gone} for key, row in trusted.items()]}


@keys.command("retire")
@PROJECT
@click.argument("key_id", metavar="KEY")
@command
def retire(folder: Path, key_id: str, console: Console) -> dict[str, Any]:
    """Let a key sign nothing more; what it signed before stands. Signed with the key in KDVERT_SIGNING_KEY."""
    from kdvert.decisions import enrolling

    root = find(folder)
    enrolling.retire(root, key_id, signer=Signer.from_environment(root), now=datetime.now(UTC))
    console.print(f"Retired {key_id}; the trail says so. Leave its row in {signers.FILE}.", markup=False)
    return {"key_id": key_id, "retired": True}


def _say_added(console: Console, signer: Signer) -> None:
    line = f"Added {signer.name} ({signer.row.role}, key {signer.key_id}) to {signers.FILE}; the trail says so."
    console.print(line, markup=False)


def _plain(row: signers.TrustedKey) -> dict[str, Any]:
    return {"key_id": row.key_id, **row.model_dump(mode="json"), "genuine": row.genuine}
