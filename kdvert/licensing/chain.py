"""The chain that a student's release rests on: sources, then every model that wrote text, then the student's weights.

One link each; the worst verdict holds, duties add up, what is unknown is blocked, and what two links ask for and cannot
both have is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from pydantic import Field

from kdvert.errors import GateBlocked
from kdvert.licensing import conflicts, corpora
from kdvert.licensing.conflicts import Conflict
from kdvert.licensing.facts import ModelLicense, data_licenses, model_licenses, uses
from kdvert.licensing.links import Kind, Link, blocked, doubtful, link
from kdvert.licensing.models import Standing, standing
from kdvert.licensing.obligations import Duty
from kdvert.licensing.rulings import Judgment, Verdict, worst
from kdvert.licensing.terms import data_license
from kdvert.licensing.use import Use
from kdvert.records import Record


class SourceUse(Record):
    """A source as the check sees it.

    Attributes:
        license: the license expression that was stated.
        corpora: ids of the known corpora it was recognized as (`kdvert.licensing.corpora`).
        written_by: models that wrote its text, as references.
    """

    license: str
    corpora: tuple[str, ...] = ()
    written_by: tuple[str, ...] = ()


class Writer(Record):
    """A model that writes training text beside the teacher: a judge, a paraphraser. ``role`` says which."""

    ref: str
    base_url: str | None = None
    role: str = "writer"


class Mismatch(Record):
    """A license that documents show and that differs from the one stated.

    Attributes:
        declared: the expression that was stated.
        detected: the expression that was found, or the words of one that kdvert does not know.
        method: how it was found.
        where: in which source, by a name that may be shown.
        documents: in how many documents.
    """

    declared: str
    detected: str
    method: str
    where: str
    documents: int


class Applied(Record):
    """An override and whether it held: of whom, for what, until when, and why it did not hold if so."""

    id: str
    by: str
    target: str
    lifts: Verdict
    held: bool
    why: str
    reason: str
    expires: date


class Report(Record):
    """The verdict on a use of sources, teacher and student, with the links and conflicts that led to it."""

    verdict: Verdict
    links: list[Link]
    conflicts: list[Conflict]
    duties: list[Duty]
    use: Use
    as_of: date
    overrides: list[Applied] = Field(default_factory=list)


def check(
    *,
    sources: Sequence[SourceUse],
    teacher: str,
    base_url: str | None,
    student: str,
    use: Use,
    today: date,
    writers: Sequence[Writer] = (),
    mismatches: Sequence[Mismatch] = (),
    settled: Sequence[tuple[Mismatch, str]] = (),
    root: Path | None = None,
) -> Report:
    """Judge a chain. Nothing is fetched, and no model is loaded.

    Args:
        sources: the sources; one of several with the same terms is enough.
        teacher: ``embedded``, a model reference, or ``provider:NAME``.
        base_url: where the teacher is reached, if it is a server.
        student: ``embedded`` or a model reference.
        use: what the student is made for.
        today: the day the facts are judged on: terms of vendors expire.
        writers: other models whose text becomes part of the training set.
        mismatches: what documents show against what was stated.
        settled: mismatches that the user settled, each with her reason: they are shown and weigh nothing.
        root: the folder that relative model paths start from (default: the current one).
    """
    base = standing(student, root=root)
    judge = _Judge(use, today, base)
    links = [row for source in dict.fromkeys(sources) for row in judge.source(source)] or [_no_source()]
    links += [judge.mismatch(row) for row in mismatches]
    links += [_settled(row, reason) for row, reason in settled]
    links += judge.model("teacher", standing(teacher, base_url, root=root))
    generators = [Writer(ref=ref, role="wrote a source") for source in sources for ref in _writers(source)]
    for writer in dict.fromkeys([*generators, *writers]):
        links += judge.model("writer", standing(writer.ref, writer.base_url, root=root), role=writer.role)
    links += judge.model("student", base)
    links += judge.use()
    return concluded(links, use, today)


def together(names: Sequence[str], use: Use, today: date) -> Report:
    """Judge licenses without a chain: what sources under them, and teachers under those of models, come to together."""
    judge = _Judge(use, today, Standing("none"))
    links = [row for name in dict.fromkeys(names) for row in judge.license(name)]
    return concluded(links, use, today)


def concluded(links: list[Link], use: Use, today: date) -> Report:
    """Draw the verdict from links: the worst of them and of the conflicts between them."""
    found = conflicts.between(links, use)
    return Report(
        verdict=worst([*(row.verdict for row in links), *(row.verdict for row in found)]),
        links=links,
        conflicts=found,
        duties=list({duty.id: duty for row in links for duty in row.duties}.values()),
        use=use,
        as_of=today,
    )


class _Judge:
    """Turns what stands in the chain into links."""

    def __init__(self, use: Use, today: date, base: Standing) -> None:
        self._use = use
        self._today = today
        self._base = base

    def source(self, source: SourceUse) -> list[Link]:
        """Judge a license expression and the corpora that the source is known to be of."""
        try:
            terms = data_license(source.license)
        except GateBlocked as error:
            subject = source.license or "(no license)"
            return [blocked("source", subject, str(error).replace("\n  →", ""))]
        own = link("source", terms.expression, terms.judge(self._use, self._today))
        return [own, *self._corpora(source.corpora, terms.expression)]

    def license(self, name: str) -> list[Link]:
        """Judge a license by its name: of source text, else of a model whose outputs become training text."""
        row = model_licenses().get(name.strip().lower())
        if row and name.strip().lower() not in data_licenses():
            return [link("writer", row.id, self._weights("writer", row))]
        return self.source(SourceUse(license=name))

    def _corpora(self, names: Sequence[str], expression: str) -> Iterator[Link]:
        for name in names:
            corpus = corpora.corpus(name)
            judged = corpus.judge(self._use, self._today, expression)
            if judged:
                yield link("source", f"{corpus.title}, stated as {expression}", judged)

    def mismatch(self, row: Mismatch) -> Link:
        """Judge a license that was found and not stated: counsel is asked, or what was found blocks by itself."""
        subject = f"{row.where}: {row.detected} found, {row.declared} stated"
        reason = (
            f"{row.documents} document(s) show {row.detected} ({row.method}), and {row.declared} was stated. "
            "Correct the license, or settle it in the source's rule (settled: …)."
        )
        try:
            judged = data_license(row.detected).judge(self._use, self._today)
        except GateBlocked:
            return doubtful("source", subject, "mismatch", reason)
        if judged.verdict == "block":
            reason = f"{reason} {judged.reason}"
            return doubtful("source", subject, "mismatch", reason, "block", facts=judged.facts)
        return doubtful("source", subject, "mismatch", reason, facts=judged.facts)

    def model(self, kind: Kind, model: Standing, role: str = "") -> list[Link]:
        """Judge a model: the vendor's terms, the license of its weights, and doubts about which hold."""
        subject = f"{model.subject} ({role})" if role else model.subject
        links = [blocked(kind, subject, model.unknown)] if model.unknown else []
        for route in model.routes:
            judged = route.terms.judge(route.title, self._use, self._today)
            links.append(link(kind, f"{subject} under {route.provider}'s terms", judged, route=True))
        for row in model.licenses:
            links.append(link(kind, f"{subject} under {row.id}", self._weights(kind, row), model.notes))
        links += [doubtful(kind, subject, "not-the-publisher", doubt) for doubt in model.doubts]
        return links

    def use(self) -> list[Link]:
        """Judge the use itself: what its field and its place ask for."""
        rows = [row for row in uses() if row.holds(self._use)]
        return [link("use", row.title, row.terms.judge(row.title, self._use, self._today)) for row in rows]

    def _weights(self, kind: Kind, row: ModelLicense) -> Judgment:
        terms = row.student if kind == "student" else row.teacher
        if kind != "student" and row.own_students and [b.id for b in self._base.licenses] == [row.id]:
            terms = row.student  # the bar excepts students of the same family, which then carry the license themselves
        return terms.judge(row.title, self._use, self._today)


def _writers(source: SourceUse) -> list[str]:
    return [*source.written_by, *corpora.writers(source.corpora)]


def _settled(row: Mismatch, reason: str) -> Link:
    subject = f"{row.where}: {row.detected} found, {row.declared} stated"
    said = f"{row.documents} document(s) show {row.detected} ({row.method}). Settled in the source's rule: {reason}"
    return doubtful("source", subject, "settled", said, "allow")


def _no_source() -> Link:
    reason = "No source states a license yet. State one in kdvert.yaml, or run `kdvert run --until ingest`."
    return blocked("source", "(none)", reason)
