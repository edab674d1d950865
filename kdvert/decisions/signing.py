"""Sign what a person decides, and check such signatures.

The private key comes from the environment and is never written. A signature covers the kind of document, its content
and who signs, so it cannot be moved to another kind of document nor be given another name.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any, Literal

from kdvert.decisions import ed25519, signers
from kdvert.decisions.signers import Role, Signers, TrustedKey
from kdvert.errors import UserError
from kdvert.records import Record

KEY = "KDVERT_SIGNING_KEY"
"""The environment variable that holds the private key, 32 bytes in base64."""

Flaw = Literal["unknown_signer", "signer_altered", "signature_wrong", "signer_retired", "wrong_role"]

FLAWS: dict[Flaw, str] = {
    "unknown_signer": f"its key is not in {signers.FILE}",
    "signer_altered": f"the row of its key in {signers.FILE} was changed since the key was added",
    "wrong_role": "the role of its key may not decide this",
    "signer_retired": "its key was retired before",
    "signature_wrong": "the signature does not fit the content: it was changed after it was signed",
}
"""Why a signature does not hold, to words that continue a sentence."""


class Signature(Record):
    """Who signed, and the signature (64 bytes in base64)."""

    key_id: str
    signer: str
    signature: str


class Signer:
    """A person who can sign: a private key whose public key the project trusts."""

    def __init__(self, private: str, row: TrustedKey) -> None:
        self._private = private
        self.row = row

    def __repr__(self) -> str:  # the private key must reach no log
        return f"Signer({self.row.key_id})"

    @classmethod
    def from_environment(cls, root: Path) -> Signer:
        """Return the person whose private key is in ``KDVERT_SIGNING_KEY``.

        Args:
            root: the project's folder.

        Raises:
            UserError: the variable is missing or no key, or the project does not trust it.
        """
        private = private_from_environment()
        identity = signers.key_id(ed25519.public_of(private))
        row = signers.read(root).get(identity)
        if row is None:
            raise UserError(
                f"The key in {KEY} ({identity}) is not in the project's {signers.FILE}.",
                hint='Add it: kdvert keys add --name "Jane Doe" --role counsel',
            )
        if not row.genuine:
            raise UserError(
                f"{signers.FILE}: the row of the key {identity} was changed since the key was added.",
                hint="Restore the row as it was; another role needs another key.",
            )
        return cls(private, row)

    @classmethod
    def maybe_from_environment(cls, root: Path) -> Signer | None:
        """The same, or None when ``KDVERT_SIGNING_KEY`` is not set; a wrong key still raises."""
        return cls.from_environment(root) if os.environ.get(KEY, "").strip() else None

    @property
    def key_id(self) -> str:
        """16 hexadecimal digits that stand for the key."""
        return self.row.key_id

    @property
    def name(self) -> str:
        """The person's name in ``signers.yaml``."""
        return self.row.name

    def require(self, *roles: Role, to: str) -> None:
        """Go on only if the person has one of ``roles``.

        Raises:
            UserError: the role is another.
        """
        if self.row.role not in roles:
            raise UserError(
                f"Only {' or '.join(roles)} may {to}, and the key in {KEY} is of role {self.row.role}.",
                hint=f'Make a key for it: kdvert keys new --name "{self.name}" --role {roles[0]}',
            )

    def sign(self, kind: str, payload: Any) -> Signature:
        """Sign plain data as a document of ``kind``."""
        data = _signed(kind, payload, self.key_id, self.name)
        return Signature(key_id=self.key_id, signer=self.name, signature=ed25519.sign(self._private, data))


def flaw(kind: str, payload: Any, signature: Signature, trusted: Signers) -> Flaw | None:
    """Return why ``signature`` does not hold for ``payload``, or None when it does. See `FLAWS`."""
    row = trusted.get(signature.key_id)
    if row is None:
        return "unknown_signer"
    if not row.genuine:
        return "signer_altered"
    data = _signed(kind, payload, signature.key_id, signature.signer)
    fits = signature.signer == row.name and ed25519.fits(row.key, data, signature.signature)
    return None if fits else "signature_wrong"


def private_from_environment() -> str:
    """Return the private key in ``KDVERT_SIGNING_KEY``.

    Raises:
        UserError: it is missing, or is no key. The value is never shown.
    """
    private = os.environ.get(KEY, "").strip()
    make = 'Make a key: kdvert keys new --name "Jane Doe" --role counsel; then set it in the environment.'
    if not private:
        raise UserError(f"This needs a signature, and {KEY} is not set.", hint=make)
    try:
        ed25519.public_of(private)
    except ValueError as error:
        raise UserError(f"{KEY} is not a private key of kdvert ({error}).", hint=make) from None
    return private


def new_row(private: str, *, name: str, role: Role, today: date) -> TrustedKey:
    """Return the row of ``signers.yaml`` for a private key, signed by it.

    Raises:
        UserError: the name is empty, too long or holds a control character.
    """
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise UserError("--name must be the person's name, in one line of at most 200 characters.")
    public = ed25519.public_of(private)
    statement = {"name": name, "role": role, "key": public, "added": today.isoformat()}
    signature = ed25519.sign(private, ed25519.message(signers.ROW, statement))
    return TrustedKey(name=name, role=role, key=public, added=today, signature=signature)


def _signed(kind: str, payload: Any, key: str, name: str) -> bytes:
    return ed25519.message(kind, {"key_id": key, "signer": name, "payload": payload})
