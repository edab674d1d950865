from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.dossier import attribution, bom_components, gather, statements
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed
from kdvert.records import Document, Example
from kdvert.store import read_json, read_jsonl, sha256_file, write_json, write_jsonl


def test_counts_are_those_of_the_files(lineage: Lineage, folders: dict[str, Path]) -> None:
    accepted = read_jsonl(folders["review"] / "accepted.jsonl", Example)
    assert lineage.records.accepted == len(accepted)
    assert lineage.records.evidence == sum(len(e.evidence) for e in accepted)
    assert sum(lineage.records.by_skill.values()) == len(accepted)
    assert sum(d.records for d in lineage.documents) == len(accepted)
    assert [d.id for d in lineage.documents] == [
        d.id for d in read_jsonl(folders["scrub"] / "documents.jsonl", Document)
    ]
    assert sum(d.findings for d in lineage.documents) == lineage.privacy.findings > 0


def test_data_files_carry_their_hashes(lineage: Lineage, folders: dict[str, Path]) -> None:
    assert {f.name for f in lineage.data} == {"train", "validation", "rejected"}
    for file in lineage.data:
        path = folders[file.path.split("/")[0]] / file.path.split("/")[1]
        assert file.sha256 == sha256_file(path)
        assert file.size == path.stat().st_size
        assert file.rows == len(path.read_text(encoding="utf-8").splitlines())


def test_what_people_decided_is_told(gathered: Callable[..., Lineage], folders: dict[str, Path]) -> None:
    assert "No person wrote or labeled a record." in statements.annotation(gathered())
    write_json(folders["review"] / "summary.json", read_json(folders["review"] / "summary.json") | {"decided": 9})
    assert "People decided about 9 records, and wrote none." in statements.annotation(gathered())
    accepted = read_jsonl(folders["review"] / "accepted.jsonl", Example)
    write_jsonl(folders["review"] / "accepted.jsonl", accepted[1:])
    write_json(folders["review"] / "summary.json", {"decided": 9, "edited": 2})
    lineage = gathered()
    assert "People decided about 9 records and reworded 2 of them." in statements.annotation(lineage)
    rejected = read_jsonl(folders["filter"] / "rejected.jsonl", Example)
    assert (lineage.records.accepted, lineage.records.rejected) == (len(accepted) - 1, len(rejected) + 1)


def test_models_are_named_with_license_and_hub(lineage: Lineage) -> None:
    assert lineage.base.hub == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert lineage.base.licenses == ["Apache-2.0"]
    assert [(w.role, w.route) for w in lineage.writers] == [("teacher", "local")]
    assert lineage.templates


def test_a_teacher_beside_the_student_is_named_wherever_models_are(
    gathered: Callable[..., Lineage], folders: dict[str, Path]
) -> None:
    path = folders["distill"] / "adapter.json"
    ref = "hf:Qwen/Qwen2.5-0.5B-Instruct"
    write_json(path, read_json(path) | {"teachers": [{"objective": "on_policy", "model": ref, "sha256": "ab" * 32}]})
    lineage = gathered()
    (found,) = lineage.beside
    assert (found.role, found.hub, found.licenses) == (
        "teacher of on_policy", "Qwen/Qwen2.5-0.5B-Instruct", ["Apache-2.0"],
    )  # fmt: skip
    assert "ab" * 32 in str(bom_components.models(lineage))
    assert "teacher of on_policy" in [row["role"] for row in attribution.models(lineage)]


def test_lineage_holds_no_text_of_a_document_or_record(lineage: Lineage, folders: dict[str, Path]) -> None:
    text = lineage.model_dump_json()
    for document in read_jsonl(folders["scrub"] / "documents.jsonl", Document):
        assert document.text[200:260] not in text
    for example in read_jsonl(folders["review"] / "accepted.jsonl", Example):
        assert example.quote not in text


def test_a_missing_stage_is_named(gathered: Callable[..., Lineage], folders: dict[str, Path]) -> None:
    (folders["distill"] / "adapter.json").unlink()
    with pytest.raises(WorkFailed, match=r"adapter\.json"):
        gathered()


@pytest.mark.parametrize(
    ("route", "address"),
    [("local", None), ("langchain:mistralai", None), ("openai-compatible:api.openai.com:443", "api.openai.com:443")],
)
def test_a_writer_is_judged_at_the_host_its_record_names(route: str, address: str | None) -> None:
    assert gather._address(route) == address
