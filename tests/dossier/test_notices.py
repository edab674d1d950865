"""Notices, attribution, restrictions and the status of each duty, on real chains."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kdvert.dossier import attribution, duties_done, notices
from kdvert.dossier.lineage import DocumentFacts, ModelFacts, StageFacts
from kdvert.licensing import chain
from kdvert.licensing.models import standing
from kdvert.licensing.obligations import duties
from kdvert.licensing.texts import text_of
from kdvert.licensing.use import Use

TODAY = date(2026, 11, 24)
SMALL = "hf:Qwen/Qwen2.5-0.5B-Instruct"
LLAMA = "hf:meta-llama/Llama-3.1-70B-Instruct"
LLAMA_BASE = "hf:meta-llama/Llama-3.1-8B-Instruct"
QWEN_72 = "hf:Qwen/Qwen2.5-72B-Instruct"
GEMMA = "hf:google/gemma-3-1b-it"
DEEPSEEK = "hf:deepseek-ai/DeepSeek-V3"


def document(number, license_, publisher, *, title=None, url=None, records=3, passages=5, retrieved="2026-10-01"):
    return DocumentFacts(
        id=f"doc-{number}", title=title or f"Title {number}", license=license_, publisher=publisher, url=url,
        retrieved=retrieved, sha256="0" * 64, characters=900, findings=0, passages=passages, records=records,
    )  # fmt: skip


def model(role, ref):
    licenses = [row.id for row in standing(ref).licenses]
    return ModelFacts(role=role, ref=ref, name=ref.rpartition("/")[2], hub=ref.removeprefix("hf:"), licenses=licenses)


SOURCES = (
    document(1, "CC-BY-4.0", "Example Health Institute", url="https://example.org/guide", title="Ward guide"),
    document(2, "OGL-UK-3.0", "Example Agency", url="https://example.gov.uk/stats"),
    document(3, "etalab-2.0", "Ministère de l'Exemple", url="https://example.gouv.fr/jeu"),
    document(4, "LicenseRef-EU-Reuse-Decision-2011-833", "European Union", url="https://eur-lex.europa.eu/x"),
    document(5, "CC0-1.0", None, title="Zero"),
    document(6, "LicenseRef-Own-Work", None, title="Secret plan"),
)


@pytest.fixture
def chained(lineage):
    """Return a function that puts a chain of sources, teacher and base into a lineage."""

    def make(*, teacher=SMALL, base=SMALL, documents=SOURCES, configuration=None, outputs=None, **use):
        intended = Use(**({"distribution": "distributed"} | use))
        report = chain.check(
            sources=[chain.SourceUse(license=name) for name in dict.fromkeys(d.license for d in documents)],
            teacher=teacher, base_url=None, student=base, use=intended, today=TODAY,
        )  # fmt: skip
        distill = StageFacts(name="distill", finished="2026-11-24T00:00:00+00:00", seconds=1, outputs=outputs or {})
        return lineage.model_copy(
            update={
                "licensing": report,
                "documents": list(documents),
                "base": model("base", base),
                "writers": [model("teacher", teacher)],
                "configuration": configuration or {},
                "stages": [distill],
            }
        )

    return make


def status(lineage, duty):
    (found,) = [row for row in duties_done.statuses(lineage) if row.duty == duty]
    return found


def line(lineage, where, tmp_path):
    """Return the line of the written file that a status points at."""
    for write in (notices.write_notice, notices.write_restrictions, attribution.write_attribution):
        write(lineage, tmp_path)
    name, _, number = where.rpartition(":")
    return (tmp_path / name).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_outputs_of_llama_give_the_name_and_leave_no_display(chained, tmp_path):
    lineage = chained(teacher=LLAMA)
    assert line(lineage, status(lineage, "llama-name").where, tmp_path) == "Llama-ward-assistant"
    assert status(lineage, "llama-name").status == "done"
    assert "Built with" not in notices.notice(lineage)
    policy = status(lineage, "llama-use-policy")
    assert policy.status == "done"
    assert line(lineage, policy.where, tmp_path) == "## Llama 3.1 Community License Agreement, 2024-07-23"
    assert "Military, warfare, nuclear" in (tmp_path / notices.RESTRICTIONS).read_text(encoding="utf-8")


def test_a_llama_base_gives_name_display_notice_and_agreement(chained, tmp_path):
    lineage = chained(base=LLAMA_BASE)
    lines = notices.notice(lineage).splitlines()
    assert lines[0] == "Llama-ward-assistant"
    assert "Built with Llama" in lines[1:4]
    assert any("Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta" in row for row in lines)
    assert any("trained on top of meta-llama/Llama-3.1-8B-Instruct" in row for row in lines)
    notices.write_licenses(lineage, tmp_path)
    copy = (tmp_path / "LICENSES" / "LicenseRef-Llama-3.1.txt").read_text(encoding="utf-8")
    assert copy == text_of("LicenseRef-Llama-3.1").text
    assert "Copyright © Meta" in line(lineage, status(lineage, "llama-notice").where, tmp_path)
    assert line(lineage, status(lineage, "built-with-llama").where, tmp_path) == "Built with Llama"


def test_outputs_of_qwen_72b_are_shown_and_its_agreement_is_there(chained, tmp_path):
    lineage = chained(teacher=QWEN_72)
    shown = status(lineage, "built-with-qwen")
    assert (shown.status, line(lineage, shown.where, tmp_path)) == ("done", "Built with Qwen")
    assert "user interface" in shown.todo
    notices.write_licenses(lineage, tmp_path)
    assert (tmp_path / "LICENSES" / "LicenseRef-Qwen-2024.txt").is_file()


def test_restrictions_of_gemma_are_terms_for_receivers_in_its_own_words(chained, tmp_path):
    lineage = chained(teacher=GEMMA)
    assert status(lineage, "gemma-restrictions").status == "done"
    assert "Refer to USE_RESTRICTIONS.md" in status(lineage, "gemma-restrictions").todo
    text = notices.restrictions_text(lineage)
    assert "Whoever receives or uses it accepts them" in " ".join(text.split())
    assert "for the restricted uses set forth in the Gemma Prohibited Use Policy" in text
    assert "unlicensed practice of any vocation" in text
    named = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"
    assert named in line(lineage, status(lineage, "gemma-notice").where, tmp_path)


@pytest.mark.parametrize(
    ("license_", "state"), [(None, "open"), ("Apache-2.0", "open"), ("LicenseRef-Proprietary", "done")]
)
def test_gemma_does_not_go_with_a_plain_license(chained, license_, state):
    assert status(chained(teacher=GEMMA, license=license_), "gemma-no-plain-license").status == state


def test_restrictions_of_deepseek_are_its_attachment(chained):
    lineage = chained(teacher=DEEPSEEK)
    assert "For military use in any way" in notices.restrictions_text(lineage)
    assert status(lineage, "deepseek-restrictions").status == "done"
    assert "Copyright (c) 2023 DeepSeek" in notices.notice(lineage)


def test_an_apache_chain_asks_for_notices_only(chained, tmp_path):
    lineage = chained(documents=SOURCES[4:5])
    notices.write_restrictions(lineage, tmp_path)
    assert not (tmp_path / notices.RESTRICTIONS).exists()
    found = status(lineage, "apache-base-notice")
    assert found.status == "done"
    assert "NOTICE file beside the base" in found.todo
    assert {row.kind for row in duties_done.statuses(lineage)} <= {"notice", "display", "person"}
    kept = chained(documents=SOURCES[4:5], outputs={"adapter/base/NOTICE": "0" * 64})
    assert status(kept, "apache-base-notice").todo is None
    assert "The base's own NOTICE is at adapter/base/NOTICE." in notices.notice(kept)


def test_sources_are_named_in_the_words_that_each_license_asks_for(chained):
    text = attribution.attribution(chained())
    assert "Ward guide" in text
    assert "Example Health Institute" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text
    assert "Contains public sector information licensed under the Open Government Licence v3.0." in text
    assert "Ministère de l'Exemple - Données originales téléchargées sur https://example.gouv.fr/jeu" in text
    assert "© European Union. Source: Title 4, https://eur-lex.europa.eu/x. Reused under Decision 2011/833/EU." in text
    assert "cut into passages, freed of personal data, and rewritten as questions and answers" in text


def test_what_need_not_be_named_is_only_counted(chained, tmp_path):
    lineage = chained()
    text = attribution.attribution(lineage)
    assert "Secret plan" not in text
    assert "| LicenseRef-Own-Work | 1 |" in text
    attribution.write_attribution_json(lineage, tmp_path)
    made = json.loads((tmp_path / "attribution.json").read_text(encoding="utf-8"))
    assert made["not_named"] == {"CC0-1.0": 1, "LicenseRef-Own-Work": 1}
    assert (made["sources"][0]["license"], made["sources"][0]["records"]) == ("CC-BY-4.0", 3)


def test_documents_of_one_source_are_one_entry(chained):
    many = [document(n, "CC-BY-4.0", "P", title="Same", url="https://example.org") for n in range(4)]
    (entry,) = attribution.entries(chained(documents=many))
    assert (len(entry.documents), entry.records, entry.passages) == (4, 12, 20)


def test_what_nobody_stated_is_left_to_whoever_gathered_the_documents(chained):
    lineage = chained(documents=(document(1, "CC-BY-4.0", None), document(2, "CC-BY-4.0", "P")))
    found = status(lineage, "name-sources")
    assert found.status == "open"
    assert "author or publisher of 1 document" in found.todo
    assert found.who == "the person who gathered the documents"
    assert status(lineage, "state-changes").status == "done"


def test_the_date_of_the_last_update_stays_open_for_etalab(chained):
    found = status(chained(documents=SOURCES[2:3]), "etalab-source")
    assert found.status == "open"
    assert "date of its last update" in found.todo


def test_an_author_whom_the_user_stated_is_printed_though_scrubbing_replaced_the_name(chained):
    rules = [{"path": "sources/a/**", "license": "CC-BY-4.0", "publisher": "Ada Example", "retrieved": "2026-10-01"}]
    scrubbed = document(1, "CC-BY-4.0", "Grace Standin")
    lineage = chained(documents=(scrubbed,), configuration={"ingest": {"sources": rules}})
    assert attribution.entries(lineage)[0].publisher == "Ada Example"
    two = [*rules, {**rules[0], "publisher": "Alan Example"}]
    unsure = chained(documents=(scrubbed,), configuration={"ingest": {"sources": two}})
    assert attribution.entries(unsure)[0].publisher == "Grace Standin"


def test_a_license_without_a_text_says_who_must_add_it(chained, tmp_path):
    lineage = chained()
    notices.write_licenses(lineage, tmp_path)
    gone = (tmp_path / "LICENSES" / "LicenseRef-EU-Reuse-Decision-2011-833.MISSING.txt").read_text(encoding="utf-8")
    assert "Whoever hands the student on adds it here" in gone
    assert "https://eur-lex.europa.eu/eli/dec/2011/833/oj" in gone


def test_restrictions_whose_text_is_missing_are_open(chained):
    found = status(chained(base="hf:nvidia/Nemotron-4-340B-Instruct"), "nvidia-trustworthy-ai")
    assert found.status == "open"
    assert "Trustworthy AI terms" in found.todo
    assert found.who == "the provider's legal department"


def test_inside_the_house_nothing_is_handed_on(chained):
    lineage = chained(base=LLAMA_BASE, distribution="internal")
    assert status(lineage, "llama-name").status == "not-due"
    assert status(lineage, "llama-use-policy").status == "done"


def test_only_a_person_does_what_no_file_can(chained):
    found = status(chained(documents=(document(1, "GPL-3.0-only", "P"),)), "test-repetition")
    assert (found.status, found.where) == ("open", None)


# Every duty of the facts on a chain that asks for it, so that each doer meets each duty.
CHAINS = (
    {"base": LLAMA_BASE}, {"base": "hf:meta-llama/Meta-Llama-3-8B-Instruct"}, {"teacher": QWEN_72, "base": QWEN_72},
    {"teacher": GEMMA}, {"teacher": DEEPSEEK}, {"base": "hf:microsoft/phi-4"}, {"base": "hf:Qwen/Qwen-7B"},
    {"teacher": "hf:Qwen/Qwen3.8-Max"}, {"base": "hf:tiiuae/falcon-11B"}, {"base": "hf:tiiuae/Falcon3-1B-Base"},
    {"base": "hf:CohereLabs/aya-expanse-8b"}, {"base": "hf:xai-org/grok-2"}, {"base": "hf:bigscience/bloom-7b1"},
    {"base": "hf:nvidia/Nemotron-4-340B-Instruct"}, {"base": "hf:mistralai/Ministral-8B-Instruct-2410"},
    {"base": "hf:stabilityai/stablelm-2-1_6b"}, {"base": "hf:bigcode/starcoder2-3b"}, {"teacher": "openai:gpt-4o"},
    {"base": "hf:mistralai/Codestral-22B-v0.1"},
    {"teacher": "gemini:gemini-2.5-flash"}, {"teacher": "mistral:mistral-large"}, {"teacher": "deepseek:chat"},
    {"teacher": "openrouter:qwen/qwen3-8b"},
    *({"documents": (document(1, name, "P", url="https://example.org"),)} for name in (
        "CC-BY-4.0", "CC-BY-SA-4.0", "CC-SA-1.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "ODC-By-1.0", "ODbL-1.0", "C-UDA-1.0",
        "CDLA-Permissive-2.0", "CDLA-Permissive-1.0", "CDLA-Sharing-1.0", "OGL-UK-3.0", "etalab-2.0", "DL-DE-BY-2.0",
        "LicenseRef-EU-Reuse-Decision-2011-833", "MIT", "Apache-2.0", "GPL-3.0-only", "GFDL-1.3-only",
        "LicenseRef-Own-Work", "LicenseRef-Client-Material", "LicenseRef-SEC-EDGAR-filings",
        "LicenseRef-PhysioNet-Credentialed",
    )),
)  # fmt: skip
# Licenses that cards of models state, of which no family of models is known by name.
CARDS = ("bigscience-openrail-m", "openmdw-1.0", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0")


def stated(license_, folder):
    """Return the path of weights whose card states a license."""
    base = folder / f"weights-{license_}"
    base.mkdir()
    (base / "README.md").write_text(f"---\nlicense: {license_}\n---\n", encoding="utf-8")
    return str(base)


def test_every_duty_of_the_facts_is_done_or_left_to_somebody(chained, tmp_path):
    met = {}
    for chain_ in (*CHAINS, *({"base": stated(name, tmp_path)} for name in CARDS)):
        for row in duties_done.statuses(chained(**chain_)):
            met.setdefault(row.duty, row)
            assert row.status in ("done", "open", "not-due")
            assert row.where or row.todo, row.duty
            assert row.status != "open" or row.who, row.duty
    persons = {name for name, row in duties().items() if row.kind == "person"}
    assert set(duties()) - set(met) - persons == set()


def test_a_student_of_a_share_alike_base_is_handed_on_alike(chained, tmp_path):
    base = stated("cc-by-sa-4.0", tmp_path)
    assert status(chained(base=base), "share-alike-student").status == "open"
    alike = chained(base=base, license="CC-BY-SA-4.0")
    assert status(alike, "share-alike-student").status == "done"
    assert "Changed files" in line(alike, status(alike, "state-base-changed").where, tmp_path)


def test_the_table_of_doers_knows_every_kind_of_duty():
    assert {row.kind for row in duties().values()} <= set(duties_done.DOERS)


def test_done_points_at_a_line_that_stands_there(chained, tmp_path):
    seen = 0
    for chain_ in CHAINS[:6]:
        lineage = chained(**chain_)
        for row in duties_done.statuses(lineage):
            if row.status == "done" and row.where.rpartition(":")[2].isdigit():
                assert line(lineage, row.where, tmp_path).strip(), row.duty
                seen += 1
    assert seen > 15
