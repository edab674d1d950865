"""Which terms documents, teacher and student stand under, and what those ask of whoever uses the student."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from kdvert.errors import GateBlocked
from kdvert.licensing import chain
from kdvert.licensing.project import judged
from kdvert.licensing.terms import data_license
from kdvert.licensing.use import Use
from kdvert.records import Document, Example
from kdvert.reporting.facts import ConflictNote, Duty, LicenseRow, Licensing, ModelLink, OverrideNote
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask_text

UNKNOWN_PUBLISHER = "not stated"

_Key = tuple[str, str]  # license, publisher


def licensing(inputs: Inputs, configuration: Mapping[str, Any], root: Path, today: date) -> Licensing:
    """Judge sources, teacher and student for the use that the configuration states.

    Nothing is decided here: the same check opened or shut the gates of the run.
    """
    documents, records = _counts(inputs)
    keys = sorted(documents.keys() | records.keys(), key=lambda key: (-documents[key], key))
    report = judged(configuration, ingest=inputs.path("ingest", "documents.jsonl").parent, root=root, today=today)
    return Licensing(
        distribution=report.use.distribution,
        commercial=report.use.commercial,
        as_of=report.as_of,
        verdict=report.verdict,
        rows=[_row(key, documents[key], len(records[key]), report.use, today) for key in keys],
        sources=[_model(link) for link in report.links if link.kind == "source" and link.verdict != "allow"],
        models=[_model(link) for link in report.links if link.kind != "source"],
        conflicts=[_conflict(conflict) for conflict in report.conflicts],
        overrides=[_override(override) for override in report.overrides],
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
    for example in inputs.records("review", "accepted.jsonl", Example):
        origin = example.provenance
        for document_id, name in zip(origin.document_ids, origin.licenses):
            records[owner.get(document_id, (name, UNKNOWN_PUBLISHER))].add(example.id)
    return documents, records


def _row(key: _Key, documents: int, records: int, use: Use, today: date) -> LicenseRow:
    verdict, reason = _judged(key[0], use, today)
    return LicenseRow(
        license=key[0], publisher=key[1], documents=documents, records=records, verdict=verdict, reason=reason
    )


def _judged(expression: str, use: Use, today: date) -> tuple[str, str]:
    try:
        found = data_license(expression).judge(use, today)
    except GateBlocked as error:
        return "block", error.message
    return found.verdict, found.reason


def _conflict(conflict: chain.Conflict) -> ConflictNote:
    subjects = [mask_text(subject) for subject in conflict.between]
    return ConflictNote(subjects=subjects, verdict=conflict.verdict, reason=conflict.reason)


def _override(override: chain.Applied) -> OverrideNote:
    return OverrideNote(
        by=override.by, target=mask_text(override.target), held=override.held, why=override.why,
        reason=mask_text(override.reason), expires=override.expires,
    )  # fmt: skip


def _model(link: chain.Link) -> ModelLink:
    return ModelLink(kind=link.kind, subject=mask_text(link.subject), verdict=link.verdict, reason=link.reason)


def _duties(links: list[chain.Link]) -> list[Duty]:
    """Return each duty once, with everything that asks for it."""
    subjects: dict[str, list[str]] = {}
    for link in links:
        for duty in link.duties:
            subjects.setdefault(duty.text, []).append(mask_text(link.subject))
    return [Duty(text=text, subjects=list(dict.fromkeys(names))) for text, names in subjects.items()]
