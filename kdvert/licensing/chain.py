"""The chain that a student's release rests on: sources, then teacher and route, then the student's own weights.

One link each; the worst verdict holds, duties add up, and what is unknown is blocked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kdvert.errors import GateBlocked
from kdvert.licensing.facts import Distribution, Judgment, ModelLicense, Verdict, worst
from kdvert.licensing.models import Standing, standing
from kdvert.licensing.terms import data_license
from kdvert.records import Record

Kind = Literal["source", "teacher", "student"]


class Link(Record):
    """One part of the chain: what it is, what the facts say about it, and why."""

    kind: Kind
    subject: str
    verdict: Verdict
    reason: str
    duties: list[str]
    facts: list[str]


class Report(Record):
    """The verdict on a use of sources, teacher and student, with the links that led to it."""

    verdict: Verdict
    links: list[Link]
    duties: list[str]


def check(
    *,
    licenses: list[str],
    teacher: str,
    base_url: str | None,
    student: str,
    distribution: Distribution,
    commercial: bool,
    root: Path | None = None,
) -> Report:
    """Judge a chain. Nothing is fetched, and no model is loaded.

    Args:
        licenses: license expressions of the source documents.
        teacher: ``embedded``, a model reference, or ``provider:NAME``.
        base_url: where the teacher is reached, if it is a server.
        student: ``embedded`` or a model reference.
        distribution: who gets the student: nobody outside, users of a service, or receivers of the weights.
        commercial: whether the use is commercial.
        root: the folder that relative model paths start from (default: the current one).
    """
    base = standing(student, root=root)
    links = [_source(expression, distribution, commercial) for expression in dict.fromkeys(licenses)] or [_no_source()]
    links += _model("teacher", standing(teacher, base_url, root=root), base, distribution, commercial)
    links += _model("student", base, base, distribution, commercial)
    return Report(
        verdict=worst([link.verdict for link in links]),
        links=links,
        duties=list(dict.fromkeys(duty for link in links for duty in link.duties)),
    )


def _source(expression: str, distribution: Distribution, commercial: bool) -> Link:
    try:
        terms = data_license(expression)
    except GateBlocked as error:
        return _blocked("source", expression or "(no license)", str(error).replace("\n  →", ""))
    return _link("source", terms.expression, terms.judge(distribution, commercial=commercial))


def _no_source() -> Link:
    reason = "No source states a license yet. State one in kdvert.yaml, or run `kdvert run --until ingest`."
    return _blocked("source", "(none)", reason)


def _model(kind: Kind, model: Standing, base: Standing, distribution: Distribution, commercial: bool) -> list[Link]:
    links = []
    if model.unknown:
        links.append(_blocked(kind, model.subject, model.unknown))
    for route in model.routes:
        judged = route.terms.judge(route.title, distribution, commercial=commercial)
        links.append(_link(kind, f"{model.subject} under {route.provider}'s terms", judged))
    for row in model.licenses:
        judged = _weights(kind, row, base, distribution, commercial)
        links.append(_link(kind, f"{model.subject} under {row.id}", judged, model.notes))
    for doubt in model.doubts:
        links.append(Link(kind=kind, subject=model.subject, verdict="ask-counsel", reason=doubt, duties=[], facts=[]))
    return links


def _weights(kind: Kind, row: ModelLicense, base: Standing, distribution: Distribution, commercial: bool) -> Judgment:
    terms = row.student if kind == "student" else row.teacher
    if kind == "teacher" and row.own_students and [b.id for b in base.licenses] == [row.id]:
        terms = row.student  # the bar excepts students of the same family, which then carry the license themselves
    return terms.judge(row.title, distribution, commercial=commercial)


def _link(kind: Kind, subject: str, judged: Judgment, notes: list[str] | None = None) -> Link:
    facts = [*judged.facts, *(notes or [])]
    return Link(
        kind=kind, subject=subject, verdict=judged.verdict, reason=judged.reason, duties=judged.duties, facts=facts
    )


def _blocked(kind: Kind, subject: str, reason: str) -> Link:
    return Link(kind=kind, subject=subject, verdict="block", reason=reason, duties=[], facts=[])
