"""Which duties are done, by which line of which file, and which are left to whom: a table with a doer for each kind.

A doer looks the duty's words up in the very texts that are written, so that none counts as done because code meant to
do it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from kdvert.dossier import attribution, notices, release
from kdvert.dossier.fields import DATA, LEGAL, MAINTAINER, PRODUCT
from kdvert.dossier.lineage import Lineage
from kdvert.licensing.obligations import Duty, Kind
from kdvert.licensing.student_name import begins_with
from kdvert.licensing.texts import text_of
from kdvert.records import Record

SETTINGS = "kdvert.yaml"


class Status(Record):
    """What became of a duty.

    Attributes:
        duty: its id.
        asked_by: the links of the chain that ask for it.
        status: ``done``, ``open``, or ``not-due`` at the way the student is used.
        where: file and line that do it, as ``NOTICE:3``, or the setting that does.
        todo: what is left to do; None if nothing.
        who: who has to do that.
    """

    duty: str
    kind: Kind
    text: str
    asked_by: list[str]
    status: Literal["done", "open", "not-due"]
    where: str | None = None
    todo: str | None = None
    who: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a doer found. Without ``todo`` the duty is done; with one, ``left`` says that all but a remainder is."""

    where: str | None = None
    todo: str | None = None
    who: str | None = None
    left: bool = False


@dataclass(frozen=True)
class Papers:
    """The texts of the dossier that do duties, made once."""

    lineage: Lineage

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The lines of each file, by its name."""
        found = {
            notices.NOTICE: notices.notice(self.lineage),
            attribution.ATTRIBUTION: attribution.attribution(self.lineage),
        }
        if notices.restrictions(self.lineage):
            found[notices.RESTRICTIONS] = notices.restrictions_text(self.lineage)
        return {name: text.splitlines() for name, text in found.items()}

    @cached_property
    def entries(self) -> list[attribution.Entry]:
        """The sources that are named."""
        return attribution.entries(self.lineage)

    def find(self, name: str, words: str) -> str | None:
        """Return file and line of the first line that holds ``words``; None if none does."""
        for number, line in enumerate(self.texts.get(name, []), 1):
            if words in line:
                return f"{name}:{number}"
        return None


Doer = Callable[[Duty, Papers], Outcome]


def statuses(lineage: Lineage) -> list[Status]:
    """Return the status of every duty of the chain, in its order."""
    papers = Papers(lineage)
    return [_status(duty, papers) for duty in lineage.licensing.duties]


def _status(duty: Duty, papers: Papers) -> Status:
    lineage = papers.lineage
    way = lineage.licensing.use.distribution
    holders = [link.subject for link in lineage.licensing.links if any(held.id == duty.id for held in link.duties)]
    common = {"duty": duty.id, "kind": duty.kind, "text": duty.text, "asked_by": holders}
    if way not in duty.when:
        return Status(**common, status="not-due", todo=f"Due where the student is {' or '.join(duty.when)}.")
    outcome = DOERS[duty.kind](duty, papers)
    done = outcome.where is not None and (outcome.todo is None or outcome.left)
    return Status(
        **common,
        status="done" if done else "open",
        where=outcome.where,
        todo=outcome.todo,
        who=outcome.who if outcome.todo else None,
    )


def _attribution(duty: Duty, papers: Papers) -> Outcome:
    if any(link.kind != "source" and _asks(link.duties, duty) for link in papers.lineage.licensing.links):
        return Outcome(papers.find(attribution.ATTRIBUTION, "## Models"))
    asked = [entry for entry in papers.entries if duty.id in attribution.asked_of(entry.license)]
    if not asked:
        return Outcome(papers.find(attribution.ATTRIBUTION, "# Attribution"))
    lacking = sum(len(entry.documents) for entry in asked if entry.lacks)
    where = papers.find(attribution.ATTRIBUTION, f"| license | {asked[0].license}")
    if not lacking:
        return Outcome(where)
    what = sorted({name for entry in asked for name in entry.lacks})
    return Outcome(
        where, f"State {', '.join(what)} of {lacking} document(s), under ingest.sources in {SETTINGS}.", DATA
    )


def _changes(duty: Duty, papers: Papers) -> Outcome:
    if any(link.kind == "student" and _asks(link.duties, duty) for link in papers.lineage.licensing.links):
        return Outcome(papers.find(notices.NOTICE, "Changed files"))
    return Outcome(papers.find(attribution.ATTRIBUTION, attribution.CHANGED.partition(",")[0]))


def _notice(duty: Duty, papers: Papers) -> Outcome:
    wanted = notices.asking(papers.lineage, duty) or [duty.value or ""]
    absent = [name for name in wanted if not text_of(name)]
    if absent:
        return Outcome(None, f"Add the text of {', '.join(absent)} to {notices.LICENSES}/.", LEGAL)
    where = _notice_line(wanted[0], papers)
    if duty.id in ("keep-text-notice", "mit-base-notice", "bsd-base-notice") and not notices.base_files(papers.lineage):
        return Outcome(where, "Copy the copyright line of the original beside the license text.", MAINTAINER)
    if duty.id == "apache-base-notice" and not notices.base_files(papers.lineage):
        todo = "kdvert found no NOTICE file beside the base. If its repository holds one, add it."
        return Outcome(where, todo, MAINTAINER, left=True)
    return Outcome(where)


def _notice_line(license_id: str, papers: Papers) -> str | None:
    row = text_of(license_id)
    words = row.row.notice if row and row.row.notice else f"{notices.LICENSES}/{license_id}.txt"
    found = papers.find(notices.NOTICE, words)
    return (
        found
        or papers.find(attribution.ATTRIBUTION, f"| license | {license_id}")
        or f"{notices.LICENSES}/{license_id}.txt"
    )


def _name_prefix(duty: Duty, papers: Papers) -> Outcome:
    name = release.name(papers.lineage)
    return Outcome(papers.find(notices.NOTICE, name) if begins_with(name, duty.value or "") else None)


def _display(duty: Duty, papers: Papers) -> Outcome:
    line = (duty.value or "").replace("{name}", release.name(papers.lineage))
    todo = "Show it too wherever the student is offered: website, user interface, documentation."
    return Outcome(papers.find(notices.NOTICE, line), todo, PRODUCT, left=True)


def _restrictions(duty: Duty, papers: Papers) -> Outcome:
    ids = notices.restricting(papers.lineage, duty)
    rows = [row for row in notices.restrictions(papers.lineage) if row.license in ids]
    absent = [gone for row in rows for gone in row.absent]
    where = papers.find(notices.RESTRICTIONS, f"## {rows[0].title}") if rows else None
    if absent:
        titles = ", ".join(dict.fromkeys(gone.title for gone in absent))
        return Outcome(where, f"Add to {notices.RESTRICTIONS}: {titles} ({absent[0].url}).", LEGAL)
    if papers.lineage.licensing.use.distribution == "internal":
        return Outcome(where)
    todo = f"Refer to {notices.RESTRICTIONS} in the agreement with every recipient."
    return Outcome(where, todo, LEGAL, left=True)


def _share_alike(duty: Duty, papers: Papers) -> Outcome:
    if any(link.kind == "student" and _asks(link.duties, duty) for link in papers.lineage.licensing.links):
        stated = release.student_license(papers.lineage)
        if stated == duty.value:
            return Outcome(f"{SETTINGS}: use.license is {stated}")
        return Outcome(None, f"Hand the student on under {duty.value} (use.license).", LEGAL)
    rows = sum(e.records for e in papers.entries if duty.id in attribution.asked_of(e.license))
    where = papers.find(attribution.ATTRIBUTION, "| license | ") if rows else None
    return Outcome(where, f"Share the {rows} records that draw on it, if at all, only under {duty.value}.", LEGAL)


def _no_plain_license(duty: Duty, papers: Papers) -> Outcome:
    stated = release.student_license(papers.lineage)
    if stated and not any(c.code == "plain-license" for c in papers.lineage.licensing.conflicts):
        return Outcome(f"{SETTINGS}: use.license is {stated}")
    return Outcome(None, "Choose a license of the student that carries the restrictions (use.license).", LEGAL)


def _keep_inside(duty: Duty, papers: Papers) -> Outcome:
    if papers.lineage.licensing.use.distribution == "internal":
        return Outcome(f"{SETTINGS}: use.distribution is internal")
    return Outcome(None, "Hand out neither passages nor records of these sources; the index holds passages.", PRODUCT)


def _noncommercial(duty: Duty, papers: Papers) -> Outcome:
    if papers.lineage.licensing.use.commercial:
        return Outcome(None, "The use is stated as commercial, and the license forbids that.", LEGAL)
    return Outcome(f"{SETTINGS}: use.commercial is false")


def _local_teacher(duty: Duty, papers: Papers) -> Outcome:
    hosted = [link.subject for link in papers.lineage.licensing.links if link.hosted]
    if hosted:
        return Outcome(None, f"Use a teacher on your own machines instead of {hosted[0]}.", MAINTAINER)
    return Outcome(f"{SETTINGS}: no model is reached through a vendor")


def _scrubbed(duty: Duty, papers: Papers) -> Outcome:
    policy = papers.lineage.privacy.policy_sha
    where = f"work/scrub: every document was scrubbed under the policy {policy[:12]}" if policy else None
    return Outcome(where, None if where else "Scrub the documents before anything is sent.", MAINTAINER)


def _person(duty: Duty, papers: Papers) -> Outcome:
    return Outcome(None, duty.text, LEGAL)


DOERS: dict[Kind, Doer] = {
    "attribution": _attribution,
    "changes": _changes,
    "notice": _notice,
    "name_prefix": _name_prefix,
    "display": _display,
    "restrictions": _restrictions,
    "share_alike": _share_alike,
    "no_plain_license": _no_plain_license,
    "keep_inside": _keep_inside,
    "noncommercial": _noncommercial,
    "local_teacher": _local_teacher,
    "scrubbed": _scrubbed,
    "person": _person,
}
"""What does a duty, or says who must, by the duty's kind."""


def _asks(held: list[Duty], duty: Duty) -> bool:
    return any(one.id == duty.id for one in held)
