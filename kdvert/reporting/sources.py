"""Which terms documents, teacher and student stand under, and what those ask of whoever uses the student."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, cast

from kdvert.errors import GateBlocked
from kdvert.licensing import chain
from kdvert.licensing.facts import Distribution
from kdvert.licensing.terms import data_license
from kdvert.records import Document, Example
from kdvert.reporting.facts import Duty, LicenseRow, Licensing, ModelLink
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask_text

UNKNOWN_PUBLISHER = "not stated"

_Key = tuple[str, str]  # license, publisher


def licensing(inputs: Inputs, configuration: Mapping[str, Any]) -> Licensing:
    """Judge sources, teacher and student for the use that the configuration states.

    Nothing is decided here: the same check opened or shut the gates of the run.
    """
    use = configuration.get("use") or {}
    distribution = cast(Distribution, use.get("distribution", "internal"))
    commercial = bool(use.get("commercial", True))
    documents, records = _counts(inputs)
    keys = sorted(documents.keys() | records.keys(), key=lambda key: (-documents[key], key))
    teacher = configuration.get("elicit", {}).get("teacher") or {}
    report = chain.check(
        licenses=list(dict.fromkeys(name for name, _ in keys)),
        teacher=str(teacher.get("model", "embedded")),
        base_url=teacher.get("base_url"),
        student=str(configuration.get("distill", {}).get("student", "embedded")),
        distribution=distribution,
        commercial=commercial,
    )
    return Licensing(
        distribution=distribution,
        commercial=commercial,
        verdict=report.verdict,
        rows=[_row(key, documents[key], len(records[key]), distribution, commercial) for key in keys],
        models=[_model(link) for link in report.links if link.kind != "source"],
        duties=_duties(report.links),
    )


def _counts(inputs: Inputs) -> tuple[Counter[_Key], dict[_Key, set[str]]]:
    """Count documents and records by license and publisher; a record counts under each license it draws on."""
    owner: dict[str, _Key] = {}
    documents: Counter[_Key] = Counter()
    for document in inputs.records("scrub", "documents.jsonl", Document):
        key = (document.source.license, document.source.publisher or UNKNOWN_PUBLISHER)
        owner[document.id] = key
        documents[key] += 1
    records: dict[_Key, set[str]] = defaultdict(set)
    for example in inputs.records("filter", "accepted.jsonl", Example):
        origin = example.provenance
        for document_id, name in zip(origin.document_ids, origin.licenses):
            records[owner.get(document_id, (name, UNKNOWN_PUBLISHER))].add(example.id)
    return documents, records


def _row(key: _Key, documents: int, records: int, distribution: Distribution, commercial: bool) -> LicenseRow:
    verdict, reason = _judged(key[0], distribution, commercial)
    return LicenseRow(
        license=key[0], publisher=key[1], documents=documents, records=records, verdict=verdict, reason=reason
    )


def _judged(expression: str, distribution: Distribution, commercial: bool) -> tuple[str, str]:
    try:
        judged = data_license(expression).judge(distribution, commercial=commercial)
    except GateBlocked as error:
        return "block", error.message
    return judged.verdict, judged.reason


def _model(link: chain.Link) -> ModelLink:
    return ModelLink(kind=link.kind, subject=mask_text(link.subject), verdict=link.verdict, reason=link.reason)


def _duties(links: list[chain.Link]) -> list[Duty]:
    """Return each duty once, with everything that asks for it."""
    subjects: dict[str, list[str]] = {}
    for link in links:
        for duty in link.duties:
            subjects.setdefault(duty, []).append(mask_text(link.subject))
    return [Duty(text=text, subjects=list(dict.fromkeys(names))) for text, names in subjects.items()]
