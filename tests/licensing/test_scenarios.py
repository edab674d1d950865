"""Source license × teacher × route × base × use → verdict, the code that decides, duties: scenarios drawn from the facts.

A use is written as ``<distribution>`` with ``nc`` for non-commercial, ``eu`` or ``not-eu``, and the field.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kdvert.licensing import chain
from kdvert.licensing.chain import SourceUse
from kdvert.licensing.rulings import CODES
from kdvert.licensing.use import Use

DAY = date(2026, 11, 24)
LATER = date(2027, 6, 1)
OWN = "http://localhost:8000/v1"
QWEN = "hf:Qwen/Qwen2.5-0.5B"

ALLOW, DUTIES, COUNSEL, BLOCK = "allow", "allow-with-duties", "ask-counsel", "block"
GRANTED = "granted-with-duties"

# (source, teacher, base_url, student, use, verdict, deciding code, duties that must be among the duties)
SCENARIOS: list[tuple[str, str, str | None, str, str, str, str, str]] = [
    # chains of Apache, MIT and public domain need notices only
    ("CC0-1.0", "embedded", None, "embedded", "internal", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "hf:openai/gpt-oss-20b", None, QWEN, "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("PDDL-1.0", "hf:microsoft/phi-4", None, "hf:microsoft/phi-4", "distributed", DUTIES, f"student.{GRANTED}", "mit-base-notice"),
    ("public-domain-us-gov", "hf:google/gemma-4-31b-it", None, QWEN, "hosted", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "hf:deepseek-ai/DeepSeek-R1", None, QWEN, "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "hf:allenai/OLMo-2-1124-7B-Instruct", None, "hf:allenai/OLMo-2-1124-7B", "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "hf:mistralai/Mistral-7B-Instruct-v0.3", None, QWEN, "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "hf:Qwen/Qwen3-8B", None, "hf:Qwen/Qwen3-0.6B", "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    # licenses of sources
    ("CC-BY-4.0", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "name-sources state-changes apache-base-notice"),
    ("CC-BY-3.0", "embedded", None, QWEN, "hosted", DUTIES, f"source.{GRANTED}", "name-sources"),
    ("OGL-UK-3.0", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "ogl-statement"),
    ("etalab-2.0", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "etalab-source"),
    ("ODC-By-1.0", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "name-database"),
    ("CDLA-Permissive-2.0", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "cdla-text"),
    ("LicenseRef-EUR-Lex", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "eu-reuse-statement"),
    ("MIT", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "keep-text-notice"),
    ("LicenseRef-Own-Work", "embedded", None, QWEN, "distributed", DUTIES, f"source.{GRANTED}", "keep-proof-of-rights"),
    ("CC-BY-SA-4.0", "embedded", None, QWEN, "internal", DUTIES, f"source.{GRANTED}", "share-alike-cc-by-sa"),
    ("CC-BY-SA-4.0", "embedded", None, QWEN, "hosted", COUNSEL, "source.uncertain", "share-alike-cc-by-sa"),
    ("CC-BY-SA-3.0", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "share-alike-cc-by-sa"),
    ("ODbL-1.0", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "share-alike-odbl"),
    ("CDLA-Sharing-1.0", "embedded", None, QWEN, "internal", DUTIES, f"source.{GRANTED}", "share-alike-cdla"),
    ("CDLA-Sharing-1.0", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "share-alike-cdla"),
    ("C-UDA-1.0", "embedded", None, QWEN, "internal", DUTIES, f"source.{GRANTED}", "c-uda-bind-recipients"),
    ("C-UDA-1.0", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "c-uda-bind-recipients"),
    ("GPL-3.0-only", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "test-repetition"),
    ("CC-BY-NC-4.0", "embedded", None, QWEN, "internal", BLOCK, "source.non-commercial", "no-commercial-use"),
    ("CC-BY-NC-4.0", "embedded", None, QWEN, "internal nc", DUTIES, f"source.{GRANTED}", "no-commercial-use name-sources"),
    ("CC-BY-NC-SA-4.0", "embedded", None, QWEN, "internal", BLOCK, "source.non-commercial", ""),
    ("CC-BY-NC-SA-4.0", "embedded", None, QWEN, "internal nc", DUTIES, f"source.{GRANTED}", "share-alike-cc-by-nc-sa"),
    ("CC-BY-NC-SA-4.0", "embedded", None, QWEN, "distributed nc", COUNSEL, "source.uncertain", "share-alike-cc-by-nc-sa"),
    ("CC-BY-ND-4.0", "embedded", None, QWEN, "internal", DUTIES, f"source.{GRANTED}", "keep-records-inside"),
    ("CC-BY-ND-4.0", "embedded", None, QWEN, "distributed", COUNSEL, "source.uncertain", "keep-records-inside"),
    ("CC-BY-NC-ND-4.0", "embedded", None, QWEN, "distributed", BLOCK, "source.non-commercial", ""),
    ("LicenseRef-Open-Justice-Licence", "embedded", None, QWEN, "internal nc", BLOCK, "source.forbidden", ""),
    ("LicenseRef-arXiv-nonexclusive-distrib-1.0", "embedded", None, QWEN, "internal nc", BLOCK, "source.forbidden", ""),
    ("LicenseRef-SEC-EDGAR-filings", "embedded", None, QWEN, "internal", COUNSEL, "source.uncertain", "sec-access-limits"),
    ("LicenseRef-PhysioNet-Credentialed", "embedded", None, QWEN, "internal", COUNSEL, "source.uncertain", "own-machines-only"),
    ("LicenseRef-PhysioNet-Credentialed", "deepseek:deepseek-chat", None, QWEN, "internal", BLOCK, "remote-teacher", "own-machines-only"),
    ("LicenseRef-Client-Material", "embedded", None, QWEN, "internal", COUNSEL, "source.uncertain", "file-contract-clause"),
    ("Unspecified", "embedded", None, QWEN, "internal nc", BLOCK, "source.unknown", ""),
    ("LicenseRef-Never-Heard-Of", "embedded", None, QWEN, "internal", BLOCK, "source.unknown", ""),
    ("CC0-1.0 OR CC-BY-NC-4.0", "embedded", None, QWEN, "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0 AND CC-BY-NC-4.0", "embedded", None, QWEN, "distributed", BLOCK, "source.non-commercial", ""),
    # vendors: the contract of the route
    ("CC0-1.0", "openai:gpt-4o-mini", None, QWEN, "internal", COUNSEL, "teacher.uncertain", "openai-no-extraction"),
    ("CC0-1.0", "openai:gpt-4o-mini", None, QWEN, "hosted", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "openai:gpt-4o-mini", None, QWEN, "distributed", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "anthropic:claude-sonnet-4-5", None, QWEN, "internal nc", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "xai:grok-4", None, QWEN, "internal", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "google_genai:gemini-2.5-pro", None, QWEN, "internal law", COUNSEL, "teacher.uncertain", "google-no-grounding"),
    ("CC0-1.0", "google_genai:gemini-2.5-pro", None, QWEN, "internal medicine", BLOCK, "teacher.condition-field", ""),
    ("CC0-1.0", "google_genai:gemma-4-31b-it", None, QWEN, "hosted finance", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "mistralai:mistral-large-latest", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "mistral-text-only"),
    ("CC0-1.0", "deepseek:deepseek-chat", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "say-made-by-ai send-scrubbed-only"),
    ("CC0-1.0", "cohere:command-a", None, QWEN, "internal", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "openrouter:qwen/qwen2.5-7b-instruct", None, QWEN, "internal", COUNSEL, "teacher.uncertain", "keep-router-terms"),
    ("CC0-1.0", "openrouter:meta-llama/llama-2-70b-chat", None, QWEN, "internal", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "azure_openai:gpt-4o", None, QWEN, "internal", BLOCK, "teacher.unknown", ""),
    ("CC0-1.0", "qwen2.5-7b-instruct", "https://api.openai.com/v1", QWEN, "distributed", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "qwen2.5-7b-instruct", OWN, QWEN, "distributed", DUTIES, f"student.{GRANTED}", "apache-base-notice"),
    ("CC0-1.0", "qwen2.5-7b-instruct", "https://llm.example.com/v1", QWEN, "internal", BLOCK, "teacher.unknown", ""),
    ("CC0-1.0", "gpt-4o", OWN, QWEN, "distributed", BLOCK, "teacher.forbidden", ""),
    # open weights as teachers
    ("CC0-1.0", "hf:meta-llama/Llama-2-7b-chat-hf", None, QWEN, "internal nc", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "hf:meta-llama/Meta-Llama-3-8B-Instruct", None, QWEN, "internal", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "hf:meta-llama/Meta-Llama-3-8B-Instruct", None, "hf:meta-llama/Meta-Llama-3-8B", "distributed", DUTIES, f"teacher.{GRANTED}", "llama-3-name built-with-meta-llama-3"),
    ("CC0-1.0", "hf:meta-llama/Llama-3.1-8B-Instruct", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "llama-name llama-use-policy"),
    ("CC0-1.0", "hf:meta-llama/Llama-3.3-70B-Instruct", None, "hf:Qwen/Qwen2.5-72B", "distributed", DUTIES, f"teacher.{GRANTED}", "llama-name built-with-qwen qwen-notice"),
    ("CC0-1.0", "hf:meta-llama/Llama-3.2-11B-Vision-Instruct", None, QWEN, "internal eu", BLOCK, "teacher.condition-eu", ""),
    ("CC0-1.0", "hf:meta-llama/Llama-3.2-11B-Vision-Instruct", None, QWEN, "internal not-eu", DUTIES, f"teacher.{GRANTED}", "llama-name"),
    ("CC0-1.0", "hf:meta-llama/Llama-4-Scout-17B-16E-Instruct", None, QWEN, "internal", COUNSEL, "teacher.condition-eu", ""),
    ("CC0-1.0", "hf:meta-llama/Llama-3.2-3B-Instruct", None, QWEN, "distributed eu", DUTIES, f"teacher.{GRANTED}", "llama-name"),
    ("CC0-1.0", "hf:google/gemma-3-4b-it", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "gemma-restrictions gemma-notice gemma-no-plain-license"),
    ("CC0-1.0", "hf:Qwen/Qwen2.5-72B-Instruct", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "built-with-qwen"),
    ("CC0-1.0", "hf:Qwen/Qwen-72B-Chat", None, QWEN, "internal", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "hf:Qwen/Qwen2.5-3B-Instruct", None, QWEN, "internal", BLOCK, "teacher.non-commercial", ""),
    ("CC0-1.0", "hf:Qwen/Qwen3.8-Max", None, QWEN, "internal", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "hf:deepseek-ai/DeepSeek-V3", None, QWEN, "distributed", DUTIES, f"teacher.{GRANTED}", "deepseek-restrictions deepseek-notice"),
    ("CC0-1.0", "hf:mistralai/Mistral-Large-Instruct-2411", None, QWEN, "internal", BLOCK, "teacher.non-commercial", ""),
    ("CC0-1.0", "hf:mistralai/Mistral-Large-Instruct-2411", None, QWEN, "distributed nc", COUNSEL, "teacher.uncertain", "research-only"),
    ("CC0-1.0", "hf:mistralai/Codestral-22B-v0.1", None, QWEN, "hosted nc", BLOCK, "teacher.forbidden", "outside-production"),
    ("CC0-1.0", "hf:mistralai/Mistral-Medium-3.5", None, QWEN, "internal", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "hf:CohereForAI/c4ai-command-r-v01", None, QWEN, "internal", BLOCK, "teacher.non-commercial", ""),
    ("CC0-1.0", "hf:CohereForAI/c4ai-command-r-v01", None, QWEN, "internal nc", COUNSEL, "teacher.uncertain", ""),
    ("CC0-1.0", "hf:xai-org/grok-2", None, QWEN, "internal", BLOCK, "teacher.forbidden", ""),
    ("CC0-1.0", "hf:tiiuae/Falcon3-1B-Base", None, QWEN, "internal", COUNSEL, "teacher.uncertain", "falcon-use-policy"),
    ("CC0-1.0", "hf:MiniMaxAI/MiniMax-M3", None, QWEN, "internal", BLOCK, "teacher.non-commercial", ""),
    ("CC0-1.0", "hf:someone/never-heard-of-it", None, QWEN, "internal nc", BLOCK, "teacher.unknown", ""),
    ("CC0-1.0", "hf:unsloth/Llama-3.1-8B-Instruct", None, QWEN, "internal", COUNSEL, "teacher.not-the-publisher", ""),
    # the student's own weights
    ("CC0-1.0", "embedded", None, "hf:Qwen/Qwen2.5-3B", "internal", BLOCK, "student.non-commercial", ""),
    ("CC0-1.0", "embedded", None, "hf:meta-llama/Llama-3.2-1B", "distributed", DUTIES, f"student.{GRANTED}", "llama-name built-with-llama llama-notice llama-use-policy"),
    ("CC0-1.0", "embedded", None, "hf:google/gemma-2-2b", "distributed", DUTIES, f"student.{GRANTED}", "gemma-restrictions"),
    ("CC0-1.0", "embedded", None, "hf:someone/never-heard-of-it", "internal", BLOCK, "student.unknown", ""),
]  # fmt: skip


def used(words: str) -> Use:
    """Read a use that is written in words."""
    distribution, *rest = words.split()
    values: dict[str, Any] = {"distribution": distribution, "commercial": "nc" not in rest}
    values |= {"eu": True} if "eu" in rest else {"eu": False} if "not-eu" in rest else {}
    fields = [word for word in rest if word not in ("nc", "eu", "not-eu")]
    return Use.model_validate(values | ({"field": fields[0]} if fields else {}))


def check(source: str, teacher: str, base_url: str | None, student: str, use: Use, today: date = DAY) -> chain.Report:
    """Judge a chain with one source."""
    return chain.check(
        sources=[SourceUse(license=source)], teacher=teacher, base_url=base_url, student=student, use=use, today=today
    )


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: " | ".join(str(part) for part in row[:5]))
def test_scenario(row: tuple[str, ...]) -> None:
    *chain_of, use, verdict, code, duties = row
    report = check(*chain_of, used(use))
    decisive = [r.code for r in (*report.links, *report.conflicts) if r.verdict == report.verdict]
    assert report.verdict == verdict
    assert code in decisive
    assert {*duties.split()} <= {duty.id for duty in report.duties}


def test_there_are_at_least_sixty_and_no_two_are_the_same() -> None:
    assert len({row[:5] for row in SCENARIOS}) == len(SCENARIOS) >= 60


def test_each_code_is_explained() -> None:
    codes = {row.code for scenario in SCENARIOS for row in check(*scenario[:4], used(scenario[4])).links}
    assert {code.partition(".")[2] for code in codes} <= {*CODES}


@pytest.mark.parametrize("teacher", ["mistralai:mistral-large-latest", "deepseek:deepseek-chat"])
def test_terms_of_a_vendor_permit_nothing_after_their_day(teacher: str) -> None:
    chain_of = ("CC0-1.0", teacher, None, QWEN, Use(distribution="distributed"))
    assert check(*chain_of, today=DAY).verdict == DUTIES
    late = check(*chain_of, today=LATER)
    assert late.verdict == COUNSEL
    assert [link.code for link in late.links if link.verdict == COUNSEL] == ["teacher.expired"]
    assert "EXPIRED" in next(link.facts[0] for link in late.links if link.kind == "teacher")


def test_a_block_does_not_get_better_by_expiring() -> None:
    chain_of = ("CC0-1.0", "anthropic:claude-sonnet-4-5", None, QWEN, Use())
    assert check(*chain_of, today=LATER).verdict == BLOCK


def test_licenses_of_texts_and_weights_do_not_expire() -> None:
    chain_of = ("CC-BY-4.0", "hf:meta-llama/Llama-3.1-8B-Instruct", None, QWEN, Use(distribution="distributed"))
    assert check(*chain_of, today=date(2036, 1, 1)).verdict == DUTIES


@pytest.mark.parametrize(
    ("users", "verdict"), [(None, DUTIES), (10_000, DUTIES), (700_000_000, DUTIES), (700_000_001, BLOCK)]
)
def test_the_number_of_users_counts(users: int | None, verdict: str) -> None:
    report = check("CC0-1.0", "hf:meta-llama/Llama-3.1-8B-Instruct", None, QWEN, Use(monthly_users=users))
    assert report.verdict == verdict
    asked = "confirm-fewer-than-700-million-users" in {duty.id for duty in report.duties}
    assert asked == (users is None)


@pytest.mark.parametrize(("revenue", "verdict"), [(None, COUNSEL), (1e6, COUNSEL), (3e7, BLOCK)])
def test_revenue_counts(revenue: float | None, verdict: str) -> None:
    use = Use(monthly_revenue_usd=revenue)
    assert check("CC0-1.0", "hf:mistralai/Mistral-Medium-3.5", None, QWEN, use).verdict == verdict


@pytest.mark.parametrize("field", [None, "medicine", "education", "law", "finance", "science"])
@pytest.mark.parametrize("distribution", ["internal", "hosted", "distributed"])
def test_gemini_never_simply_permits(field: str | None, distribution: str) -> None:
    use = Use.model_validate({"field": field, "distribution": distribution})
    assert check("CC0-1.0", "google_genai:gemini-2.5-pro", None, QWEN, use).verdict in (COUNSEL, BLOCK)


@pytest.mark.parametrize(
    ("use", "duties"),
    [
        (Use(field="medicine"), set()),
        (Use(distribution="hosted", eu=False, field="law"), set()),
        (Use(distribution="hosted", eu=False, field="medicine"), {"settle-medical-device-status"}),
        (Use(distribution="hosted", eu=True, field="science"), {"settle-ai-act-role", "say-it-is-ai"}),
        (
            Use(distribution="distributed", field="medicine"),
            {"settle-ai-act-role", "say-it-is-ai", "settle-high-risk-class", "settle-medical-device-status"},
        ),
    ],
)
def test_field_and_place_ask_for_things_by_themselves(use: Use, duties: set[str]) -> None:
    report = check("CC0-1.0", "embedded", None, QWEN, use)
    assert {duty.id for link in report.links if link.kind == "use" for duty in link.duties} == duties
    assert report.verdict == DUTIES
