"""The licenses and terms that a text carries with it, from its sources and from the models that wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kdvert.licensing.models import Standing
from kdvert.records import Chunk, Example, Record

ROUTE = "route:"
"""Stands before the provider of a hosted service, among ids of licenses."""
UNKNOWN = "NOASSERTION"
"""SPDX's word for terms that nobody knows: an empty list would read like freedom."""


class Rights(Record):
    """What a set of records rests on, each list sorted and without repeats.

    ``document_ids`` are those that the teachers saw, ``licenses`` are theirs, ``terms`` are the models'.
    """

    teachers: list[str]
    document_ids: list[str]
    licenses: list[str]
    terms: list[str]


def model_terms(*standings: Standing) -> list[str]:
    """Return the ids of the terms that models stand under, sorted; `UNKNOWN` for a model without any."""
    found: set[str] = set()
    for one in standings:
        own = {row.id for row in one.licenses} | {f"{ROUTE}{row.provider}" for row in one.routes}
        found |= own if own and not one.unknown else own | {UNKNOWN}
    return sorted(found)


def of_records(records: Iterable[Example]) -> Rights:
    """Return the union of what ``records`` rest on."""
    teachers: set[str] = set()
    documents: set[str] = set()
    licenses: set[str] = set()
    terms: set[str] = set()
    for record in records:
        teachers.add(record.provenance.teacher)
        documents.update(record.provenance.document_ids)
        licenses.update(record.provenance.licenses)
        terms.update(record.provenance.terms)
    return Rights(
        teachers=sorted(teachers), document_ids=sorted(documents), licenses=sorted(licenses), terms=sorted(terms)
    )


def with_passages(rights: Rights, passages: Iterable[Chunk]) -> Rights:
    """Return ``rights`` with the documents and licenses of passages that were learned from themselves."""
    some = list(passages)
    return rights.model_copy(
        update={
            "document_ids": sorted({*rights.document_ids, *(c.document_id for c in some)}),
            "licenses": sorted({*rights.licenses, *(c.license for c in some)}),
        }
    )


def with_teachers(rights: Rights, teachers: Mapping[str, Standing]) -> Rights:
    """Return ``rights`` with models, by name, whose distributions were learned beside what the records say."""
    return rights.model_copy(
        update={
            "teachers": sorted({*rights.teachers, *teachers}),
            "terms": sorted({*rights.terms, *model_terms(*teachers.values())}),
        }
    )
