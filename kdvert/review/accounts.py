"""Who may review: ``private/reviewers.yaml``, one row a person, each with a signing key that only a passphrase opens.

The passphrase itself is stored nowhere. scrypt (RFC 7914) makes a key of it, and that key seals the person's private
signing key (AES-256-GCM, RFC 5116). Nobody else can open it, an admin included; a forgotten passphrase means a new key.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import Field

from kdvert.configuration import ConfigBase, validate
from kdvert.decisions import ed25519, enrolling, signers, trail
from kdvert.decisions.signers import TrustedKey
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.rulings.places import PRIVATE
from kdvert.store import write_text

FILE = PRIVATE / "reviewers.yaml"
"""In the project's folder; readable by its owner alone, and not under version control."""

ReviewRole = Literal["reviewer", "approver", "admin"]
ROLES: tuple[ReviewRole, ...] = get_args(ReviewRole)

SHORTEST = 12
"""Characters of a passphrase."""
VALID_FOR = timedelta(days=7)
"""How long an invitation can be taken up."""

_COST = {"n": 1 << 15, "r": 8, "p": 1}  # 32 MiB and about a tenth of a second; OWASP's second choice is no weaker
_HEAD = "# Who may review this project. Keep it private: `kdvert review people` shows it, docs/review.md says more.\n"


class Person(ConfigBase):
    """One person.

    Attributes:
        name: as in ``signers.yaml``.
        key_id: of the signing key.
        salt: 16 bytes in base64; ``cost`` is scrypt's N for this passphrase.
        sealed: nonce and sealed private key in base64.
    """

    name: str
    role: ReviewRole
    key_id: str
    salt: str
    sealed: str
    cost: int = Field(ge=2, le=1 << 20)


class Invitation(ConfigBase):
    """A place that is kept for somebody who will choose a passphrase herself.

    Attributes:
        code: SHA-256 of the code that she was given.
        until: UTC time, ISO 8601.
    """

    name: str
    role: ReviewRole
    code: str
    until: str

    def is_open(self, now: datetime) -> bool:
        """Return whether it can still be taken up."""
        return now < datetime.fromisoformat(self.until)


class Book(ConfigBase):
    """``reviewers.yaml``."""

    people: list[Person] = Field(default_factory=list)
    invitations: list[Invitation] = Field(default_factory=list)


@dataclass(frozen=True)
class Accounts:
    """The people of one project; each call reads the file, which other processes may have changed."""

    root: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / FILE

    def book(self) -> Book:
        """Read the file; without one nobody may review.

        Raises:
            UserError: it is no YAML, or has another form.
        """
        if not self.path.is_file():
            return Book()
        try:
            raw = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            raise UserError(f"{self.path} is not valid YAML.", hint="Restore it, or add the people anew.") from None
        return validate(Book, raw or {}, where=str(FILE))

    def active(self) -> list[Person]:
        """Return the people whose keys the project trusts and that were not retired."""
        gone, trusted = trail.retired(self.root), signers.read(self.root)
        return [p for p in self.book().people if p.key_id in trusted and p.key_id not in gone]

    def is_active(self, key_id: str) -> bool:
        """Return whether the project still trusts a key."""
        return key_id in signers.read(self.root) and key_id not in trail.retired(self.root)

    def add(self, name: str, role: ReviewRole, passphrase: str, now: datetime) -> Person:
        """Add a person with a fresh key, which the project trusts from now on; the trail says so.

        Raises:
            UserError: somebody active has this name, or the passphrase is too easy.
        """
        name = " ".join(name.split())
        must_be_strong(passphrase, name)
        with trail.alone(self.root, ".reviewers.lock"):
            self._must_be_free(name)
            signer, private = enrolling.enroll(self.root, name=name, role=role, now=now, fresh=True)
            assert private is not None  # a fresh pair has one
            person = _sealed(signer.row, role, private, passphrase)
            book = self.book()
            left = [i for i in book.invitations if i.name.casefold() != name.casefold()]
            self._write(Book(people=[*book.people, person], invitations=left))
        return person

    def invite(self, name: str, role: ReviewRole, now: datetime) -> str:
        """Keep a place for somebody and return the code to give her, which is kept nowhere.

        Raises:
            UserError: somebody active has this name.
        """
        name = " ".join(name.split())
        if not name or len(name) > 200 or not name.isprintable():
            raise UserError("A name is one line of at most 200 characters.")
        code = secrets.token_urlsafe(18)
        until = (now + VALID_FOR).astimezone(UTC).isoformat(timespec="seconds")
        with trail.alone(self.root, ".reviewers.lock"):
            self._must_be_free(name)
            book = self.book()
            left = [i for i in book.invitations if i.name.casefold() != name.casefold()]
            row = Invitation(name=name, role=role, code=_hash(code), until=until)
            self._write(Book(people=book.people, invitations=[*left, row]))
        return code

    def accept(self, code: str, passphrase: str, now: datetime) -> Person:
        """Take up an invitation.

        Raises:
            UserError: the code is wrong or too old, or the passphrase is too easy.
        """
        found = self.invited(code, now)
        if found is None:
            raise UserError("This invitation is not valid (any more).", hint="Ask an admin for another one.")
        return self.add(found.name, found.role, passphrase, now)

    def invited(self, code: str, now: datetime) -> Invitation | None:
        """Return the invitation that a code belongs to, if it can still be taken up."""
        wanted = _hash(code)
        found = (i for i in self.book().invitations if secrets.compare_digest(i.code, wanted))
        return next((i for i in found if i.is_open(now)), None)

    def open(self, name: str, passphrase: str) -> Signer | None:
        """Return the person as somebody who can sign, or None if name or passphrase is wrong.

        An unknown name takes as long as a known one.
        """
        wanted = " ".join(name.split()).casefold()
        person = next((p for p in reversed(self.active()) if p.name.casefold() == wanted), None)
        salt = ed25519.decode(person.salt) if person else b"\0" * 16
        private = _unseal(person, _stretch(passphrase, salt, person.cost if person else _COST["n"]))
        if person is None or private is None:
            return None
        row = signers.read(self.root).get(person.key_id)
        return Signer(private, row) if row is not None and row.genuine else None

    def _must_be_free(self, name: str) -> None:
        if any(p.name.casefold() == name.casefold() for p in self.active()):
            raise UserError(
                f"There is a {name} already.", hint="Choose another name, or retire that key: kdvert keys retire KEY"
            )

    def _write(self, book: Book) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = os.umask(0o077)
        try:
            write_text(self.path, _HEAD + yaml.safe_dump(book.model_dump(), sort_keys=False, allow_unicode=True))
        finally:
            os.umask(before)


def must_be_strong(passphrase: str, name: str) -> None:
    """Refuse a passphrase that is guessed easily.

    Raises:
        UserError: it is short, of few different characters, or holds the name.
    """
    simple = passphrase.casefold()
    if len(passphrase) < SHORTEST or len(set(passphrase)) < 5 or simple.replace(" ", "") in _plain(name):
        raise UserError(
            f"A passphrase needs at least {SHORTEST} characters, of at least 5 kinds, and is not the name.",
            hint="Four words that have nothing to do with each other are good.",
        )


def _plain(name: str) -> set[str]:
    folded = name.casefold()
    return {folded.replace(" ", ""), folded.replace(" ", "") * 2, "".join(reversed(folded.split()))}


def _sealed(row: TrustedKey, role: ReviewRole, private: str, passphrase: str) -> Person:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    box = AESGCM(_stretch(passphrase, salt, _COST["n"])).encrypt(nonce, private.encode(), row.key_id.encode())
    return Person(
        name=row.name, role=role, key_id=row.key_id, salt=ed25519.encode(salt), sealed=ed25519.encode(nonce + box),
        cost=_COST["n"],
    )  # fmt: skip


def _unseal(person: Person | None, key: bytes) -> str | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if person is None:
        return None
    raw = ed25519.decode(person.sealed)
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], person.key_id.encode()).decode()
    except InvalidTag:
        return None


def _stretch(passphrase: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode("utf-8", "surrogatepass"), salt=salt, dklen=32, maxmem=(1 << 31) - 1, **{**_COST, "n": cost}
    )


def _hash(code: str) -> str:
    return hashlib.sha256(b"kdvert invitation\0" + code.encode("utf-8", "surrogatepass")).hexdigest()
