"""The student as a CycloneDX component, with its model card."""

from __future__ import annotations

from typing import Any

from kdvert.dossier import bom_components as parts
from kdvert.dossier import fields, release, statements
from kdvert.dossier.lineage import Lineage
from kdvert.reporting.facts import Measure

_RISKS = (
    ("Personal data of the documents comes back in answers", "privacy"),
    ("Answers that no source supports", "confabulation"),
    ("Text under license comes back word for word", "intellectual property"),
)


def student(lineage: Lineage) -> dict[str, Any]:
    """Return the component that the bill of materials is about."""
    stated = release.student_license(lineage)
    return {
        "type": "machine-learning-model",
        "bom-ref": "student",
        "name": release.name(lineage),
        "version": release.student_version(lineage),
        "description": statements.summary(lineage),
        "supplier": parts.provider(lineage),
        "hashes": parts.sha256(lineage.student.adapter_sha256),
        "licenses": parts.licenses([stated]) if stated else [],
        "pedigree": {"ancestors": [_base(lineage)], "notes": f"A LoRA adapter on {lineage.base.ref}."},
        "modelCard": {
            "modelParameters": _parameters(lineage),
            "quantitativeAnalysis": {"performanceMetrics": metrics(lineage)},
            "considerations": _considerations(lineage),
            "properties": [
                {"name": "kdvert:data-sha256", "value": lineage.student.data_sha256},
                {"name": "kdvert:precision", "value": lineage.student.precision},
                *({"name": "kdvert:display", "value": line} for line in release.displays(lineage)),
            ],
        },
    }


def metrics(lineage: Lineage) -> list[dict[str, Any]]:
    """Return student, base and difference for each measure; the interval is that of the difference."""
    aside = [row.measure for row in lineage.besides.rows] if lineage.besides else []
    rows = [(row, f"{row.mode}, {row.n} held-out questions") for row in lineage.evaluation.measures]
    rows += [(row, f"{row.mode.replace('_', ' ')}, {row.n} of them") for row in aside]
    confidence = lineage.evaluation.confidence
    return [metric for row, where in rows if row.student is not None for metric in _metric(row, where, confidence)]


def _metric(row: Measure, where: str, confidence: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"type": row.metric, "value": str(row.student), "slice": f"student, {where}"},
        {"type": row.metric, "value": str(row.base), "slice": f"base, {where}"},
    ]
    if row.delta is not None and row.low is not None and row.high is not None:
        difference = {
            "type": f"{row.metric}, difference student minus base",
            "value": str(row.delta),
            "slice": f"{where}, confidence {confidence:g}",
            "confidenceInterval": {"lowerBound": str(row.low), "upperBound": str(row.high)},
        }
        found.append(difference)
    return found


def _base(lineage: Lineage) -> dict[str, Any]:
    base = lineage.base
    found = {"type": "machine-learning-model", "name": base.name, "licenses": parts.licenses(base.licenses)}
    return found | {"hashes": parts.sha256(base.sha256)}


def _parameters(lineage: Lineage) -> dict[str, Any]:
    return {
        "approach": {"type": "supervised"},
        "task": "text-generation",
        "architectureFamily": "transformer",
        "modelArchitecture": f"LoRA adapter on {lineage.base.name}",
        "datasets": [{"ref": f"data:{file.name}"} for file in lineage.data if file.name != "rejected"],
        "inputs": [{"format": "text"}],
        "outputs": [{"format": "text"}],
    }


def _considerations(lineage: Lineage) -> dict[str, Any]:
    def filled(name: str) -> str:
        return str(fields.value(lineage.answers, name))

    mitigations = {
        "privacy": statements.privacy_measures(lineage),
        "confabulation": statements.annotation(lineage),
        "intellectual property": "Every record names its passage and licenses, so a source can be traced and removed.",
    }
    return {
        "users": [filled("intended_use")],
        "useCases": [filled("intended_use"), f"Out of scope: {filled('out_of_scope')}"],
        "technicalLimitations": statements.limitations(lineage),
        "performanceTradeoffs": [statements.evaluation(lineage)],
        "ethicalConsiderations": [{"name": name, "mitigationStrategy": mitigations[key]} for name, key in _RISKS],
        "fairnessAssessments": [
            {"groupAtRisk": filled("bias_examination"), "harms": " ".join(statements.biases(lineage))}
        ],
    }
