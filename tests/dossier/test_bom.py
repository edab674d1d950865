from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kdvert.dossier import bom, bom_components, release
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.store import read_json

Gathered = Callable[..., Lineage]


@pytest.fixture
def document(lineage: Lineage, tmp_path: Path) -> dict[str, Any]:
    bom.write(lineage, tmp_path)
    found: dict[str, Any] = read_json(tmp_path / bom.FILE)
    return found


def test_the_librarys_strict_validator_accepts_it(document: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None


def test_every_reference_points_at_a_component(document: dict[str, Any]) -> None:
    names = [c["bom-ref"] for c in [document["metadata"]["component"], *document["components"]]]
    assert len(names) == len(set(names))
    for row in document["dependencies"]:
        assert {row["ref"], *row["dependsOn"]} <= set(names)
    card = document["metadata"]["component"]["modelCard"]
    assert {d["ref"] for d in card["modelParameters"]["datasets"]} <= set(names)
    assert {"base", "data:train", "package:torch"} <= set(document["dependencies"][0]["dependsOn"])


def test_metrics_are_those_of_the_evaluation_with_their_intervals(document: dict[str, Any], lineage: Lineage) -> None:
    rows = document["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    intervals = [
        (float(r["confidenceInterval"]["lowerBound"]), float(r["confidenceInterval"]["upperBound"]))
        for r in rows
        if "confidenceInterval" in r
    ]
    besides = [row.measure for row in lineage.besides.rows]
    assert len(besides) == 7
    assert intervals == [(m.low, m.high) for m in [*lineage.evaluation.measures, *besides]]
    assert len(rows) == 3 * len(intervals)


def test_sources_carry_license_hashes_and_what_was_found(document: dict[str, Any], lineage: Lineage) -> None:
    sources = [c for c in document["components"] if c["bom-ref"].startswith("source:")]
    hashes = [p["value"] for c in sources for p in c["data"][0]["contents"]["properties"]]
    assert len(hashes) == len(lineage.documents)
    assert {c["licenses"][0]["license"]["id"] for c in sources} == {"CC0-1.0", "CC-BY-4.0"}
    assert any("Person" in c["data"][0].get("sensitiveData", []) for c in sources)


def test_the_same_lineage_gives_the_same_document(gathered: Gathered) -> None:
    assert bom.build(gathered()) == bom.build(gathered())
    assert release.serial(gathered()) != release.serial(gathered(commercial=False))


@pytest.mark.parametrize(
    ("expressions", "made"),
    [
        (["Apache-2.0"], [{"license": {"id": "Apache-2.0"}}]),
        (["LicenseRef-Llama-3.1"], [{"license": {"name": "LicenseRef-Llama-3.1"}}]),
        (["MIT", "LicenseRef-x"], [{"license": {"id": "MIT"}}, {"license": {"name": "LicenseRef-x"}}]),
        (["MIT OR Apache-2.0"], [{"expression": "MIT OR Apache-2.0"}]),
        (["MIT OR Apache-2.0", "CC0-1.0"], [{"expression": "(MIT OR Apache-2.0) AND CC0-1.0"}]),
    ],
)
def test_licenses(expressions: list[str], made: list[dict[str, Any]]) -> None:
    assert bom_components.licenses(expressions) == made


def test_an_invalid_document_is_refused_and_the_place_is_named(lineage: Lineage, tmp_path: Path) -> None:
    wrong = lineage.model_copy(update={"student": lineage.student.model_copy(update={"adapter_sha256": "not a hash"})})
    with pytest.raises(WorkFailed, match="metadata/component/hashes"):
        bom.write(wrong, tmp_path)
    assert not (tmp_path / bom.FILE).exists()


def test_an_address_with_spaces_is_quoted(lineage: Lineage) -> None:
    first = lineage.documents[0].model_copy(update={"url": "https://example.org/a file|x.html?q=%20"})
    made = bom.build(lineage.model_copy(update={"documents": [first, *lineage.documents[1:]]}))
    addresses = [r["url"] for c in made["components"] for r in c.get("externalReferences", [])]
    assert addresses == ["https://example.org/a%20file%7Cx.html?q=%20"]
    assert bom.validate(made) is None


def test_a_vendor_is_a_service_beyond_the_trust_boundary(lineage: Lineage) -> None:
    assert bom.build(lineage)["services"] == []
    asked = lineage.writers[0].model_copy(update={"route": "openai", "ref": "openai:gpt-x", "name": "gpt-x"})
    made = bom.build(lineage.model_copy(update={"writers": [asked]}))
    assert [(s["provider"]["name"], s["x-trust-boundary"]) for s in made["services"]] == [("openai", True)]
    assert bom.validate(made) is None
