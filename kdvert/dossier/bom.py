"""The bill of materials of the student: a CycloneDX 1.6 ML-BOM, checked by the strict schema before it is written.

``cyclonedx-python-lib`` has the validator and no classes for model cards, so the document is built as plain data.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from kdvert.dossier import bom_components as parts
from kdvert.dossier import bom_model, release
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.store import write_json

FILE = "bom.cdx.json"
_TASKS = {"ingest": "copy", "distill": "build", "evaluate": "test", "elicit": "build", "index": "build"}


def write(lineage: Lineage, folder: Path) -> None:
    """Write the bill of materials.

    Raises:
        WorkFailed: it does not fit the schema of CycloneDX 1.6; the message names the place.
    """
    made = build(lineage)
    if problem := validate(made):
        raise WorkFailed(
            f"{FILE} would not be a valid CycloneDX 1.6 document: {problem}.",
            hint="A license or an address in kdvert.yaml or dossier.yaml may be malformed; else kdvert has a bug.",
        )
    write_json(folder / FILE, made)


def build(lineage: Lineage) -> dict[str, Any]:
    """Return the bill of materials as plain data. The same lineage gives the same document."""
    components = [
        *parts.models(lineage),
        *parts.sources_of(lineage),
        *parts.records(lineage),
        *parts.libraries(lineage),
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": release.serial(lineage),
        "version": 1,
        "metadata": _metadata(lineage),
        "components": components,
        "services": parts.services(lineage),
        "dependencies": _dependencies(components),
        "compositions": _compositions(components),
        "annotations": [_verdict(lineage)],
        "formulation": [{"bom-ref": "formulation", "workflows": [_workflow(lineage)]}],
    }


def validate(document: dict[str, Any]) -> str | None:
    """Return what is wrong with a bill of materials and where, or None if it is valid."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if found is None:
        return None
    error: Any = found.data
    place = "/".join(str(part) for part in getattr(error, "absolute_path", ())) or "document"
    return f"at {place}: {str(getattr(error, 'message', found))[:200]}"


def _metadata(lineage: Lineage) -> dict[str, Any]:
    tool = {"type": "application", **parts.package("kdvert", lineage.versions["kdvert"])}
    return {
        "timestamp": lineage.finished,
        "lifecycles": [{"phase": "post-build"}],
        "tools": {"components": [{key: value for key, value in tool.items() if key != "bom-ref"}]},
        "component": bom_model.student(lineage),
        "supplier": parts.provider(lineage),
        "properties": [
            {"name": "kdvert:license-check:verdict", "value": lineage.licensing.verdict},
            {"name": "kdvert:license-check:as-of", "value": lineage.as_of.isoformat()},
            {"name": "kdvert:use:distribution", "value": lineage.licensing.use.distribution},
            {"name": "kdvert:use:commercial", "value": str(lineage.licensing.use.commercial).lower()},
        ],
    }


def _dependencies(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The student was made of base, records and packages; the records of sources and teachers."""
    names = [str(c["bom-ref"]) for c in components]
    data, sources = _starting(names, "data:"), _starting(names, "source:")
    written = [*sources, *_starting(names, "teacher:"), *_starting(names, "embedder")]
    needs = {"student": ["base", *data, *_starting(names, "package:")]} | dict.fromkeys(data, written)
    return [{"ref": name, "dependsOn": needs.get(name, [])} for name in ("student", *names)]


def _starting(names: list[str], prefix: str) -> list[str]:
    return [name for name in names if name.startswith(prefix)]


def _compositions(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a foreign model was made of is unknown; what the student was made of is all there."""
    foreign = [c["bom-ref"] for c in components if c["type"] == "machine-learning-model"]
    return [
        {"aggregate": "unknown", "dependencies": foreign},
        {"aggregate": "incomplete_first_party_only", "dependencies": ["student"]},
    ]


def _verdict(lineage: Lineage) -> dict[str, Any]:
    check = lineage.licensing
    reasons = [f"{link.subject}: {link.verdict} ({link.code})" for link in check.links]
    reasons += [f"conflict {row.code}: {row.reason}" for row in check.conflicts]
    reasons += [f"override by {row.by} until {row.expires}: {row.reason}" for row in check.overrides if row.held]
    return {
        "subjects": ["student"],
        "annotator": {"component": {"type": "application", "name": "kdvert", "version": lineage.versions["kdvert"]}},
        "timestamp": lineage.finished,
        "text": f"License check as of {check.as_of}: {check.verdict}. " + "; ".join(reasons),
    }


def _workflow(lineage: Lineage) -> dict[str, Any]:
    tasks = [
        {
            "bom-ref": f"task:{stage.name}",
            "uid": f"{stage.name}@{stage.finished}",
            "name": stage.name,
            "taskTypes": [_TASKS.get(stage.name, "other")],
            "timeEnd": stage.finished,
            "properties": [
                {"name": f"kdvert:output:{name}", "value": f"sha256:{sha}"} for name, sha in stage.outputs.items()
            ],
        }
        for stage in lineage.stages
    ]
    order = [row["bom-ref"] for row in tasks]
    return {
        "bom-ref": "workflow",
        "uid": release.serial(lineage),
        "name": "kdvert run",
        "taskTypes": ["build"],
        "tasks": tasks,
        "taskDependencies": [{"ref": after, "dependsOn": [before]} for before, after in pairwise(order)],
    }
