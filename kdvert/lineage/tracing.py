"""Walk from a record to its sources, and from a source to all that was made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kdvert.decisions import trail
from kdvert.decisions.kinds import SOURCE_FORGOTTEN
from kdvert.lineage.adapters import CURRENT, Adapter, Taint
from kdvert.lineage.marks import Marks, files
from kdvert.lineage.reading import Lineage, Tracked
from kdvert.lineage.target import Target, covers, in_expression
from kdvert.records import Evidence, Message, Record, Sampling, Verdict


class DocumentTrace(Record):
    """A document and what was made of it.

    ``passages`` are ids. ``same_text`` counts its passages that stand word for word in another document, by that
    document's id. ``records`` counts by state, ``training`` by ``train`` and ``validation``; ``failures`` are requests
    about it that gave no record.
    """

    id: str
    shown: str
    title: str
    license: str
    publisher: str | None
    url: str | None
    retrieved: str | None
    sha256: str | None
    characters: int
    stages: list[str]
    passages: list[str]
    same_text: dict[str, int]
    records: dict[str, int]
    training: dict[str, int]
    failures: int


class Text(Record):
    """The text of a record, shown where one record is asked about."""

    messages: list[Message]
    quote: str
    evidence: list[Evidence]
    verdicts: list[Verdict]
    templates: dict[str, str]
    request_ids: list[str]
    sampling: Sampling
    versions: dict[str, str]


class RecordTrace(Record):
    """A record: what it rests on, who wrote it, what became of it.

    ``cited`` are the documents that its evidence lies in; ``documents`` are all that the teacher was shown.
    """

    id: str
    state: str
    reasons: list[str]
    place: str | None
    strategy: str
    skill: str
    cited: list[str]
    documents: list[str]
    passages: list[str]
    licenses: list[str]
    teacher: str
    route: str
    terms: list[str]
    text: Text | None = None


class AdapterTrace(Record):
    """An adapter that something of this went into. ``train`` and ``validation`` count records of it."""

    path: str
    base: str | None
    data_sha256: str | None
    weights_sha256: str
    train: int | None
    validation: int | None
    taint: Taint | None


class Forgotten(Record):
    """An erasure that concerned it: time and entry of the audit trail."""

    at: str
    entry_sha: str
    documents: list[str]


class Trace(Record):
    """All that is connected with what was asked about.

    ``files`` counts its rows by file below ``work/``, ``reports`` are files of the report that name it, ``questions``
    those of the evaluation that were asked with a passage of it in view.
    """

    kind: str
    subject: str
    documents: list[DocumentTrace]
    records: list[RecordTrace]
    files: dict[str, int]
    adapters: list[AdapterTrace]
    questions: list[str]
    reports: list[str]
    forgotten: list[Forgotten]


def trace(lineage: Lineage, target: Target) -> Trace:
    """Follow ``target`` both ways."""
    records = records_of(lineage, target)
    documents = _documents(lineage, target, records)
    passages = _passages(lineage, target, documents, records)
    return Trace(
        kind=target.kind,
        subject=target.label,
        documents=_document_traces(lineage, documents, records),
        records=[record_trace(r, with_text=target.kind == "record") for r in records],
        files=_files(records),
        adapters=_adapters(lineage, target, documents, records),
        questions=sorted({q for p in passages for q in lineage.questions.get(p, ())}),
        reports=_reports(lineage, {*documents, *(r.example.id for r in records)}),
        forgotten=forgotten(lineage, target.documents),
    )


def _files(records: list[Tracked]) -> dict[str, int]:
    """Count how many of the records stand in each data set."""
    found = Counter(name for record in records for name in record.files)
    found.update(f"distill/{record.place}.jsonl" for record in records if record.place in ("train", "validation"))
    return dict(found)


def records_of(lineage: Lineage, target: Target) -> list[Tracked]:
    """Return the records that were asked about, or that the teacher wrote with a passage of it in view."""
    wanted = set(target.records)
    for id_, record in lineage.records.items():
        origin = record.example.provenance
        if not target.documents.isdisjoint(origin.document_ids) or not target.passages.isdisjoint(origin.chunk_ids):
            wanted.add(id_)
    return [lineage.records[id_] for id_ in sorted(wanted)]


def record_trace(record: Tracked, *, with_text: bool) -> RecordTrace:
    """Return what is known of one record."""
    example, origin = record.example, record.example.provenance
    document_of = dict(zip(origin.chunk_ids, origin.document_ids, strict=True))
    cited = dict.fromkeys(document_of[e.chunk_id] for e in example.evidence if e.chunk_id in document_of)
    text = Text(
        messages=example.messages, quote=example.quote, evidence=example.evidence, verdicts=example.verdicts,
        templates=origin.templates, request_ids=origin.request_ids, sampling=origin.sampling, versions=origin.versions,
    )  # fmt: skip
    return RecordTrace(
        id=example.id, state=record.state, reasons=record.reasons, place=record.place, strategy=example.strategy,
        skill=example.skill, cited=list(cited), documents=_once(origin.document_ids), passages=_once(origin.chunk_ids),
        licenses=_once(origin.licenses), teacher=origin.teacher, route=origin.route, terms=origin.terms,
        text=text if with_text else None,
    )  # fmt: skip


def forgotten(lineage: Lineage, documents: Iterable[str]) -> list[Forgotten]:
    """Return the erasures of documents of these ids, oldest first."""
    wanted = list(documents)
    found = []
    for entry in trail.entries(lineage.root):
        gone = entry.refs.get("documents", [])
        hit = [g for g in gone if any(covers(g, w) or covers(w, g) for w in wanted)] if isinstance(gone, list) else []
        if entry.kind == SOURCE_FORGOTTEN and hit:
            found.append(Forgotten(at=entry.at, entry_sha=entry.sha, documents=hit))
    return found


def _documents(lineage: Lineage, target: Target, records: list[Tracked]) -> list[str]:
    """Return the documents asked about; for a record or a passage those behind it, the cited ones first."""
    found = [*target.documents, *(p.document_id for i in target.passages if (p := lineage.passages.get(i)))]
    if target.kind in ("record", "teacher", "license"):
        found += [d for r in records for d in r.example.provenance.document_ids]
    if target.kind == "license":  # a record may rest on other documents beside those of the license
        found = [d for d in found if d in target.documents]
    return [d for d in (_once(found) if target.kind == "record" else sorted(set(found))) if d in lineage.documents]


def _passages(lineage: Lineage, target: Target, documents: list[str], records: list[Tracked]) -> set[str]:
    if target.passages:
        return set(target.passages)
    if target.kind in ("record", "teacher"):
        return {e.chunk_id for r in records for e in r.example.evidence}
    wanted = set(documents)
    return {p.id for p in lineage.passages.values() if p.document_id in wanted}


def _document_traces(lineage: Lineage, documents: list[str], records: list[Tracked]) -> list[DocumentTrace]:
    """Count for each document the records that were asked about: all of its own, or the one."""
    wanted = set(documents)
    states: dict[str, Counter[str]] = {d: Counter() for d in documents}
    places: dict[str, Counter[str]] = {d: Counter() for d in documents}
    for record in records:
        for document in wanted.intersection(record.example.provenance.document_ids):
            states[document][record.state] += 1
            places[document].update([record.place] if record.place in ("train", "validation") else [])
    passages = _by_document(lineage, wanted)
    failures = Counter(p.document_id for f in lineage.failures if (p := lineage.passages.get(f.chunk_id or "")))
    same = _same_text(lineage, wanted)
    return [
        DocumentTrace(
            **lineage.documents[d].model_dump(exclude={"stages"}), passages=passages.get(d, []),
            stages=[*lineage.documents[d].stages, *(["index"] if passages.get(d) else [])],
            same_text=dict(sorted(same.get(d, Counter()).items())), records=dict(states[d]), training=dict(places[d]),
            failures=failures[d],
        )
        for d in documents
    ]  # fmt: skip


def _by_document(lineage: Lineage, wanted: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for passage in lineage.passages.values():
        if passage.document_id in wanted:
            found.setdefault(passage.document_id, []).append(passage.id)
    return found


def _same_text(lineage: Lineage, wanted: set[str]) -> dict[str, Counter[str]]:
    """Count passages that another document holds word for word."""
    holders: dict[str, set[str]] = {}
    for passage in lineage.passages.values():
        holders.setdefault(passage.text_sha256, set()).add(passage.document_id)
    found: dict[str, Counter[str]] = {}
    for passage in lineage.passages.values():
        if passage.document_id in wanted:
            others = holders[passage.text_sha256] - {passage.document_id}
            found.setdefault(passage.document_id, Counter()).update(others)
    return found


def _adapters(lineage: Lineage, target: Target, documents: list[str], records: list[Tracked]) -> list[AdapterTrace]:
    """Return the adapters that it went into: by their records, by their own lists, by the marks of what was forgotten.

    The records of the current one are at hand; of others only the lists in ``adapter.json`` are.
    """
    wanted = {*documents, *target.documents}
    counts = Counter(r.place for r in records)
    found = []
    for adapter in lineage.adapters:
        current = adapter.path.startswith(CURRENT)
        by_mark = adapter.taint is not None and not wanted.isdisjoint(adapter.taint.documents)
        used = counts["train"] + counts["validation"] if current else _listed(adapter, target, wanted)
        if used or by_mark:
            found.append(AdapterTrace(
                **adapter.model_dump(exclude={"rights"}), train=counts["train"] if current else None,
                validation=counts["validation"] if current else None,
            ))  # fmt: skip
    return found


def _reports(lineage: Lineage, ids: set[str]) -> list[str]:
    marks = Marks(frozenset(ids), frozenset(), frozenset(), {})
    there = files(lineage.work / "report") if ids else ()
    return [p.relative_to(lineage.root).as_posix() for p in there if marks.mentioned_in(p)]


def _listed(adapter: Adapter, target: Target, documents: set[str]) -> bool:
    """Return whether an adapter's own list names the license, the teacher, or one of the documents."""
    if adapter.rights is None:
        return False
    if target.kind == "license":
        return any(in_expression(target.label, x) for x in (*adapter.rights.licenses, *adapter.rights.terms))
    if target.kind == "teacher":
        return target.label in adapter.rights.teachers
    return target.kind in ("document", "source") and not documents.isdisjoint(adapter.rights.document_ids)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
