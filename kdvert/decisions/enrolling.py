"""Make a key pair, or take one that exists, and have the project trust it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kdvert.decisions import ed25519, signers, trail
from kdvert.decisions.kinds import SIGNER_ADDED
from kdvert.decisions.signers import Role
from kdvert.decisions.signing import Signer, new_row, private_from_environment


def enroll(root: Path, *, name: str, role: Role, now: datetime, fresh: bool) -> tuple[Signer, str | None]:
    """Add a key to ``signers.yaml``; the trail says so, signed by the key itself.

    Args:
        fresh: make a key pair; else the key in ``KDVERT_SIGNING_KEY`` is taken.

    Returns:
        The person, and the private key of a fresh pair. It is kept nowhere: show it once.

    Raises:
        UserError: the name is unfit, the key is trusted already, or the environment holds none.
    """
    private = ed25519.new_private() if fresh else private_from_environment()
    row = new_row(private, name=name, role=role, today=now.date())
    with trail.alone(root, ".signers.lock"):
        signers.add(root, row)
    signer = Signer(private, row)
    trail.append(root, SIGNER_ADDED, now=now, signer=signer, refs={"row": row.sha})
    return signer, private if fresh else None
