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
ACCEPTED = "record-accepted"
EDITED = "record-edited"
REJECTED = "record-rejected"
ESCALATED = "record-escalated"
COMMENTED = "record-commented"
ALL_ACCEPTED = "records-accepted"
ALL_REJECTED = "records-rejected"
UNDONE = "decision-undone"
SAMPLE_DRAWN = "sample-drawn"
ERRORS_PLANTED = "errors-planted"
SIGNED_OFF = "signed-off"
SIGN_OFF_WITHDRAWN = "sign-off-withdrawn"

RETIRING: tuple[Role, ...] = ("counsel", "operator", "admin")
"""Who may retire the key of somebody else."""

REVIEWING: tuple[Role, ...] = ("reviewer", "approver", "counsel")
"""Who decides about records."""

KINDS: dict[str, Kind] = {
    SIGNER_ADDED: Kind("a key was added to signers.yaml"),
    SIGNER_RETIRED: Kind("a key may sign nothing more"),
    OVERRIDE_ADDED: Kind("counsel lifted a verdict", roles=("counsel",)),
    OVERRIDE_WITHDRAWN: Kind("an override was taken back", roles=("counsel",)),
    TOMBSTONE: Kind("comments or diffs were erased"),
    SOURCE_FORGOTTEN: Kind("a source was removed from the project", roles=("operator", "counsel")),
    ACCEPTED: Kind("a reviewer accepted a record", roles=REVIEWING),
    EDITED: Kind("a reviewer edited a record and accepted it so", roles=REVIEWING),
    REJECTED: Kind("a reviewer rejected a record", roles=REVIEWING),
    ESCALATED: Kind("a reviewer asked an approver to decide", roles=REVIEWING),
    COMMENTED: Kind("somebody left a comment on a record", roles=(*REVIEWING, "admin")),
    ALL_ACCEPTED: Kind("a reviewer accepted a set of records at once", roles=REVIEWING),
    ALL_REJECTED: Kind("a reviewer rejected a set of records at once", roles=REVIEWING),
    UNDONE: Kind("a decision was taken back", roles=REVIEWING),
    SAMPLE_DRAWN: Kind("a sample of records was drawn for review", roles=("admin", "approver")),
    ERRORS_PLANTED: Kind("known errors were hidden among the records", roles=("admin",)),
    SIGNED_OFF: Kind("an approver signed off", roles=("approver",)),
    SIGN_OFF_WITHDRAWN: Kind("an approver took a sign-off back", roles=("approver",)),
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
