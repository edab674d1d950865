"""The Hugging Face cards of the records and of the student."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kdvert.dossier import fields, hub, markdown, notices, release, sources, statements
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.store import write_text

DATASET_CARD, MODEL_CARD = "dataset-card.md", "model-card.md"
_DATASET_ADDRESS = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)/?")


def write_dataset_card(lineage: Lineage, folder: Path) -> None:
    """Write the card of the records.

    Raises:
        WorkFailed: its metadata breaks a rule of the Hub.
    """
    from huggingface_hub import DatasetCard, DatasetCardData

    metadata = DatasetCardData(**dataset_metadata(lineage))
    text = _with_metadata(metadata.to_yaml(), _body("dataset-card.md.j2", lineage), folder / DATASET_CARD)
    _check(DatasetCard(text).data.to_dict(), folder / DATASET_CARD)
    write_text(folder / DATASET_CARD, text)


def write_model_card(lineage: Lineage, folder: Path) -> None:
    """Write the card of the student.

    Raises:
        WorkFailed: its metadata breaks a rule of the Hub.
    """
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    results = [EvalResult(**row) for row in evaluation_results(lineage)]
    given = model_metadata(lineage) | ({"eval_results": results} if results else {})
    metadata = ModelCardData(**given)
    text = _with_metadata(metadata.to_yaml(), _body("model-card.md.j2", lineage), folder / MODEL_CARD)
    _check(ModelCard(text).data.to_dict(), folder / MODEL_CARD)
    write_text(folder / MODEL_CARD, text)


def dataset_metadata(lineage: Lineage) -> dict[str, Any]:
    """Return the metadata of the records' card."""
    languages = lineage.project.languages
    return {
        "pretty_name": release.dataset_name(lineage),
        "language": languages,
        "multilinguality": "monolingual" if len(languages) == 1 else "multilingual",
        **hub.license_metadata(release.dataset_licenses(lineage)),
        "annotations_creators": ["machine-generated"],
        "language_creators": ["found", "machine-generated"],
        "source_datasets": ["original"],
        "size_categories": [hub.size_category(lineage.records.accepted)],
        "task_categories": ["question-answering", "text-generation"],
        "tags": ["synthetic", "kdvert", lineage.project.vertical],
        "configs": [{"config_name": "default", "data_files": _data_files(lineage)}],
    }


def model_metadata(lineage: Lineage) -> dict[str, Any]:
    """Return the metadata of the student's card, without the evaluation."""
    stated = release.student_license(lineage)
    dataset = _DATASET_ADDRESS.fullmatch(lineage.answers.get("dataset_url", ""))
    found: dict[str, Any] = {
        "model_name": release.name(lineage),
        "language": lineage.project.languages,
        **hub.license_metadata([stated] if stated else []),
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "kdvert", "synthetic-data", lineage.project.vertical],
    }
    if lineage.base.hub:
        found |= {"base_model": lineage.base.hub, "base_model_relation": "adapter"}
    return found | ({"datasets": [dataset.group(1)]} if dataset else {})


def evaluation_results(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the student's measures as the fields of `huggingface_hub.EvalResult`."""
    return [
        {
            "task_type": "text-generation",
            "task_name": f"Question answering, {row.mode.replace('_', ' ')}",
            "dataset_type": f"kdvert-{lineage.project.vertical}-held-out",
            "dataset_name": f"Held-out questions of {lineage.project.vertical_title}",
            "dataset_config": row.mode,
            "metric_type": row.metric,
            "metric_name": row.metric.replace("_", " "),
            "metric_value": round(row.student, 6),
            "metric_args": {"questions": row.n, "base": row.base},
        }
        for row in lineage.evaluation.measures
        if row.student is not None
    ]


def _data_files(lineage: Lineage) -> list[dict[str, str]]:
    return [{"split": f.name, "path": f"data/{f.name}.jsonl"} for f in lineage.data if f.name != "rejected"]


def _body(template: str, lineage: Lineage) -> str:
    answers = {field.id: fields.value(lineage.answers, field.id) for field in fields.FIELDS}
    if release.student_license(lineage):
        answers["student_license"] = str(release.student_license(lineage))
    return markdown.render(
        template,
        lineage,
        groups=sources.groups(lineage),
        release=release,
        say=statements,
        answers=answers,
        restrictions=notices.restrictions(lineage),
    )


def _with_metadata(metadata: str, body: str, path: Path) -> str:
    return f"---\n{metadata.strip()}\n---\n\n{body}"


def _check(metadata: dict[str, Any], path: Path) -> None:
    if found := hub.problems(metadata):
        raise WorkFailed(
            f"{path.name}: the Hub would not accept its metadata: {'; '.join(found)}.",
            hint="Correct the license in kdvert.yaml, or dossier.yaml; else this is a bug in kdvert.",
        )
