"""Overrides as files, ``overrides/<id>.yaml`` in the project, and what the trail says of them."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from kdvert.configuration import ConfigBase, validate
from kdvert.decisions import ed25519, trail
from kdvert.decisions.kinds import OVERRIDE_ADDED, OVERRIDE_WITHDRAWN
from kdvert.decisions.signers import Signers
from kdvert.decisions.signing import Signer
from kdvert.decisions.trail_check import judged
from kdvert.errors import KdvertError, UserError
from kdvert.licensing.points import Point
from kdvert.licensing.use import Use
from kdvert.records import sha256_text
from kdvert.registry import suggest
from kdvert.store import write_text

FOLDER = "overrides"
DOCUMENT = "override"
"""The kind of document that an override's signature is for."""

Lifts = Literal["ask-counsel", "block"]
Standing = Literal["recorded", "withdrawn", "unrecorded"]

LONGEST = 4000
"""Characters of a reason."""

UNBOUND = ("eu", "field", "monthly_users", "monthly_revenue_usd", "license", "name")
"""The keys of the use that counsel may leave open."""


class Scope(ConfigBase):
    """What an override lifts: one link (or, with kind ``conflict``, one conflict) of the license check."""

    kind: str
    subject: str
    code: str
    facts_sha256: str


class Override(ConfigBase):
    """Counsel's decision.

    Attributes:
        id: also the name of the file.
        by: counsel's name, from the key.
        key_id: the key that signed.
        created: the first day it holds.
        expires: the last day it holds.
        lifts: the verdict it lifts; a block only by saying so.
        scope: the link or conflict.
        use: the keys of the use, and their values, that it was decided for.
        reason: counsel's, in words.
        nonce: random, so that the hash in the trail gives away nothing of a short reason.
        signature: of everything above.
    """

    id: str
    by: str
    key_id: str
    created: date
    expires: date
    lifts: Lifts
    scope: Scope
    use: dict[str, str | bool | int | float | None]
    reason: str = Field(min_length=1)
    nonce: str
    signature: str

    def statement(self) -> dict[str, Any]:
        """What the signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})

    @property
    def sha(self) -> str:
        """What the trail names it by."""
        return sha256_text(ed25519.canonical(self.statement()).decode())


@dataclass(frozen=True)
class Filed:
    """A file of ``overrides/``: the override in it, or what is wrong with it; and what the trail says of it."""

    path: Path
    override: Override | None
    problem: str = ""
    standing: Standing = "unrecorded"


@dataclass(frozen=True)
class Recorded:
    """What the trail says of an override: its hash, its nonce (which an edit leaves), and whether it stands."""

    sha: str
    nonce: str
    standing: Standing


def read(root: Path, trusted: Signers) -> list[Filed]:
    """Read every file in ``overrides/`` of the project ``root``. What is no override is kept with its problem."""
    folder = root / FOLDER
    paths = sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
    if not paths:
        return []
    known = standings(root, trusted)
    return [_filed(path, known) for path in paths]


def standings(root: Path, trusted: Signers) -> dict[str, Recorded]:
    """Return what the trail says of each override, by its hash. Only signed entries count."""
    found: dict[str, Recorded] = {}
    for entry, flaw in judged(trail.entries(root), trusted):
        if entry.kind in (OVERRIDE_ADDED, OVERRIDE_WITHDRAWN) and not flaw:
            sha, nonce = str(entry.refs.get("override")), str(entry.refs.get("nonce"))
            found[sha] = Recorded(sha, nonce, "recorded" if entry.kind == OVERRIDE_ADDED else "withdrawn")
    return found


def _filed(path: Path, known: dict[str, Recorded]) -> Filed:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        override = validate(Override, raw, where=f"{FOLDER}/{path.name}")
    except (OSError, UnicodeDecodeError):
        return Filed(path, None, "it cannot be read as text")
    except yaml.YAMLError:
        return Filed(path, None, "it is not valid YAML")
    except UserError as error:
        return Filed(path, None, " ".join(error.message.split()))
    record = known.get(override.sha)
    return Filed(path, override, standing=record.standing if record else "unrecorded")


def add(
    root: Path, point: Point, use: Use, *, lifts: Lifts, reason: str, expires: date, signer: Signer, now: datetime,
    unbound: Collection[str] = (),
) -> Override:  # fmt: skip
    """Write an override and record it in the trail.

    Args:
        root: the project's folder.
        point: what is lifted, from the check as it is now.
        use: the use that the project states now.
        lifts: the verdict to lift; a block only if counsel says so.
        reason: counsel's.
        expires: the last day it holds.
        signer: counsel.
        now: the time.
        unbound: keys of the use (of `UNBOUND`) that may change without the override lapsing.

    Raises:
        UserError: the signer is not counsel, there is no such verdict to lift, or the reason or the day is unfit.
    """
    signer.require("counsel", to="decide on an override")
    _must_fit(point, lifts, reason, expires, now.date())
    stated = use.model_dump(mode="json")
    draft = Override(
        id=f"{now.date().isoformat()}-{point.kind}-{secrets.token_hex(3)}",
        by=signer.name, key_id=signer.key_id, created=now.date(), expires=expires, lifts=lifts,
        scope=Scope(**point.model_dump(include={"kind", "subject", "code", "facts_sha256"})),
        use={key: value for key, value in stated.items() if key not in unbound},
        reason=reason.strip(), nonce=secrets.token_hex(16), signature="",
    )  # fmt: skip
    override = draft.model_copy(update={"signature": signer.sign(DOCUMENT, draft.statement()).signature})
    text = yaml.safe_dump(override.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)
    path = root / FOLDER / f"{override.id}.yaml"
    write_text(path, text)
    refs: dict[str, trail.Value] = {"override": override.sha, "nonce": override.nonce}
    try:
        trail.append(root, OVERRIDE_ADDED, now=now, signer=signer, refs=refs)
    except KdvertError:
        path.unlink()  # the trail does not take it, so it is no decision
        raise
    return override


def withdraw(root: Path, filed: Filed, *, signer: Signer, now: datetime) -> None:
    """Take an override back: the trail says so, and it holds no more. The file stays.

    Raises:
        UserError: the signer is not counsel, or the override does not stand as counsel's.
    """
    signer.require("counsel", to="withdraw an override")
    if filed.override is None or filed.standing != "recorded":
        raise UserError(f"{FOLDER}/{filed.path.name} holds no override that stands.", hint="Delete the file.")
    refs: dict[str, trail.Value] = {"override": filed.override.sha, "nonce": filed.override.nonce}
    trail.append(root, OVERRIDE_WITHDRAWN, now=now, signer=signer, refs=refs)


def find(files: list[Filed], override_id: str) -> Filed:
    """Return the override of that id.

    Raises:
        UserError: there is none, or its file cannot be read.
    """
    for filed in files:
        if filed.override and filed.override.id == override_id:
            return filed
        if filed.override is None and override_id in (filed.path.name, filed.path.stem):
            raise UserError(f"{FOLDER}/{filed.path.name}: {filed.problem}.", hint="Restore it, or delete it.")
    known = [filed.override.id for filed in files if filed.override]
    hint = suggest(override_id, known) if known else "There are none yet: kdvert override list shows what is open."
    raise UserError(f"There is no override '{override_id}'.", hint=hint)


def _must_fit(point: Point, lifts: Lifts, reason: str, expires: date, today: date) -> None:
    if point.verdict not in ("ask-counsel", "block"):
        raise UserError(f"{point.name}: its verdict is {point.verdict}; there is nothing to lift.")
    if point.verdict != lifts:
        only = "Lift a block with --lifts block." if point.verdict == "block" else "Leave --lifts out."
        raise UserError(f"{point.name}: its verdict is {point.verdict}, and the override lifts {lifts}.", hint=only)
    if not reason.strip() or len(reason) > LONGEST:
        raise UserError(f"An override needs a reason, of at most {LONGEST} characters.")
    if expires < today:
        raise UserError(f"An override that expires on {expires} would never hold.", hint="Name a day to come.")
