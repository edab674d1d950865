"""The documents by license and publisher, each group with what the license check says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kdvert.dossier.lineage import DocumentFacts, Lineage
from kdvert.errors import GateBlocked
from kdvert.licensing.links import Link
from kdvert.licensing.terms import data_license
from kdvert.records import Record
from kdvert.reporting.sources import UNKNOWN_PUBLISHER


class SourceGroup(Record):
    """Documents under one license from one publisher.

    ``traps`` are the reasons of corpora and mismatches that the license check recognized beside the license itself;
    ``share`` is the group's part of all characters, 0 to 1; ``findings`` counts personal data found and acted on.
    """

    license: str
    publisher: str
    documents: int
    characters: int
    share: float
    findings: int
    passages: int
    records: int
    verdict: str
    code: str
    reason: str
    traps: list[str]
    facts: list[str]
    urls: list[str]


def groups(lineage: Lineage) -> list[SourceGroup]:
    """Return the groups, the one with most text first."""
    found: dict[tuple[str, str], list[DocumentFacts]] = defaultdict(list)
    for document in lineage.documents:
        found[document.license, document.publisher or UNKNOWN_PUBLISHER].append(document)
    total = sum(d.characters for d in lineage.documents) or 1
    links = [link for link in lineage.licensing.links if link.kind == "source"]
    made = [_group(key, documents, total, links) for key, documents in found.items()]
    return sorted(made, key=lambda group: (-group.characters, group.license, group.publisher))


def members(lineage: Lineage, group: SourceGroup) -> list[DocumentFacts]:
    """Return the documents of a group."""
    return [d for d in lineage.documents if (d.license, d.publisher or UNKNOWN_PUBLISHER) == _key(group)]


def _key(group: SourceGroup) -> tuple[str, str]:
    return group.license, group.publisher


def link_of(license_id: str, links: Iterable[Link]) -> Link | None:
    """Return the link that judges the license by itself."""
    names = {license_id.lower(), _expression(license_id).lower()}
    return next((link for link in links if link.subject.lower() in names), None)


def _expression(license_id: str) -> str:
    """Return a license as the check writes it: an alias by its id."""
    try:
        return data_license(license_id).expression
    except GateBlocked:
        return license_id


def _group(key: tuple[str, str], documents: list[DocumentFacts], total: int, links: list[Link]) -> SourceGroup:
    license_id, publisher = key
    own = link_of(license_id, links)
    further = [link for link in links if link is not own and link.subject.lower().endswith(_stated(license_id))]
    characters = sum(d.characters for d in documents)
    return SourceGroup(
        license=license_id,
        publisher=publisher,
        documents=len(documents),
        characters=characters,
        share=characters / total,
        findings=sum(d.findings for d in documents),
        passages=sum(d.passages for d in documents),
        records=sum(d.records for d in documents),
        verdict=own.verdict if own else "unknown",
        code=own.code if own else "source.unknown",
        reason=own.reason if own else "The license check has no row for it.",
        traps=[f"{link.subject}: {link.reason}" for link in further],
        facts=own.facts if own else [],
        urls=sorted({d.url for d in documents if d.url}),
    )


def _stated(license_id: str) -> tuple[str, ...]:
    names = (license_id, _expression(license_id))
    return tuple(words.format(name).lower() for name in names for words in ("stated as {}", "{} stated"))
