"""The records as a Croissant 1.1 dataset with the fields of the RAI extension 1.0.

``mlcroissant`` only warns where the license is missing; kdvert refuses.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kdvert.content import shared_templates
from kdvert.dossier import fields, release, statements
from kdvert.dossier.croissant_fields import record_set
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.reporting.html import count
from kdvert.store import write_json

FILE = "croissant.json"
_CONFORMS = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")


def write(lineage: Lineage, folder: Path) -> None:
    """Write the description of the dataset.

    Raises:
        WorkFailed: no license stands in it, or ``mlcroissant`` does not accept it.
    """
    made = build(lineage)
    if not made["license"]:
        raise WorkFailed(f"{FILE}: no accepted record names a license.", hint="kdvert run --from filter --force")
    if problems := validate(made):
        raise WorkFailed(
            f"{FILE} would not be valid Croissant: {problems}",
            hint="An address in dossier.yaml may be malformed; else kdvert has a bug.",
        )
    write_json(folder / FILE, made)


def build(lineage: Lineage) -> dict[str, Any]:
    """Return the description as JSON-LD. The same lineage gives the same document."""
    address = lineage.answers.get("dataset_url", "")
    name = release.dataset_name(lineage)
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": list(_CONFORMS),
        "name": name,
        "description": f"{statements.annotation(lineage)} {statements.collection(lineage)}",
        "url": address if address.startswith("https://") else release.serial(lineage),
        "version": release.version(lineage),
        "license": [_license(one) for one in release.dataset_licenses(lineage)],
        "creator": {"@type": "sc:Organization", "name": str(fields.value(lineage.answers, "provider_name"))},
        "datePublished": lineage.as_of.isoformat(),
        "dateCreated": lineage.finished[:10],
        "inLanguage": lineage.project.languages,
        "keywords": [*lineage.project.topics, "synthetic", "kdvert"],
        "citeAs": f"@misc{{{release.slug(name)}, title = {{{name}}}, year = {{{lineage.finished[:4]}}}}}",
        "isLiveDataset": False,
        "distribution": [_file(file) for file in lineage.data],
        "recordSet": [record_set(file.name, file.about) for file in lineage.data],
        **responsible(lineage),
    }


def responsible(lineage: Lineage) -> dict[str, Any]:
    """Return the fields of the RAI extension."""
    writers = [f"{writer.name} ({writer.route})" for writer in lineage.writers]
    return {
        "rai:dataCollection": statements.collection(lineage),
        "rai:dataCollectionType": ["Existing documents", "Synthetic: written by a language model"],
        "rai:dataCollectionRawData": f"How the documents were obtained: {fields.value(lineage.answers, 'acquisition')}",
        "rai:dataCollectionMissingData": _losses(lineage),
        "rai:dataPreprocessingProtocol": statements.preprocessing(lineage),
        "rai:dataAnnotationProtocol": [statements.annotation(lineage)],
        "rai:dataAnnotationPlatform": [f"kdvert {lineage.versions['kdvert']}"],
        "rai:dataAnnotationAnalysis": [f"Reviewed by people: {fields.value(lineage.answers, 'answers_reviewed')}"],
        "rai:annotationsPerItem": "1: each record is written once by one model; checks by code are listed as verdicts",
        "rai:annotatorDemographics": ["None: no person annotated"],
        "rai:machineAnnotationTools": writers,
        "rai:dataBiases": [
            *statements.biases(lineage),
            f"Examination: {fields.value(lineage.answers, 'bias_examination')}",
        ],
        "rai:dataUseCases": [str(fields.value(lineage.answers, "intended_use"))],
        "rai:dataLimitations": statements.limitations(lineage),
        "rai:dataSocialImpact": str(fields.value(lineage.answers, "social_impact")),
        "rai:personalSensitiveInformation": statements.personal_data(lineage),
        "rai:dataReleaseMaintenancePlan": str(fields.value(lineage.answers, "maintenance")),
    }


def validate(document: dict[str, Any]) -> str:
    """Return what ``mlcroissant`` finds wrong, as text; empty if nothing."""
    with _quiet():
        import mlcroissant
        from mlcroissant import ValidationError

        try:
            dataset = mlcroissant.Dataset(jsonld=json.loads(json.dumps(document)))
        except (ValidationError, ValueError) as error:
            return str(error)
    return "; ".join(sorted(str(e) for e in dataset.metadata.ctx.issues.errors))


def _losses(lineage: Lineage) -> str:
    rows = [f"{loss.stage} {loss.code} ({count(loss.count)})" for loss in lineage.funnel.losses]
    return f"Left out, with the reason: {', '.join(rows) or 'nothing'}."


def _license(expression: str) -> str:
    address = release.license_address(expression)
    return address if address.startswith("https://") and " " not in expression else expression


def _file(file: Any) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{file.name}.jsonl",
        "name": f"{file.name}.jsonl",
        "description": file.about,
        "contentUrl": f"data/{file.name}.jsonl",
        "contentSize": f"{file.size} B",
        "encodingFormat": "application/jsonlines",
        "sha256": file.sha256,
    }


def _context() -> dict[str, Any]:
    """Return the context of Croissant 1.1, which every description carries."""
    text = (shared_templates() / "dossier" / "croissant-context.json").read_text(encoding="utf-8")
    made: dict[str, Any] = json.loads(text)
    return made


@contextmanager
def _quiet() -> Iterator[None]:
    """``mlcroissant`` logs through absl, which would write to the terminal of whoever makes a dossier."""
    logger = logging.getLogger("absl")
    level, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = level
