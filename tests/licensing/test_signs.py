"""What is gathered of every document, and how a run's sources are read back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kdvert.licensing import chain
from kdvert.licensing.chain import Mismatch, SourceUse
from kdvert.licensing.corpora import Origin
from kdvert.licensing.detection.contract import Evidence
from kdvert.licensing.signs import Sign, Signs, Stated
from kdvert.licensing.sources_of_run import sources_of_run, terms_by_document
from kdvert.licensing.use import Use
from kdvert.records import Document, Source
from kdvert.store import read_jsonl, write_jsonl

PAGE = '<meta name="dcterms.license" content="https://creativecommons.org/licenses/by-nc/4.0/">'


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """A page that shows CC-BY-NC-4.0."""
    path = tmp_path / "a.html"
    path.write_text(PAGE, encoding="utf-8")
    return Evidence(path=path, suffix=".html", text="Text")


def stated(**changes: object) -> Stated:
    return Stated(**({"license": "CC-BY-4.0", "overruled": None, "number": 0, "rule": "'sources/*'"} | changes))  # type: ignore[arg-type]


def test_agreement_silence_and_mismatch_are_counted(tmp_path: Path, evidence: Evidence) -> None:
    signs = Signs()
    plain = Evidence(path=tmp_path / "b.txt", suffix=".txt", text="Text", row=True)
    with signs.kept(tmp_path):
        signs.add("d1", stated(), evidence, Origin(url="https://arxiv.org/abs/1"))
        signs.add("d2", stated(license="CC-BY-NC-4.0"), evidence, Origin())
        signs.add("d3", stated(written_by=["openai:gpt-4"]), plain, Origin())
    summary = signs.summary()
    counts = {name: summary["license_signs"][name] for name in ("agree", "none", "differ", "unreadable")}
    assert counts == {"agree": 1, "none": 1, "differ": 1, "unreadable": 0}
    assert (summary["license_mismatches"], summary["settled_mismatches"]) == (1, 0)
    assert [(row.id, row.agrees) for row in read_jsonl(tmp_path / "detected.jsonl", Sign)] == [
        ("d1", False),
        ("d2", True),
    ]
    run = sources_of_run(tmp_path)
    assert run.mismatches == [
        Mismatch(declared="CC-BY-4.0", detected="CC-BY-NC-4.0", method="html", documents=1,
                 where="'sources/*', the meta element dcterms.license")
    ]  # fmt: skip
    assert run.uses == [
        SourceUse(license="CC-BY-4.0", corpora=("arxiv",), written_by=("openai:gpt-4",)),
        SourceUse(license="CC-BY-NC-4.0"),
    ]
    assert terms_by_document(tmp_path)["d3"] == SourceUse(license="CC-BY-4.0", written_by=("openai:gpt-4",))


def test_a_user_settles_a_mismatch_with_a_reason(tmp_path: Path, evidence: Evidence) -> None:
    signs = Signs()
    entries = ["cc by-nc 4.0: the publisher lifted it, letter of 2026-03-01", "MIT: never seen"]
    with signs.kept(tmp_path):
        signs.add("d1", stated(settled=entries), evidence, Origin())
    assert signs.summary()["settled_mismatches"] == 1
    assert signs.idle(0, entries) == ["MIT: never seen"]
    run = sources_of_run(tmp_path)
    assert run.mismatches == []
    assert [(row.mismatch.detected, row.reason) for row in run.settled] == [
        ("CC-BY-NC-4.0", "the publisher lifted it, letter of 2026-03-01")
    ]


def test_a_row_against_its_rule(tmp_path: Path) -> None:
    signs = Signs()
    row = Evidence(path=tmp_path / "a.jsonl", suffix=".jsonl", text="Text", row=True)
    with signs.kept(tmp_path):
        signs.add("d1", stated(license="CC-BY-NC-4.0", overruled="CC-BY-4.0"), row, Origin())
        signs.add("d2", stated(license="CC-BY-4.0", overruled="CC-BY-4.0"), row, Origin())
    (found,) = sources_of_run(tmp_path).mismatches
    assert (found.declared, found.detected, found.documents) == ("CC-BY-4.0", "CC-BY-NC-4.0", 1)


def test_what_a_corpus_was_written_by_counts_too(tmp_path: Path) -> None:
    signs = Signs()
    row = Evidence(path=tmp_path / "a.jsonl", suffix=".jsonl", text="Text", row=True)
    with signs.kept(tmp_path):
        signs.add("d1", stated(), row, Origin(url="https://huggingface.co/datasets/tatsu-lab/alpaca"))
    assert sources_of_run(tmp_path).uses == [
        SourceUse(license="CC-BY-4.0", corpora=("alpaca",), written_by=("openai:text-davinci-003",))
    ]


def test_output_of_an_older_version(tmp_path: Path) -> None:
    source = Source(uri="sources/a.md", title="A", license="MIT", sha256="0")
    write_jsonl(tmp_path / "documents.jsonl", [Document(id="d1", source=source, text="Text")])
    assert sources_of_run(tmp_path) == ([SourceUse(license="MIT")], [], [])


def test_what_was_settled_is_shown_and_weighs_nothing() -> None:
    row = Mismatch(declared="CC-BY-4.0", detected="CC-BY-NC-4.0", method="html", where="'sources/*'", documents=2)
    report = chain.check(
        sources=[SourceUse(license="CC-BY-4.0")], teacher="embedded", base_url=None, student="embedded",
        use=Use(distribution="distributed"), today=date(2026, 11, 24), settled=[(row, "letter of 2026-03-01")],
    )  # fmt: skip
    (shown,) = [link for link in report.links if link.code == "source.settled"]
    assert (shown.verdict, report.verdict) == ("allow", "allow-with-duties")
    assert "letter of 2026-03-01" in shown.reason
