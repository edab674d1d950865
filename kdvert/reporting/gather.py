"""From the files of the other stages to the facts of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kdvert.privacy.policy import regime, regime_files
from kdvert.records import Chunk, Document, EvalItem, Example, ScrubLog
from kdvert.reporting import reasons
from kdvert.reporting.comparison import measure
from kdvert.reporting.facts import (
    CurvePoint,
    Evaluation,
    FindingRow,
    Funnel,
    FunnelStep,
    Privacy,
    RegimeNote,
    Student,
    Teacher,
)
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask_text
from kdvert.store import sha256_file
from kdvert.verticals import Vertical

_ACRONYMS = frozenset(
    ("US", "UK", "EU", "IP", "ID", "URL", "ZIP", "IBAN", "SSN", "NPI", "ITIN", "MBI", "DEA", "NHS", "VAT")
)


def evaluation(inputs: Inputs, vertical: Vertical, configuration: Mapping[str, Any]) -> Evaluation:
    """Return the comparison of base and student, and what it rests on."""
    summary = inputs.json("evaluate")
    tasks: Counter[str] = Counter()
    origins: Counter[tuple[str, str]] = Counter()
    for item in inputs.records("evaluate", "items.jsonl", EvalItem):
        tasks[item.task] += 1
        origins[item.source, item.license] += 1
    measures = [measure(row) for row in summary.get("rows", [])]
    own = [mask_text(str(name)) for name in (configuration.get("evaluate") or {}).get("files") or []]
    return Evaluation(
        confidence=float(summary.get("confidence", 0.95)),
        measures=measures,
        questions=sum(tasks.values()),
        by_task=dict(sorted(tasks.items())),
        by_source=[{"source": s, "license": li, "count": n} for (s, li), n in sorted(origins.items())],
        files=own or [f"{path.name} of {vertical.distribution}" for path in vertical.eval_files],
        not_asked={str(k): int(v) for k, v in (summary.get("not_asked") or {}).items()},
        unscored=sum(m.unscored for m in measures),
        overlap_rejects=sum(not reasons.OVERLAP.isdisjoint(reason_codes(e)) for e in _rejected(inputs)),
    )


def funnel(inputs: Inputs) -> Funnel:
    """Return the counts from documents to accepted records, with every loss and its reason."""
    summary = inputs.json("elicit")
    counts = {
        ("documents", "Documents"): _count(inputs, "ingest", "documents.jsonl", Document),
        ("passages", "Passages"): _count(inputs, "index", "chunks.jsonl", Chunk),
        ("requests", "Teacher requests"): int(summary.get("requests") or 0),
        ("candidates", "Candidate quotes"): int(summary.get("candidates") or 0),
        ("written", "Records written"): _count(inputs, "elicit", "examples.jsonl", Example),
        ("passed", "Passed the checks"): _count(inputs, "filter", "accepted.jsonl", Example),
        ("accepted", "Records accepted"): _count(inputs, "review", "accepted.jsonl", Example),
    }
    steps = [FunnelStep(name=name, label=label, count=count) for (name, label), count in counts.items()]
    losses = [
        *reasons.losses("ingest", _coded(inputs, "ingest", "skipped.jsonl")),
        *reasons.losses("elicit", _coded(inputs, "elicit", "failures.jsonl")),
        *reasons.losses("filter", _rejects(inputs)),
        *reasons.losses(
            "review", Counter(reason_codes(e)[0] for e in inputs.records("review", "rejected.jsonl", Example))
        ),
        *reasons.losses("distill", _coded(inputs, "distill", "left_out.jsonl")),
    ]
    return Funnel(steps=steps, losses=losses)


def privacy(inputs: Inputs, vertical: Vertical) -> Privacy:
    """Return what scrubbing found and did, counted from its logs."""
    summary = inputs.json("scrub")
    found: Counter[tuple[str, str]] = Counter()
    documents = touched = 0
    for log in inputs.records("scrub", "logs.jsonl", ScrubLog):
        documents += 1
        touched += bool(log.findings)
        found.update((finding.entity, finding.action) for finding in log.findings)
    rows = [
        FindingRow(entity=entity, label=_label(entity), action=action, count=count)
        for (entity, action), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Privacy(
        documents=int(summary.get("documents", documents)),
        documents_with_findings=touched,
        findings=sum(found.values()),
        rows=rows,
        regimes=[_regime(one) for one in summary.get("regimes", vertical.privacy.regimes)],
        policy_sha=str(summary.get("policy_sha", "")),
    )


def teacher(inputs: Inputs, accepted: int) -> Teacher:
    """Return who wrote the records and what it cost."""
    summary = inputs.json("elicit")
    tokens = [int(summary.get(name) or 0) for name in ("input_tokens", "output_tokens")]
    return Teacher(
        name=mask_text(str(summary.get("teacher", "unknown"))),
        route=mask_text(str(summary.get("route", "unknown"))),
        requests=int(summary.get("requests") or 0),
        cached=int(summary.get("cached") or 0),
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        seconds=_float(summary.get("seconds")),
        tokens_per_accepted=round(sum(tokens) / accepted, 1) if accepted else None,
    )


def student(inputs: Inputs) -> Student:
    """Return the student: its base, its adapter and how the training went."""
    card = inputs.json("distill") | inputs.json("distill", "adapter.json")  # times stand in the summary
    history = list(inputs.lines("distill", "history.jsonl"))
    return Student(
        base=mask_text(str(card.get("base", "unknown"))),
        base_sha256=str(card.get("base_sha256", "")),
        adapter_sha256=sha256_file(inputs.path("distill", "adapter/adapter_model.safetensors")),
        data_sha256=str(card.get("data_sha256", "")),
        trainable_parameters=_int(card.get("trainable_parameters")),
        precision=str(card.get("precision", "unknown")),
        objectives=[str(name) for name in card.get("config", {}).get("objective", ["sft"])],
        notes=[mask_text(str(note)) for note in card.get("notes", [])],
        train_records=_count(inputs, "distill", "train.jsonl", Example),
        validation_records=_count(inputs, "distill", "validation.jsonl", Example),
        tokens=_int(card.get("tokens")),
        seconds=_float(card.get("seconds")),
        train_curve=_curve(history, "loss"),
        validation_curve=_curve(history, "eval_loss"),
    )


def training_versions(inputs: Inputs) -> dict[str, str]:
    """Return the package versions that the adapter was trained with."""
    versions = inputs.json("distill", "adapter.json").get("versions", {})
    return {str(k): str(v) for k, v in versions.items()}


def _coded(inputs: Inputs, stage: str, name: str) -> Counter[str]:
    """Count the rows of a file of losses by their reason code."""
    return Counter(str(row.get("reason") or "unknown") for row in inputs.lines(stage, name))


def _rejects(inputs: Inputs) -> Counter[str]:
    """Count rejected records by the first check they failed: each record once, so that the sums are right."""
    return Counter(reason_codes(example)[0] for example in _rejected(inputs))


def _rejected(inputs: Inputs) -> Iterator[Example]:
    return inputs.records("filter", "rejected.jsonl", Example)


def reason_codes(example: Example) -> list[str]:
    """Return the reason codes of the failed checks, in order; a check without a code gives its name."""
    return [v.reason or v.check for v in example.verdicts if not v.passed] or ["unknown"]


def _regime(stated: Any) -> RegimeNote:
    """Look a regime up by its id; one that is gone from the facts by now keeps its id alone."""
    name = str(stated["id"] if isinstance(stated, dict) else stated)
    if name not in regime_files():
        return RegimeNote(id=name, title=name, source="", limits=[])
    found = regime(name)
    return RegimeNote(id=name, title=found.title, source=found.source, limits=found.limits)


def _label(entity: str) -> str:
    words = [word if word in _ACRONYMS else word.lower() for word in entity.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _count(inputs: Inputs, stage: str, name: str, model: Any) -> int:
    return sum(1 for _ in inputs.records(stage, name, model))


def _curve(history: list[dict[str, Any]], key: str) -> list[CurvePoint]:
    points = [(_int(row.get("step")), _float(row.get(key)), str(row.get("objective") or "")) for row in history]
    return [CurvePoint(step=s, loss=v, objective=o) for s, v, o in points if s is not None and v is not None and v == v]


def _int(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
