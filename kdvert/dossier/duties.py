"""Which duties of the chain are done by the dossier, and which a person still has to do: a table by the duty's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kdvert.dossier import release
from kdvert.dossier.lineage import Lineage
from kdvert.licensing.obligations import Duty
from kdvert.records import Record


class DutyState(Record):
    """A duty, who asks for it, whether it is done, and how it was done or what is left to do."""

    id: str
    kind: str
    text: str
    subjects: list[str]
    done: bool
    how: str


Look = Callable[[Lineage, Duty], tuple[bool, str]]


def states(lineage: Lineage) -> list[DutyState]:
    """Return every duty that the intended use asks for, the open ones first."""
    asked: dict[str, list[str]] = {}
    for link in lineage.licensing.links:
        for duty in link.duties:
            asked.setdefault(duty.id, []).append(link.subject)
    rows = [_state(lineage, duty, asked.get(duty.id, [])) for duty in release.duties(lineage)]
    return sorted(rows, key=lambda row: row.done)


def _state(lineage: Lineage, duty: Duty, subjects: list[str]) -> DutyState:
    done, how = LOOKS.get(duty.kind, _by_a_person)(lineage, duty)
    names = list(dict.fromkeys(subjects))
    return DutyState(id=duty.id, kind=duty.kind, text=duty.text, subjects=names, done=done, how=how)


def _written(where: str) -> Look:
    return lambda lineage, duty: (True, f"Written to {where}; hand it on with the student.")


def _by_a_person(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    return False, "Only a person can do it."


def _named(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    return True, f"The student is called {release.name(lineage)}."


def _share_alike(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    stated = release.student_license(lineage)
    if stated is None:
        return False, "State use.license: the license that the student is handed on under."
    return stated == duty.value, f"The student is handed on under {stated}; this asks for {duty.value}."


def _not_plain(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    stated = release.student_license(lineage)
    if stated is None:
        return False, "State use.license: it must carry the restrictions on."
    return stated.lower().startswith("licenseref-"), f"The student is handed on under {stated}."


def _kept_inside(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    return False, "The dossier holds no text of passages or records unless --data was given; hand out neither."


def _not_commercial(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    commercial = lineage.licensing.use.commercial
    return not commercial, f"The stated use is {'commercial' if commercial else 'not commercial'}."


def _own_teacher(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    vendors = [link.subject for link in lineage.licensing.links if link.hosted]
    return not vendors, f"Vendors in between: {', '.join(vendors) or 'none'}."


def _scrubbed(lineage: Lineage, duty: Duty) -> tuple[bool, str]:
    done = bool(lineage.privacy.policy_sha and lineage.privacy.regimes)
    return done, "Personal data was replaced before anything else; scrubbing finds much and never all."


LOOKS: Mapping[str, Look] = {
    "attribution": _written("ATTRIBUTION.md"),
    "changes": _written("ATTRIBUTION.md"),
    "notice": _written("NOTICE and licenses/"),
    "name_prefix": _named,
    "display": _written("model-card.md"),
    "restrictions": _written("model-card.md"),
    "share_alike": _share_alike,
    "no_plain_license": _not_plain,
    "keep_inside": _kept_inside,
    "noncommercial": _not_commercial,
    "local_teacher": _own_teacher,
    "scrubbed": _scrubbed,
    "person": _by_a_person,
}
"""How each kind of duty is done, and how that is seen."""
