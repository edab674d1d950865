"""The chain source → teacher and route → student → use, on scenarios drawn from the facts."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kdvert.licensing import chain
from kdvert.licensing.chain import SourceUse
from kdvert.licensing.use import Use
from kdvert.weights import DEFAULT_MODEL

DAY = date(2026, 11, 24)


def check(**changes):
    use = Use(**{key: changes.pop(key) for key in Use.model_fields if key in changes})
    sources = [SourceUse(license=name) for name in changes.pop("licenses", ["CC0-1.0"])]
    values = {"teacher": "embedded", "base_url": None, "student": "embedded", "today": DAY}
    return chain.check(sources=sources, use=use, **(values | changes))


LOCAL = "http://localhost:8000/v1"

SCENARIOS = [
    # the embedded default
    ({}, "allow-with-duties"),
    ({"distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": DEFAULT_MODEL, "student": DEFAULT_MODEL}, "allow-with-duties"),
    # sources
    ({"licenses": []}, "block"),
    ({"licenses": ["CC0-1.0", "nonsense"]}, "block"),
    ({"licenses": ["CC-BY-NC-SA-4.0"]}, "block"),
    ({"licenses": ["CC-BY-NC-SA-4.0"], "commercial": False}, "allow-with-duties"),
    ({"licenses": ["CC-BY-SA-4.0"], "distribution": "hosted"}, "ask-counsel"),
    ({"licenses": ["CC0-1.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0"], "distribution": "hosted"}, "block"),
    # vendors
    ({"teacher": "openai:gpt-4o-mini"}, "ask-counsel"),
    ({"teacher": "openai:gpt-4o-mini", "distribution": "hosted"}, "ask-counsel"),
    ({"teacher": "openai:gpt-4o-mini", "distribution": "distributed"}, "block"),
    ({"teacher": "anthropic:claude-sonnet-4-5"}, "block"),
    ({"teacher": "anthropic:claude-sonnet-4-5", "commercial": False}, "block"),
    ({"teacher": "google_genai:gemini-2.5-flash"}, "ask-counsel"),
    ({"teacher": "google_genai:gemma-4-31b-it"}, "ask-counsel"),
    ({"teacher": "xai:grok-4"}, "block"),
    ({"teacher": "mistralai:mistral-large-3"}, "allow-with-duties"),
    ({"teacher": "deepseek:deepseek-chat", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "cohere:command-a"}, "ask-counsel"),
    ({"teacher": "openrouter:qwen/qwen2.5-7b-instruct"}, "ask-counsel"),
    ({"teacher": "openrouter:meta-llama/llama-3-8b-instruct"}, "block"),
    ({"teacher": "azure_openai:gpt-4o"}, "block"),
    ({"teacher": "nobody:model"}, "block"),
    # the route decides, not the model
    ({"teacher": "qwen2.5-7b", "base_url": "https://api.openai.com/v1", "distribution": "distributed"}, "block"),
    ({"teacher": "qwen2.5-7b", "base_url": "https://eu.api.openai.com/v1", "distribution": "distributed"}, "block"),
    ({"teacher": "qwen2.5-7b", "base_url": "https://API.ANTHROPIC.COM./v1"}, "block"),
    ({"teacher": "gpt-4o", "base_url": LOCAL, "distribution": "distributed"}, "block"),
    ({"teacher": "claude-3-haiku", "base_url": "http://10.1.2.3:4000"}, "block"),
    ({"teacher": "qwen2.5-7b", "base_url": "https://models.example.com/v1"}, "block"),
    ({"teacher": "qwen2.5-7b", "base_url": "https://notapi.openai.com.example.com/v1"}, "block"),
    # one's own machine: the license of the weights
    ({"teacher": "qwen2.5-coder-1.5b-instruct", "base_url": LOCAL}, "allow-with-duties"),
    ({"teacher": "openai:qwen2.5-coder-1.5b-instruct", "base_url": "http://127.0.0.1:8000/v1"}, "allow-with-duties"),
    ({"teacher": "qwen2.5:7b", "base_url": "http://[::1]:11434/v1"}, "allow-with-duties"),
    ({"teacher": "gemma:2b", "base_url": "http://gpu-box.local:11434/v1"}, "allow-with-duties"),
    ({"teacher": "qwen2.5-3b-instruct", "base_url": LOCAL}, "block"),
    ({"teacher": "qwen2.5-3b-instruct", "base_url": LOCAL, "commercial": False}, "allow-with-duties"),
    ({"teacher": "some-new-model", "base_url": LOCAL}, "block"),
    ({"teacher": "/srv/models/qwen2.5-7b-instruct-q4_k_m.gguf", "base_url": LOCAL}, "allow-with-duties"),
    ({"teacher": "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0", "base_url": LOCAL}, "ask-counsel"),
    ({"teacher": "ollama:llama3.1:8b"}, "allow-with-duties"),
    ({"teacher": "ollama:gpt-oss:20b", "distribution": "distributed"}, "allow-with-duties"),
    # open weights as teachers
    ({"teacher": "hf:meta-llama/Llama-2-7b-chat-hf"}, "block"),
    ({"teacher": "hf:meta-llama/Meta-Llama-3-8B-Instruct"}, "block"),
    ({"teacher": "hf:meta-llama/Llama-2-7b-chat-hf", "student": "hf:meta-llama/Llama-2-7b-hf"}, "allow-with-duties"),
    ({"teacher": "hf:meta-llama/Llama-2-7b-chat-hf", "student": "hf:meta-llama/Llama-3.1-8B"}, "block"),
    ({"teacher": "hf:meta-llama/Llama-3.1-8B-Instruct", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:meta-llama/Llama-3.2-11B-Vision-Instruct"}, "ask-counsel"),
    ({"teacher": "hf:meta-llama/Llama-4-Scout-17B-16E-Instruct"}, "ask-counsel"),
    ({"teacher": "hf:google/gemma-3-4b-it", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:google/gemma-4-31b-it", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:google/medgemma-4b-it"}, "block"),
    ({"teacher": "hf:Qwen/Qwen2.5-72B-Instruct", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:Qwen/Qwen-72B-Chat"}, "block"),
    ({"teacher": "hf:Qwen/Qwen3.8-Max"}, "ask-counsel"),
    ({"teacher": "hf:deepseek-ai/DeepSeek-R1", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:deepseek-ai/DeepSeek-V3", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:mistralai/Mistral-Large-Instruct-2411"}, "block"),
    ({"teacher": "hf:mistralai/Mistral-Large-Instruct-2411", "commercial": False}, "allow-with-duties"),
    ({"teacher": "hf:mistralai/Codestral-22B-v0.1", "commercial": False, "distribution": "hosted"}, "block"),
    ({"teacher": "hf:mistralai/Mistral-Medium-3.5"}, "ask-counsel"),
    ({"teacher": "hf:CohereForAI/c4ai-command-r-v01"}, "block"),
    ({"teacher": "hf:CohereForAI/c4ai-command-r-v01", "commercial": False}, "ask-counsel"),
    ({"teacher": "hf:xai-org/grok-2"}, "block"),
    ({"teacher": "hf:tiiuae/Falcon3-1B-Base"}, "ask-counsel"),
    ({"teacher": "hf:MiniMaxAI/MiniMax-M3"}, "block"),
    ({"teacher": "hf:microsoft/phi-4", "distribution": "distributed"}, "allow-with-duties"),
    ({"teacher": "hf:unsloth/Llama-3.1-8B-Instruct"}, "ask-counsel"),
    ({"teacher": "hf:cognitivecomputations/dolphin-2.9-llama3-8b"}, "block"),
    ({"teacher": "hf:someone/some-model"}, "block"),
    # open weights as students
    ({"student": "hf:Qwen/Qwen2.5-0.5B"}, "allow-with-duties"),
    ({"student": "hf:Qwen/Qwen2.5-3B"}, "block"),
    ({"student": "hf:meta-llama/Llama-2-7b-hf", "distribution": "distributed"}, "allow-with-duties"),
    ({"student": "hf:CohereForAI/aya-expanse-8b", "commercial": False}, "allow-with-duties"),
    ({"student": "./no-such-model"}, "block"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "verdict"), SCENARIOS, ids=[json.dumps(c) for c, _ in SCENARIOS])
def test_scenario(changes, verdict):
    report = check(**dict(changes))
    assert report.verdict == verdict
    assert all(link.reason for link in report.links)
    assert all(link.duties for link in report.links if link.verdict == "allow-with-duties")
    assert all(link.facts for link in report.links if link.verdict.startswith("allow"))


def test_there_is_a_link_for_each_part_in_order():
    report = check(licenses=["CC0-1.0", "CC-BY-4.0", "CC0-1.0"])
    assert [link.kind for link in report.links] == ["source", "source", "teacher", "student"]
    assert [link.subject for link in report.links[:2]] == ["CC0-1.0", "CC-BY-4.0"]
    assert "SmolLM2-135M-Instruct" in report.links[2].subject


def test_duties_are_united_and_each_stands_once():
    report = check(licenses=["CC-BY-4.0", "CC-BY-3.0"], teacher="hf:meta-llama/Llama-3.1-8B", distribution="hosted")
    assert len(report.duties) == len({duty.id for duty in report.duties})
    text = " ".join(duty.text for duty in report.duties)
    assert "Name author, source and license" in text
    assert 'begin with "Llama"' in text
    assert "NOTICE of the base model" in text


def test_facts_name_source_date_confidence_and_expiry():
    (teacher,) = (link for link in check(teacher="openai:gpt-4o").links if link.kind == "teacher")
    assert "read 2026-11-24, confidence M, to be read again by 2027-02-22" in teacher.facts[0]


def test_a_router_brings_its_own_terms_and_the_models():
    report = check(teacher="openrouter:meta-llama/llama-3.1-8b-instruct")
    assert [link.verdict for link in report.links if link.kind == "teacher"] == ["ask-counsel", "allow-with-duties"]


def test_a_distilled_model_stands_under_both_licenses():
    report = check(teacher="hf:deepseek-ai/DeepSeek-R1-Distill-Llama-8B")
    under = [link.subject.rpartition(" ")[2] for link in report.links if link.kind == "teacher"]
    assert under == ["MIT", "LicenseRef-Llama-3.1"]


def test_an_unknown_license_is_named_in_the_reason():
    (link,) = (link for link in check(licenses=["CC-BY-9.0"]).links if link.kind == "source")
    assert "CC-BY-9.0" in link.reason
    assert "CC-BY-4.0" in link.reason


def test_a_report_survives_json():
    report = check(teacher="openai:gpt-4o")
    assert chain.Report.model_validate_json(report.model_dump_json()) == report
