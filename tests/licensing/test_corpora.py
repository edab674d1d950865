"""Known corpora: how they are recognized, and that their facts only tighten."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from kdvert import verticals
from kdvert.content import compliance_facts
from kdvert.errors import UserError
from kdvert.licensing import chain, corpora
from kdvert.licensing.chain import SourceUse
from kdvert.licensing.corpora import Origin, all_corpora, known
from kdvert.licensing.detection.contract import Evidence
from kdvert.licensing.detection.table import detect
from kdvert.licensing.models import standing
from kdvert.licensing.rulings import ORDER
from kdvert.licensing.terms import known_licenses, validate_expression
from kdvert.licensing.use import Use

TODAY = date(2026, 11, 24)
USES = [Use(distribution=d, commercial=c) for d in ("internal", "hosted", "distributed") for c in (True, False)]


@pytest.mark.parametrize("id_", sorted(all_corpora()))
def test_examples_are_recognized_and_near_misses_are_not(id_: str) -> None:
    row = all_corpora()[id_]
    assert [e for e in row.examples if id_ not in known(e)] == []
    assert [e for e in row.near_misses if id_ in known(e)] == []


def test_every_trap_of_the_issue_is_known() -> None:
    wanted = {
        "pmc-open-access", "pubmed-abstracts", "arxiv", "openstax", "uk-find-case-law", "eur-lex", "courtlistener",
        "caselaw-access-project", "pacer-dockets", "company-filings", "wikipedia", "physionet-credentialed", "dbgap",
        "alpaca", "sharegpt", "written-by-gpt", "resold-exam-questions", "stack-exchange", "common-crawl", "statpearls",
        "cochrane", "us-state-law", "uk-government", "news", "privileged-matter",
    }  # fmt: skip
    assert wanted <= set(all_corpora())


@pytest.mark.parametrize("id_", sorted(all_corpora()))
def test_licenses_and_models_named_in_a_row_exist(id_: str) -> None:
    row = all_corpora()[id_]
    for entry in row.terms:
        for license_ in entry.licenses:
            validate_expression(license_)
    assert [ref for ref in row.written_by if standing(ref).unknown] == []


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.distribution}-{use.commercial}")
def test_a_corpus_only_tightens_what_its_license_says(use: Use) -> None:
    def verdict(*ids: str, license_: str) -> str:
        sources = [SourceUse(license=license_, corpora=ids)]
        links = chain.check(
            sources=sources, teacher="embedded", base_url=None, student="embedded", use=use, today=TODAY
        ).links
        return max((row.verdict for row in links if row.kind == "source"), key=ORDER.index)

    looser = [
        (id_, license_)
        for license_ in ("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-SA-4.0", "LicenseRef-Open-Justice-Licence")
        for id_ in all_corpora()
        if ORDER.index(verdict(id_, license_=license_)) < ORDER.index(verdict(license_=license_))
    ]
    assert looser == []


def test_rows_are_no_copies_of_each_other() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (compliance_facts() / "corpora").glob("*.yaml")]
    rows = [row for text in texts for row in yaml.safe_load(text)["corpora"]]
    assert len({row["trap"] for row in rows}) == len(rows) == len(all_corpora())


def test_terms_go_by_the_license_that_was_stated() -> None:
    fresh = corpora.terms("openstax", "CC-BY-4.0")
    assert fresh is not None
    assert fresh.duties == ["keep-edition-proof", "name-sources"]
    assert corpora.terms("openstax", "CC-BY-NC-SA-4.0") is None
    other = corpora.terms("openstax", "MIT")
    assert other is not None
    assert other.verdict == "ask-counsel"
    both = corpora.terms("wikipedia", "CC-BY-SA-4.0 AND GFDL-1.3-or-later")
    assert both is None
    assert corpora.terms("wikipedia", "CC-BY-SA-4.0 AND MIT") is not None


def test_general_knowledge_allows_nothing() -> None:
    allowed = [
        (row.id, license_)
        for row in all_corpora().values()
        for license_ in known_licenses()
        if (terms := row.terms_for(license_)) and terms.confidence == "L" and terms.verdict == "allow"
    ]
    assert allowed == []


def test_models_that_wrote_a_corpus_are_judged_as_writers() -> None:
    assert corpora.writers(["alpaca", "cosmopedia", "alpaca"]) == (
        "openai:text-davinci-003", "hf:mistralai/Mixtral-8x7B-Instruct-v0.1",
    )  # fmt: skip
    use = Use(distribution="distributed", commercial=True)
    source = SourceUse(license="CC-BY-4.0", written_by=corpora.writers(["alpaca"]))
    report = chain.check(sources=[source], teacher="embedded", base_url=None, student="embedded", use=use, today=TODAY)
    assert [row.verdict for row in report.links if row.kind == "writer"] == ["block"]


def test_a_remote_teacher_for_data_of_patients_is_a_conflict() -> None:
    use = Use(distribution="internal", commercial=False)
    source = SourceUse(license="LicenseRef-Own-Work", corpora=("physionet-credentialed",))
    report = chain.check(
        sources=[source], teacher="openai:gpt-4o", base_url=None, student="embedded", use=use, today=TODAY
    )
    assert "remote-teacher" in [conflict.code for conflict in report.conflicts]
    assert report.verdict == "block"


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UserError, match="opnstax") as caught:
        corpora.corpus("opnstax")
    assert "openstax" in str(caught.value.hint)


def test_nothing_known_is_of_no_corpus() -> None:
    assert known(Origin()) == ()
    assert known(Origin(url="https://example.org/a", title="Our own manual", text="Wash your hands. " * 1000)) == ()


@pytest.mark.timeout(30)
def test_long_and_odd_origins_take_no_time() -> None:
    long = "a" * 200_000
    assert (
        known(Origin(url="https://" + long, source="@" * 100_000, title=long, text="arXiv:" * 100_000, id=long)) == ()
    )


@pytest.mark.parametrize("name", ["education", "finance", "law", "medicine", "science"])
def test_our_own_samples_are_of_no_corpus_and_show_no_license(name: str) -> None:
    found = []
    for path in verticals.load(name).corpus:
        text = path.read_text(encoding="utf-8")
        signs, failed = detect(Evidence(path=path, suffix=path.suffix, text=text))
        found += [(path.name, *known(Origin(title=path.stem, text=text)), *signs, *failed)]
    assert [row for row in found if len(row) > 1] == []
    assert len(found) >= 12
