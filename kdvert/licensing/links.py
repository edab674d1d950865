"""One link of the chain: a source, a model that wrote text, the student's weights or the use, and what was found."""

from __future__ import annotations

from typing import Literal

from kdvert.licensing.obligations import Duty
from kdvert.licensing.rulings import Judgment, Verdict
from kdvert.records import Record, sha256_json

Kind = Literal["source", "teacher", "writer", "student", "use"]


class Link(Record):
    """One part of the chain: what it is, what the facts say about it, and why.

    Attributes:
        kind: its place in the chain.
        subject: what it is, for the reader.
        verdict: the verdict on it.
        code: the kind and one of `kdvert.licensing.rulings.CODES`: ``source.non-commercial``.
        reason: why, as a sentence.
        duties: what its terms ask for.
        facts: where that was read, when, how sure we are.
        facts_sha256: hash of the texts of terms that it rests on, as data.
        hosted: whether a vendor stands in between.
    """

    kind: Kind
    subject: str
    verdict: Verdict
    code: str
    reason: str
    duties: list[Duty]
    facts: list[str]
    facts_sha256: str
    hosted: bool = False


def link(kind: Kind, subject: str, judged: Judgment, notes: list[str] | None = None, *, route: bool = False) -> Link:
    """Make a link of a judgment."""
    return Link(
        kind=kind,
        subject=subject,
        verdict=judged.verdict,
        code=f"{kind}.{judged.code}",
        reason=judged.reason,
        duties=judged.duties,
        facts=[*judged.facts, *(notes or [])],
        facts_sha256=sha256_json(judged.basis),
        hosted=route,
    )


def doubtful(
    kind: Kind, subject: str, code: str, reason: str, verdict: Verdict = "ask-counsel", facts: list[str] | None = None
) -> Link:
    """Make a link that rests on no text of terms of its own."""
    return Link(
        kind=kind,
        subject=subject,
        verdict=verdict,
        code=f"{kind}.{code}",
        reason=reason,
        duties=[],
        facts=facts or [],
        facts_sha256=sha256_json([reason, facts or []]),
    )


def blocked(kind: Kind, subject: str, reason: str) -> Link:
    """Make a link of something that kdvert knows no terms for."""
    return doubtful(kind, subject, "unknown", reason, "block")
