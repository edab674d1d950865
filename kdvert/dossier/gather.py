"""From the files of a finished run to its lineage. Texts are counted and hashed, never kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdvert.dossier import compute
from kdvert.dossier.lineage import (
    DataFile,
    DocumentFacts,
    Lineage,
    ModelFacts,
    ProjectFacts,
    RecordFacts,
    StageFacts,
    Taint,
)
from kdvert.licensing.chain import Report
from kdvert.licensing.models import standing
from kdvert.records import Chunk, Document, Example, ScrubLog
from kdvert.reporting import gather as report
from kdvert.reporting.besides import besides
from kdvert.reporting.facts import Student
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask, mask_text
from kdvert.reporting.reviewed import reviewed
from kdvert.store import sha256_file
from kdvert.versions import installed
from kdvert.verticals import Vertical
from kdvert.weights import short_name

_ENDPOINT = "openai-compatible:"  # what routes of endpoints begin with, before the host

DATA = (
    ("train", "distill", "train.jsonl", "Records that the student was trained on."),
    ("validation", "distill", "validation.jsonl", "Records that the training was watched with."),
    (
        "rejected",
        "filter",
        "rejected.jsonl",
        "Records that a check turned down, with the reason: never trained on, and not handed on.",
    ),
)
"""Files of records: name, stage, file, what they are."""


@dataclass
class _Tally:
    """What is counted in one pass over the accepted records."""

    accepted: int = 0
    evidence: int = 0
    strategies: Counter[str] = field(default_factory=Counter)
    skills: Counter[str] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)
    terms: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    writers: dict[tuple[str, str], None] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    checks: dict[str, None] = field(default_factory=dict)


def lineage(
    inputs: Inputs,
    vertical: Vertical,
    *,
    project: str,
    root: Path,
    configuration: Mapping[str, Any],
    licensing: Report,
    stages: Sequence[StageFacts],
    taint: Sequence[Taint] = (),
    answers: Mapping[str, str] | None = None,
) -> Lineage:
    """Read the finished stages and return everything the dossier says.

    Args:
        inputs: the output folders of the stages.
        vertical: the domain package.
        project: the project's name.
        root: the project's folder, which relative model paths start from.
        configuration: all settings; secrets are masked here.
        licensing: the license check of this very use.
        stages: the rows of the lock.
        taint: what was taken back after training.
        answers: what people filled in (`kdvert.dossier.fields.read`).

    Raises:
        WorkFailed: a file of a stage is missing or damaged.
    """
    tally = _tally(inputs)
    funnel = report.funnel(inputs)
    student = report.student(inputs)
    return Lineage(
        as_of=licensing.as_of,
        finished=next((row.finished for row in stages if row.name == "evaluate"), _finished(inputs)),
        project=_project(project, vertical),
        licensing=licensing,
        documents=_documents(inputs, tally),
        records=_records(inputs, tally, configuration),
        evaluation=report.evaluation(inputs, vertical, configuration),
        funnel=funnel,
        privacy=report.privacy(inputs, vertical),
        teacher=report.teacher(inputs, tally.accepted),
        student=student,
        base=_model("base", student.base, root, sha256=student.base_sha256),
        writers=_writers(tally, root, student),
        beside=_beside(inputs, root),
        embedder=_embedder(inputs, root),
        data=[_data_file(inputs, *row) for row in DATA],
        stages=list(stages),
        templates=dict(sorted(tally.templates.items())),
        configuration=mask(dict(configuration)),
        versions=installed() | report.training_versions(inputs),
        taint=list(taint),
        answers=dict(answers or {}),
        besides=besides(inputs),
        reviewed=reviewed(inputs, root, configuration, scopes=("training", "release")),
    )


def _finished(inputs: Inputs) -> str:
    return inputs.finished("evaluate").isoformat(timespec="seconds")


def _project(name: str, vertical: Vertical) -> ProjectFacts:
    manifest = vertical.manifest
    return ProjectFacts(
        name=name,
        vertical=manifest.id,
        vertical_title=manifest.title,
        vertical_description=manifest.description,
        vertical_version=vertical.version,
        disclaimer=manifest.disclaimer,
        languages=manifest.languages,
        skills=manifest.skills,
        topics=manifest.topics,
    )


def _tally(inputs: Inputs) -> _Tally:
    tally = _Tally()
    for example in inputs.records("review", "accepted.jsonl", Example):
        origin = example.provenance
        tally.accepted += 1
        tally.evidence += len(example.evidence)
        tally.strategies[example.strategy] += 1
        tally.skills[example.skill] += 1
        tally.licenses.update(dict.fromkeys(origin.licenses, 1))
        tally.terms.update(dict.fromkeys(origin.terms, 1))
        tally.documents.update(dict.fromkeys(origin.document_ids, 1))
        tally.writers[origin.teacher, origin.route] = None
        tally.templates |= origin.templates
        tally.checks |= dict.fromkeys(verdict.check for verdict in example.verdicts)
    return tally


def _records(inputs: Inputs, tally: _Tally, configuration: Mapping[str, Any]) -> RecordFacts:
    card = inputs.json("distill", "adapter.json")
    settings = card.get("config") or configuration.get("distill") or {}
    tokens, epochs = card.get("tokens"), settings.get("epochs")
    review = inputs.json("review")
    return RecordFacts(
        accepted=tally.accepted,
        rejected=sum(1 for _ in inputs.records("elicit", "examples.jsonl", Example)) - tally.accepted,
        decided=int(review.get("decided") or 0),
        edited=int(review.get("edited") or 0),
        by_strategy=dict(sorted(tally.strategies.items())),
        by_skill=dict(sorted(tally.skills.items())),
        by_license=dict(sorted(tally.licenses.items())),
        by_terms=dict(sorted(tally.terms.items())),
        evidence=tally.evidence,
        checks=list(tally.checks),
        epochs=float(epochs) if isinstance(epochs, int | float) else None,
        tokens=int(tokens) if isinstance(tokens, int | float) else None,
    )


def _documents(inputs: Inputs, tally: _Tally) -> list[DocumentFacts]:
    passages = Counter(chunk.document_id for chunk in inputs.records("index", "chunks.jsonl", Chunk))
    findings = {log.document_id: len(log.findings) for log in inputs.records("scrub", "logs.jsonl", ScrubLog)}
    return [
        _document(document, findings.get(document.id, 0), passages[document.id], tally.documents[document.id])
        for document in inputs.records("scrub", "documents.jsonl", Document)
    ]


def _document(document: Document, findings: int, passages: int, records: int) -> DocumentFacts:
    source = document.source
    return DocumentFacts(
        id=document.id,
        title=source.title,
        license=source.license,
        publisher=source.publisher,
        url=mask_text(source.url) if source.url else None,
        retrieved=source.retrieved,
        sha256=source.sha256,
        characters=len(document.text),
        findings=findings,
        passages=passages,
        records=records,
    )


def _model(role: str, ref: str, root: Path, *, base_url: str | None = None, **known: Any) -> ModelFacts:
    facts = compute.known(ref)
    held = standing(ref, base_url, root=root)
    return ModelFacts(
        role=role,
        ref=mask_text(ref),
        name=mask_text(short_name(ref)),
        hub=_hub(ref) or (facts.hub if facts else None),
        licenses=[row.id for row in held.licenses],
        parameters=facts.parameters if facts else None,
        **known,
    )


def _hub(ref: str) -> str | None:
    return ref.removeprefix("hf:").partition("#")[0].partition("@")[0] if ref.startswith("hf:") else None


def _writers(tally: _Tally, root: Path, student: Student) -> list[ModelFacts]:
    own = {student.base: student.base_sha256}  # where teacher and base are one model, its hash is known
    return [
        _model("teacher", ref, root, base_url=_address(route), route=mask_text(route), sha256=own.get(mask_text(ref)))
        for ref, route in tally.writers
    ]


def _beside(inputs: Inputs, root: Path) -> list[ModelFacts]:
    rows = inputs.json("distill", "adapter.json").get("teachers", [])
    return [_model(f"teacher of {row['objective']}", row["model"], root, sha256=row["sha256"]) for row in rows]


def _address(route: str) -> str | None:
    """Return the host that a record was written at: its own route, since settings may name several or a cassette."""
    return route.removeprefix(_ENDPOINT) if route.startswith(_ENDPOINT) else None


def _embedder(inputs: Inputs, root: Path) -> ModelFacts:
    index = inputs.json("index", "index.json")
    return _model("embedder", str(index.get("embedder", "unknown")), root, sha256=index.get("embedder_sha256"))


def _data_file(inputs: Inputs, name: str, stage: str, file: str, about: str) -> DataFile:
    path = inputs.path(stage, file)
    return DataFile(
        name=name,
        path=f"{stage}/{file}",
        sha256=sha256_file(path),
        size=path.stat().st_size,
        rows=_rows(inputs.records(stage, file, Example)),
        about=about,
    )


def _rows(records: Iterable[Example]) -> int:
    return sum(1 for _ in records)
