"""The kinds of entries that the trail knows: the only list of them."""

from __future__ import annotations

from dataclasses import dataclass

from kdvert.decisions.signers import Role
from kdvert.errors import UserError
from kdvert.registry import suggest


@dataclass(frozen=True)
class Kind:
    """A kind of entry.

    Attributes:
        about: what it says happened, for a reader.
        signed: a person stands behind it, so the entry counts only with a signature.
        roles: who may decide it; empty: everybody whose key the project trusts.
    """

    about: str
    signed: bool = True
    roles: tuple[Role, ...] = ()


MENDED = "trail-mended"
TOMBSTONE = "tombstone"
SIGNER_ADDED = "signer-added"
SIGNER_RETIRED = "signer-retired"
OVERRIDE_ADDED = "override-added"
OVERRIDE_WITHDRAWN = "override-withdrawn"
SOURCE_FORGOTTEN = "source-forgotten"

RETIRING: tuple[Role, ...] = ("counsel", "operator")
"""Who may retire the key of somebody else."""

KINDS: dict[str, Kind] = {
    SIGNER_ADDED: Kind("a key was added to signers.yaml"),
    SIGNER_RETIRED: Kind("a key may sign nothing more"),
    OVERRIDE_ADDED: Kind("counsel lifted a verdict", roles=("counsel",)),
    OVERRIDE_WITHDRAWN: Kind("an override was taken back", roles=("counsel",)),
    TOMBSTONE: Kind("comments or diffs were erased"),
    SOURCE_FORGOTTEN: Kind("a source was removed from the project", roles=("operator", "counsel")),
    "record-accepted": Kind("a reviewer accepted a record"),
    "record-edited": Kind("a reviewer edited a record"),
    "record-rejected": Kind("a reviewer rejected a record"),
    "signed-off": Kind("a release was signed off"),
    MENDED: Kind("an entry that was never finished was cut off after a crash", signed=False),
}


def kind(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        UserError: there is none.
    """
    if name not in KINDS:
        raise UserError(f"Unknown kind of decision '{name}'.", hint=suggest(name, KINDS))
    return KINDS[name]
