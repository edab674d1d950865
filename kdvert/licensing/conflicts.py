"""What two links of a chain ask for and cannot both have: a table of rules, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from kdvert.licensing.links import Link
from kdvert.licensing.obligations import Duty
from kdvert.licensing.rulings import Verdict
from kdvert.licensing.student_name import agree, begins_with
from kdvert.licensing.use import Use
from kdvert.records import Record

PROPRIETARY = "licenseref-proprietary"
_PLAIN = ("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "isc", "unlicense")
_RESTRICTING = ("restrictions", "no_plain_license")


class Conflict(Record):
    """Two demands that cannot both be met, or one that the intended use breaks.

    Attributes:
        code: stable name of the rule.
        verdict: ``block``, or ``ask-counsel`` where it is not settled whether the demand reaches the student.
        reason: both demands, in words.
        between: the subjects that make them.
    """

    code: str
    verdict: Verdict
    reason: str
    between: list[str]


_Held = tuple[Duty, Link]
Rule = Callable[[list[Link], list[_Held], Use], Iterator[Conflict]]


def between(links: list[Link], use: Use) -> list[Conflict]:
    """Return every conflict in a chain for a use, in the order of the table."""
    held = [(duty, link) for link in links for duty in link.duties]
    return [conflict for rule in RULES for conflict in rule(links, held, use)]


def _two_names(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    """No name begins with two different prefixes; one that is the start of the other is met by the longer."""
    if use.distribution == "internal":
        return
    for (a, first), (b, second) in _pairs(held, "name_prefix"):
        if not agree(a.value or "", b.value or ""):
            reason = f"One license wants the name to begin with '{a.value}', another with '{b.value}'."
            yield _conflict("two-name-prefixes", "block", reason, first, second)


def _stated_name(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    if use.distribution == "internal" or not use.name:
        return
    for duty, link in _first_of_each(held, "name_prefix"):
        if not begins_with(use.name, duty.value or ""):
            reason = f"use.name is '{use.name}', and the license wants a name that begins with '{duty.value}'."
            yield _conflict("name-breaks-duty", "block", reason, link)


def _share_alike_against_license(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    """A stated license of the student that is not the one that shared adaptations must carry."""
    if use.distribution == "internal" or not use.license:
        return
    for duty, link in _first_of_each(held, "share_alike"):
        if _family(use.license) != _family(duty.value or ""):
            reason = (
                f"The student is to be handed on under {use.license}; what is shared of this source must stand under "
                f"{duty.value}. {duty.text}"
            )
            yield _conflict("share-alike-against-license", "block", reason, link)


def _two_share_alikes(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    if use.distribution == "internal":
        return
    for (a, first), (b, second) in _pairs(held, "share_alike"):
        if _family(a.value or "") != _family(b.value or ""):
            reason = f"Records made from both sources would have to stand under {a.value} and under {b.value} at once."
            yield _conflict("two-share-alikes", "ask-counsel", reason, first, second)


def _share_alike_against_restrictions(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    if use.distribution == "internal":
        return
    restricting = [(d, link) for d, link in held if d.kind in _RESTRICTING and link.kind != "source"]
    for duty, link in _first_of_each(held, "share_alike"):
        for other, model in restricting[:1]:
            reason = (
                f"{duty.value} forbids further restrictions on what is shared, and a model's license wants them passed "
                f"on: {other.text}"
            )
            yield _conflict("share-alike-against-restrictions", "ask-counsel", reason, link, model)


def _plain_license(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    if use.distribution == "internal" or (use.license or "").lower() not in _PLAIN:
        return
    for duty, link in _first_of_each(held, "no_plain_license"):
        reason = f"The student is to be handed on under {use.license} alone. {duty.text}"
        yield _conflict("plain-license", "block", reason, link)


def _noncommercial_license(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    """A student that came from non-commercial terms must not be handed on under a license that permits more."""
    if use.distribution == "internal" or (use.license or "").lower() not in _PLAIN:
        return
    for duty, link in _first_of_each(held, "noncommercial"):
        reason = f"{use.license} would permit commercial use of the student. {duty.text}"
        yield _conflict("noncommercial-against-license", "block", reason, link)


def _remote_teacher(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    remote = [link for link in links if link.hosted]
    for duty, link in _first_of_each(held, "local_teacher"):
        for vendor in remote[:1]:
            reason = f"{duty.text} The teacher is reached through a vendor."
            yield _conflict("remote-teacher", "block", reason, link, vendor)


def _records_handed_on(links: list[Link], held: list[_Held], use: Use) -> Iterator[Conflict]:
    """No-derivatives text is cut and rewritten here; the verdict of its own license already asks counsel about that."""
    if use.distribution == "internal":
        return
    for duty, link in _first_of_each(held, "keep_inside"):
        reason = (
            "kdvert cuts the text into passages and rewrites it as questions and answers, and the license does not let "
            f"adaptations be shared. {duty.text}"
        )
        yield _conflict("no-derivatives-rewritten", "ask-counsel", reason, link)


RULES: tuple[Rule, ...] = (
    _two_names,
    _stated_name,
    _share_alike_against_license,
    _two_share_alikes,
    _share_alike_against_restrictions,
    _plain_license,
    _noncommercial_license,
    _remote_teacher,
    _records_handed_on,
)


def _conflict(code: str, verdict: Verdict, reason: str, *links: Link) -> Conflict:
    return Conflict(code=code, verdict=verdict, reason=reason, between=[link.subject for link in links])


def _first_of_each(held: list[_Held], kind: str) -> list[_Held]:
    """Return the duties of a kind, each once, with the first link that asks for it."""
    first: dict[str, _Held] = {}
    for duty, link in held:
        if duty.kind == kind:
            first.setdefault(duty.id, (duty, link))
    return list(first.values())


def _pairs(held: list[_Held], kind: str) -> Iterator[tuple[_Held, _Held]]:
    return combinations(_first_of_each(held, kind), 2)


def _family(license_id: str) -> str:
    """Return an SPDX id without its version and port, in lower case: later versions of a share-alike license fit."""
    parts = license_id.lower().removeprefix("licenseref-").split("-")
    kept = [part for part in parts if not part[:1].isdigit() and part not in ("only", "or", "later", "igo", "us")]
    return "-".join(kept)
