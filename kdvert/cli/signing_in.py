"""Who signs on a terminal: the key in the environment, else a reviewer by name and passphrase."""

from __future__ import annotations

from pathlib import Path

import click

from kdvert.decisions.signing import Signer
from kdvert.errors import UserError


def signer(root: Path) -> Signer:
    """Return the person who signs. Without ``KDVERT_SIGNING_KEY`` name and passphrase are asked for.

    Raises:
        UserError: the key or the passphrase is wrong.
    """
    from kdvert.review.accounts import Accounts

    found = Signer.maybe_from_environment(root)
    if found is None:
        name = click.prompt("Your name, as on the review page", err=True)
        found = Accounts(root).open(name, click.prompt("Passphrase", hide_input=True, err=True))
    if found is None:
        raise UserError("Name or passphrase is wrong.")
    return found
