"""Sign-offs: an approver's signature under a data set, a report and the decisions on it, and whether it still holds.

One file each, ``decisions/sign-offs/<id>.json``, signed as a whole; the trail names it by its hash. It names the last
entry of the trail and how many there are, so a trail that was cut is noticed by whoever has the sign-off.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError

from kdvert.decisions import ed25519, signers, trail
from kdvert.decisions.codes import SCOPES
from kdvert.decisions.kinds import SIGN_OFF_WITHDRAWN, SIGNED_OFF
from kdvert.decisions.signing import FLAWS, Signature, Signer, flaw
from kdvert.errors import KdvertError, UserError
from kdvert.records import Record
from kdvert.rulings import reading
from kdvert.rulings.folding import Review
from kdvert.store import write_json

FOLDER = "sign-offs"
DOCUMENT = "sign-off"
"""The kind of document that its signature is for."""

Scope = Literal["training", "release"]


class Requirement(Record):
    """One thing that the policy asks for before a signature, and whether it was met."""

    name: str
    what: str
    met: bool
    found: str


class SignOff(Record):
    """What an approver signed.

    Attributes:
        id: random, 32 hexadecimal digits.
        meaning: of the signature, in words.
        name, role, key_id: of the signer.
        at: UTC time, ISO 8601.
        project: the project's name.
        dataset: SHA-256 of the records that are kept (``work/review/accepted.jsonl``); ``records`` counts them.
        report: SHA-256 of ``report.html``, for a release; of the review's own figures, for training.
        head: hash of the last entry of the trail at that time; ``entries`` counts them.
        requirements: what the policy asked for, and what was found.
        figures: the numbers of the review, as the page showed them.
        signature: by ``key_id``, of everything above.
    """

    id: str
    scope: Scope
    meaning: str
    name: str
    role: str
    key_id: str
    at: str
    project: str
    dataset: str
    records: int
    report: str
    head: str
    entries: int
    requirements: list[Requirement]
    figures: dict[str, Any]
    signature: str = ""

    def statement(self) -> dict[str, Any]:
        """What the signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})

    @property
    def sha(self) -> str:
        """SHA-256 by which the trail names it."""
        return hashlib.sha256(ed25519.canonical(self.model_dump(mode="json"))).hexdigest()

    def signed(self, signer: Signer) -> Self:
        """Return it with the signature of ``signer``."""
        return self.model_copy(update={"signature": signer.sign(DOCUMENT, self.statement()).signature})


class Lapse(Record):
    """Why a sign-off does not hold: a stable code, and words."""

    code: str
    what: str


class Held(Record):
    """A sign-off and whether it holds."""

    sign_off: SignOff
    lapses: list[Lapse]

    @property
    def holds(self) -> bool:
        """True when nothing speaks against it."""
        return not self.lapses


def folder_of(root: Path) -> Path:
    """Return the folder of sign-offs in the project ``root``."""
    return root / trail.FOLDER / FOLDER


def sign(
    root: Path, scope: Scope, *, signer: Signer, now: datetime, project: str, dataset: str, records: int, report: str,
    requirements: list[Requirement], figures: dict[str, Any],
) -> SignOff:  # fmt: skip
    """Sign, and have the trail say so.

    Raises:
        UserError: a requirement is not met, the signer is no approver, or the key was retired.
        WorkFailed: the trail takes no entry.
    """
    signer.require("approver", to="sign off")
    if missing := [r for r in requirements if not r.met]:
        raise UserError(f"This cannot be signed yet: {missing[0].what} ({missing[0].found}).")
    head = trail.head(root)
    draft = SignOff(
        id=secrets.token_hex(16), scope=scope, meaning=SCOPES[scope], name=signer.name, role=signer.row.role,
        key_id=signer.key_id, at=now.astimezone(UTC).isoformat(timespec="seconds"), project=project, dataset=dataset,
        records=records, report=report, head=head.sha if head else trail.START, entries=head.seq if head else 0,
        requirements=requirements, figures=figures,
    )  # fmt: skip
    made = draft.signed(signer)
    path = folder_of(root) / f"{made.id}.json"
    write_json(path, made.model_dump(mode="json"))
    trail.sync_folder(folder_of(root))
    refs: dict[str, trail.Value] = {
        "document": made.sha, "scope": scope, "dataset": dataset, "report": report, "head": made.head,
        "entries": made.entries,
    }  # fmt: skip
    try:
        trail.append(root, SIGNED_OFF, now=now, signer=signer, refs=refs)
    except KdvertError:
        path.unlink()
        raise
    return made


def withdraw(root: Path, sign_off_id: str, *, signer: Signer, now: datetime) -> None:
    """Take a sign-off back; it stays in the trail, and no longer holds.

    Raises:
        UserError: there is none of this id that stands in the trail, or the signer is no approver.
        WorkFailed: the trail cannot be read, or takes no entry.
    """
    made = next((s for s in read(root) if s.id == sign_off_id), None)
    entry = next((e for e in reading.read(root).sign_offs if made and e.refs.get("document") == made.sha), None)
    if entry is None:
        raise UserError(f"There is no sign-off {sign_off_id[:32]} that stands.")
    trail.append(root, SIGN_OFF_WITHDRAWN, now=now, signer=signer, refs={"entry": entry.sha})


def read(root: Path) -> list[SignOff]:
    """Return the sign-offs of a project in the order of the trail; a file that is none is left out (see `damaged`)."""
    found = [s for path in _files(root) if (s := _read(path))]
    return sorted(found, key=lambda s: (s.entries, s.at, s.id))


def damaged(root: Path) -> list[str]:
    """Return the names of files that are no sign-offs."""
    return [path.name for path in _files(root) if _read(path) is None]


def judge(root: Path, review: Review, *, dataset: str | None, report: str | None) -> list[Held]:
    """Return every sign-off with what speaks against it.

    Args:
        review: what stands in the trail.
        dataset: hash of the records as they are now; None leaves that out.
        report: hash of ``report.html`` as it is now, against that of a release; None leaves it out.
    """
    trusted = signers.read(root)
    entries = {e.seq: e.sha for e in trail.entries(root)}
    return [
        Held(
            sign_off=made,
            lapses=[*_unsigned(made, trusted), *_untold(made, review), *_changes(made, entries, dataset, report)],
        )
        for made in read(root)
    ]


def _unsigned(made: SignOff, trusted: signers.Signers) -> Iterator[Lapse]:
    signature = Signature(key_id=made.key_id, signer=made.name, signature=made.signature)
    if wrong := flaw(DOCUMENT, made.statement(), signature, trusted):
        yield Lapse(code=wrong, what=FLAWS[wrong])
    elif trusted[made.key_id].role != "approver":
        yield Lapse(code="wrong_role", what=FLAWS["wrong_role"])


def _untold(made: SignOff, review: Review) -> Iterator[Lapse]:
    if made.sha in {e.refs.get("document") for e in review.sign_offs}:
        return
    if made.sha in {e.refs.get("document") for e in review.withdrawn}:
        yield Lapse(code="withdrawn", what="an approver took it back")
    else:
        yield Lapse(code="unrecorded", what="the trail does not say that it was signed")


def _changes(made: SignOff, entries: dict[int, str], dataset: str | None, report: str | None) -> Iterator[Lapse]:
    if made.entries and entries.get(made.entries) != made.head:
        yield Lapse(code="trail_changed", what=f"entry {made.entries} of the trail is not the one it was signed on")
    if dataset is not None and made.dataset != dataset:
        yield Lapse(code="dataset_changed", what="the records are not those that were signed")
    if report is not None and made.scope == "release" and made.report != report:
        yield Lapse(code="report_changed", what="the report is not the one that was signed")


def _files(root: Path) -> list[Path]:
    return sorted(folder_of(root).glob("*.json"))


def _read(path: Path) -> SignOff | None:
    try:
        return SignOff.model_validate(json.loads(path.read_bytes()))
    except (ValidationError, ValueError):
        return None
