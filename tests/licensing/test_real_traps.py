"""Real corpora whose license misleads, through a project folder: ingest, then the license check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from kdvert.licensing.chain import Report
from kdvert.licensing.links import Link
from kdvert.pipeline import gates, runner
from kdvert.pipeline.scaffold import new_project
from kdvert.project import read
from kdvert.verticals import load

ROOT = Path(__file__).parents[2]
CORPUS = next((p for p in (ROOT.parent / "shared/data/corpus", ROOT / "shared/data/corpus") if p.is_dir()), None)
pytestmark = pytest.mark.skipif(CORPUS is None, reason="the real corpora (shared/data/corpus) are not here")
TODAY = date(2026, 11, 24)
Judge = Callable[..., Report]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Return a function that makes a project of rows of a real corpus, ingests them and judges the project."""

    def run(
        name: str, rule: str = "", *, use: str = "distribution: internal, commercial: true", rows: int = 40
    ) -> Report:
        assert CORPUS
        root = tmp_path / Path(name).stem
        new_project(load(Path(name).parent.name), root)
        for sample in (root / "sources").iterdir():
            sample.unlink()
        with open(CORPUS / name, encoding="utf-8") as stream:
            (root / "sources" / "rows.jsonl").write_text("".join(islice(stream, rows)), encoding="utf-8")
        settings = (
            f'vertical: {Path(name).parent.name}\nuse: {{{use}}}\ningest: {{sources: [{{path: "sources/*"{rule}}}]}}\n'
        )
        (root / "kdvert.yaml").write_text(settings, encoding="utf-8")
        project = read(root)
        made = runner.prepare(project, ())
        runner.execute(made, last="ingest")
        return gates.license_report(project, made.resolved, project.work, TODAY)

    return run


def of_sources(report: Report) -> list[Link]:
    return [link for link in report.links if link.kind == "source"]


def test_a_non_commercial_book_blocks_a_commercial_project(judged: Judge) -> None:
    report = judged("law/openstax_business_law.nc-sa.jsonl")
    assert report.verdict == "block"
    assert [(link.verdict, link.code) for link in of_sources(report)] == [("block", "source.non-commercial")]


def test_the_same_book_is_allowed_inside_a_non_commercial_project(judged: Judge) -> None:
    report = judged("law/openstax_business_law.nc-sa.jsonl", use="distribution: internal, commercial: false")
    assert report.verdict == "allow-with-duties"


def test_stating_the_former_license_does_not_help(judged: Judge) -> None:
    report = judged("law/openstax_business_law.nc-sa.jsonl", ", license: CC-BY-4.0")
    assert report.verdict == "block"
    (mismatch,) = [link for link in of_sources(report) if link.code == "source.mismatch"]
    assert "CC-BY-NC-SA-4.0 found, CC-BY-4.0 stated" in mismatch.subject


def test_federal_law_is_free(judged: Judge) -> None:
    report = judged("law/us_code.jsonl")
    assert [link.verdict for link in of_sources(report)] == ["allow"]
    assert report.verdict in ("allow", "allow-with-duties")


@pytest.mark.parametrize(
    "use", ["distribution: internal, commercial: true", "distribution: distributed, commercial: true"]
)
def test_abstracts_of_publishers_are_a_matter_for_counsel(judged: Judge, use: str) -> None:
    report = judged("medicine/pubmedqa_abstracts.jsonl", use=use)
    assert report.verdict == "ask-counsel"
    by_subject = {link.subject.split(",")[0]: link.verdict for link in of_sources(report)}
    assert by_subject == {"MIT": "allow-with-duties", "PubMed abstracts": "ask-counsel"}


@pytest.mark.parametrize(
    "name",
    [
        "science/openstax_microbiology.jsonl",
        "education/openstax_psychology.jsonl",
        "finance/openstax_principles_finance.jsonl",
    ],
)
def test_a_former_edition_needs_proof(judged: Judge, name: str) -> None:
    report = judged(name, ", edition: 'commit before spring 2026'")
    assert "keep-edition-proof" in [duty.id for duty in report.duties]
    assert report.verdict == "allow-with-duties"


def test_tables_of_companies_are_a_matter_for_counsel(judged: Judge) -> None:
    assert judged("finance/tatqa_dev_reports.jsonl").verdict == "ask-counsel"
