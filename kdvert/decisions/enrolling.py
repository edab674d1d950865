"""Have the project trust a key, or no longer let it sign."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kdvert.decisions import ed25519, signers, trail, trail_check
from kdvert.decisions.kinds import RETIRING, SIGNER_ADDED, SIGNER_RETIRED
from kdvert.decisions.signers import Role
from kdvert.decisions.signing import Signer, new_row, private_from_environment
from kdvert.errors import KdvertError, UserError
from kdvert.registry import suggest


def enroll(root: Path, *, name: str, role: Role, now: datetime, fresh: bool) -> tuple[Signer, str | None]:
    """Add a key to ``signers.yaml``; the trail says so, signed by the key itself.

    Args:
        fresh: make a key pair; else the key in ``KDVERT_SIGNING_KEY`` is taken.

    Returns:
        The person, and the private key of a fresh pair. It is kept nowhere: show it once.

    Raises:
        UserError: the name is unfit, the key is trusted already, or the environment holds none.
        WorkFailed: the trail takes no entry. The key is not added then.
    """
    private = ed25519.new_private() if fresh else private_from_environment()
    row = new_row(private, name=name, role=role, today=now.date())
    signer = Signer(private, row)
    with trail.alone(root, ".signers.lock"):
        signers.add(root, row)
        try:
            trail.append(root, SIGNER_ADDED, now=now, signer=signer, refs={"row": row.sha})
        except KdvertError:
            signers.remove(root, row)
            raise
    return signer, private if fresh else None


def retire(root: Path, key_id: str, *, signer: Signer, now: datetime) -> None:
    """Let a key sign nothing more. What it signed before stands; its row in ``signers.yaml`` must stay for that.

    Args:
        key_id: the key to retire.
        signer: who says so: the person of that key, counsel or an operator.

    Raises:
        UserError: there is no such key, or the signer may not.
    """
    trusted = signers.read(root)
    if key_id not in trusted:
        raise UserError(f"{signers.FILE} holds no key '{key_id}'.", hint=suggest(key_id, trusted))
    if signer.key_id != key_id:
        signer.require(*RETIRING, to="retire the key of somebody else")
    trail.append(root, SIGNER_RETIRED, now=now, signer=signer, refs={"key": key_id})


def retired(root: Path) -> set[str]:
    """Return the ids of the keys that were retired."""
    trusted = signers.read(root)
    found = trail_check.judged(trail.entries(root), trusted)
    return {str(entry.refs.get("key")) for entry, flaw in found if entry.kind == SIGNER_RETIRED and not flaw}
