from __future__ import annotations

from pathlib import Path
from typing import Any

import mlcroissant
import pytest

from kdvert.dossier import croissant
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.records import Example
from kdvert.store import read_json, read_jsonl


@pytest.fixture
def document(lineage: Lineage, tmp_path: Path) -> dict[str, Any]:
    croissant.write(lineage, tmp_path)
    found: dict[str, Any] = read_json(tmp_path / croissant.FILE)
    return found


def test_mlcroissant_accepts_it_without_a_warning(document: dict[str, Any]) -> None:
    issues = mlcroissant.Dataset(jsonld=document).metadata.ctx.issues
    assert (list(issues.errors), list(issues.warnings)) == ([], [])


def test_license_and_responsible_fields_are_there(document: dict[str, Any]) -> None:
    metadata = mlcroissant.Dataset(jsonld=document).metadata
    assert metadata.license == [
        "https://spdx.org/licenses/CC0-1.0.html",
        "https://spdx.org/licenses/CC-BY-4.0.html",
    ]
    for name in (
        "data_collection", "data_biases", "data_limitations", "personal_sensitive_information",
        "data_release_maintenance_plan", "annotations_per_item", "machine_annotation_tools", "data_use_cases",
        "data_social_impact", "data_annotation_protocol",
    ):  # fmt: skip
        assert getattr(metadata, name), name


def test_files_carry_their_hashes(document: dict[str, Any], lineage: Lineage) -> None:
    assert {f["@id"]: f["sha256"] for f in document["distribution"]} == {
        f"{f.name}.jsonl": f.sha256 for f in lineage.data
    }


def test_mlcroissant_reads_the_records_as_described(
    document: dict[str, Any], folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    train = (folders["distill"] / "train.jsonl").read_bytes()
    (tmp_path / "data/train.jsonl").write_bytes(train)
    rows = list(mlcroissant.Dataset(jsonld=tmp_path / croissant.FILE).records("train"))
    examples = read_jsonl(folders["distill"] / "train.jsonl", Example)
    assert len(rows) == len(examples)
    first, row = examples[0], rows[0]
    assert row["train/id"].decode() == first.id
    said = [(m["train/messages/role"].decode(), m["train/messages/content"].decode()) for m in row["train/messages"]]
    assert said == [(m.role, m.content) for m in first.messages]
    assert [e["train/evidence/start"] for e in row["train/evidence"]] == [e.start for e in first.evidence]


def test_a_dataset_without_a_license_is_refused(lineage: Lineage, tmp_path: Path) -> None:
    nothing = lineage.model_copy(update={"records": lineage.records.model_copy(update={"by_license": {}})})
    with pytest.raises(WorkFailed, match="license"):
        croissant.write(nothing, tmp_path)


def test_what_mlcroissant_refuses_is_reported(lineage: Lineage) -> None:
    document = croissant.build(lineage)
    document["recordSet"][0]["field"][0]["source"]["fileObject"] = {"@id": "nowhere.jsonl"}
    assert croissant.validate(document)
