"""Why an override does not hold: its signature, its record in the trail, its time, the use, the facts."""

from __future__ import annotations

from datetime import date
from typing import Literal

from kdvert.decisions import signing
from kdvert.decisions.signers import Signers
from kdvert.decisions.signing import FLAWS, Signature
from kdvert.licensing.chain import Applied, Report
from kdvert.licensing.override_files import DOCUMENT, Filed, Override
from kdvert.licensing.points import Point, points
from kdvert.licensing.rulings import worst
from kdvert.licensing.use import Use

Lapse = Literal[
    "unreadable", "withdrawn", "unknown_signer", "signer_altered", "signature_wrong", "signer_retired", "wrong_role",
    "not_counsel", "unrecorded", "not_yet", "expired", "use_differs", "not_in_chain", "facts_changed", "not_needed",
]  # fmt: skip
"""Every reason; a report's ``why`` starts with one of them and a colon."""

ELSEWHERE: tuple[Lapse, ...] = ("withdrawn", "not_yet", "use_differs", "not_in_chain", "not_needed")
"""Lapses that leave the decision itself as it was made: it is about another day, use or chain, or was taken back."""


def lapse_of(applied: Applied) -> str | None:
    """Return the code of why an override did not hold, or None when it held."""
    return None if applied.held else applied.why.partition(":")[0]


def judge(filed: Filed, report: Report, *, signers: Signers, today: date) -> Applied:
    """Say whether one override holds for a report, and if not, why."""
    override = filed.override
    if override is None:
        return Applied(
            id=filed.path.name, by="", target="", lifts="ask-counsel", held=False,
            why=f"unreadable: {filed.problem}", reason="", expires=today,
        )  # fmt: skip
    code, words = _lapse(filed, override, report, signers, today)
    return Applied(
        id=override.id, by=override.by, target=f"{override.scope.kind}:{override.scope.subject}", lifts=override.lifts,
        held=code is None, why=f"{code}: {words}" if code else "", reason=override.reason, expires=override.expires,
    )  # fmt: skip


_Outcome = tuple[Lapse | None, str]


def _lapse(filed: Filed, override: Override, report: Report, trusted: Signers, today: date) -> _Outcome:
    """Return the first reason that speaks against an override, or (None, "")."""
    outcomes = (
        _of_signature(override, trusted),
        _of_trail(filed),
        _of_time(override, today),
        _of_use(override, report.use),
        _of_chain(override, points(report)),
    )
    return next((outcome for outcome in outcomes if outcome[0]), (None, ""))


def _of_signature(override: Override, trusted: Signers) -> _Outcome:
    signature = Signature(key_id=override.key_id, signer=override.by, signature=override.signature)
    flaw = signing.flaw(DOCUMENT, override.statement(), signature, trusted)
    if flaw:
        return flaw, FLAWS[flaw]
    role = trusted[override.key_id].role
    return (None, "") if role == "counsel" else ("not_counsel", f"it is signed by a key of role {role}")


def _of_trail(filed: Filed) -> _Outcome:
    if filed.standing == "withdrawn":
        return "withdrawn", "counsel took it back"
    if filed.standing == "unrecorded":
        return "unrecorded", "the project's trail does not say that it was added here"
    return None, ""


def _of_time(override: Override, today: date) -> _Outcome:
    if today < override.created:
        return "not_yet", f"it holds from {override.created} on"
    return ("expired", f"it held until {override.expires}") if today > override.expires else (None, "")


def _of_use(override: Override, use: Use) -> _Outcome:
    stated = use.model_dump(mode="json")
    differing = [key for key, value in override.use.items() if stated.get(key) != value]
    words = ", ".join(f"{key} was {override.use[key]} and is {stated.get(key)}" for key in differing)
    return ("use_differs", words) if differing else (None, "")


def _of_chain(override: Override, found: list[Point]) -> _Outcome:
    scope = override.scope
    named = [p for p in found if (p.kind, p.subject) == (scope.kind, scope.subject)]
    if not named:
        return "not_in_chain", "the chain holds no such link any more"
    same = [p for p in named if p.code == scope.code]
    if not same:
        codes = ", ".join(sorted({p.code for p in named}))
        return "facts_changed", f"what the check says of it was {scope.code} and is {codes}"
    exact = [p for p in same if p.facts_sha256 == scope.facts_sha256]
    if not exact:
        return "facts_changed", "the facts it rests on are others now; counsel must decide anew"
    now = worst([p.verdict for p in exact])
    return (
        (None, "") if now == override.lifts else ("not_needed", f"it lifts {override.lifts}, and the verdict is {now}")
    )
