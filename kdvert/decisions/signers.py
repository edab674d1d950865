"""Whose signatures a project believes: ``signers.yaml``, one row a public key.

Each row is signed by its own key, so that a name or a role cannot be changed by hand. Adding a whole new row can: who
may write the project's folder decides who is trusted, so keep ``signers.yaml`` under review (docs/decisions.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase, validate
from kdvert.decisions import ed25519
from kdvert.errors import UserError
from kdvert.store import write_text

FILE = "signers.yaml"
ROW = "signer"
"""The kind of document that a row's own signature is for."""

Role = Literal["counsel", "reviewer", "approver", "admin", "operator"]

_HEAD = "# Whose signatures this project believes. `kdvert keys new` adds a row; docs/decisions.md says more.\n"


class TrustedKey(ConfigBase):
    """One public key.

    Attributes:
        name: the person, as shown in reports.
        role: ``counsel`` may decide overrides, ``reviewer`` and ``approver`` records, ``approver`` signs off, ``admin``
            manages reviewers and samples, ``operator`` erasures.
        key: the public key, 32 bytes in base64.
        added: the day the row was made.
        signature: of the fields above, by the key itself.
    """

    name: str = Field(min_length=1, max_length=200)
    role: Role
    key: str
    added: date
    signature: str

    @field_validator("key")
    @classmethod
    def _is_key(cls, value: str) -> str:
        ed25519.public_key(value)
        return value

    @property
    def key_id(self) -> str:
        """16 hexadecimal digits that stand for the key."""
        return key_id(self.key)

    @property
    def genuine(self) -> bool:
        """True when the row's own signature fits its fields."""
        return ed25519.fits(self.key, ed25519.message(ROW, self.statement()), self.signature)

    @property
    def sha(self) -> str:
        """SHA-256 of the whole row, as the trail names it."""
        return hashlib.sha256(ed25519.canonical(self.model_dump(mode="json"))).hexdigest()

    def statement(self) -> dict[str, Any]:
        """The fields that the row's signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})


class SignerFile(ConfigBase):
    """``signers.yaml``."""

    signers: list[TrustedKey]


class Signers(Mapping[str, TrustedKey]):
    """The rows of ``signers.yaml`` by key id."""

    def __init__(self, rows: list[TrustedKey]) -> None:
        self._rows = {row.key_id: row for row in rows}

    def __getitem__(self, key: str) -> TrustedKey:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def key_id(public: str) -> str:
    """Return the id of a public key given in base64."""
    return hashlib.sha256(b"kdvert key\0" + ed25519.decode(public)).hexdigest()[:16]


def read(root: Path) -> Signers:
    """Read ``signers.yaml`` of the project in ``root``; without one nobody is trusted.

    Raises:
        UserError: the file is no YAML, a row is not of its model, or a key stands in it twice.
    """
    path = root / FILE
    if not path.is_file():
        return Signers([])
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {error}", hint="Correct it, or restore an older one.") from None
    rows = validate(SignerFile, raw or {"signers": []}, where=FILE).signers
    ids = [row.key_id for row in rows]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise UserError(f"{FILE}: the key {twice[0]} stands in it twice.", hint="Keep one row for it.")
    return Signers(rows)


def add(root: Path, row: TrustedKey) -> None:
    """Add ``row`` to ``signers.yaml``, atomically.

    Raises:
        UserError: the key is in it already.
    """
    known = read(root)
    if row.key_id in known:
        raise UserError(
            f"{FILE} holds the key {row.key_id} already, as {known[row.key_id].name} ({known[row.key_id].role}).",
            hint="Make another key for another role: kdvert keys new --name NAME --role ROLE",
        )
    _write(root, [*known.values(), row])


def remove(root: Path, row: TrustedKey) -> None:
    """Take ``row`` out of ``signers.yaml`` again."""
    _write(root, [r for r in read(root).values() if r.key_id != row.key_id])


def _write(root: Path, rows: list[TrustedKey]) -> None:
    plain = [row.model_dump(mode="json") for row in rows]
    write_text(root / FILE, _HEAD + yaml.safe_dump({"signers": plain}, sort_keys=False, allow_unicode=True))
