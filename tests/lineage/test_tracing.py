"""Both ways: from a record to its source, from a source, a license or a teacher to all that was made of it."""

from __future__ import annotations

import pytest

from kdvert.errors import UserError
from kdvert.lineage.target import matcher, of_license, of_teacher
from kdvert.lineage.tracing import trace
from kdvert.records import Example, Verdict
from kdvert.store import read_jsonl, write_jsonl


def follow(site, what):
    return trace(site.lineage, site.target(what))


def record_of(site, uri, row=None) -> str:
    document = site.id(uri, row)
    return next(r for r, t in site.lineage.records.items() if t.example.provenance.document_ids[0] == document)


def test_from_a_record_to_its_source(site):
    id_ = record_of(site, "sources/asthma.md")
    found = follow(site, id_)
    (record,) = found.records
    document = found.documents[0]
    assert (found.kind, record.id, record.state) == ("record", id_, "accepted")
    assert document.id == record.cited[0] == site.id("sources/asthma.md")
    assert (document.license, document.retrieved) == ("CC0-1.0", "2026-01-31")
    assert len(document.sha256) == 64
    assert record.terms == ["Apache-2.0"]
    assert record.text.quote in record.text.messages[1].content
    assert record.text.evidence[0].chunk_id in document.passages
    assert record.text.request_ids
    assert record.text.templates
    assert record.place in ("train", "validation")
    assert [a.path for a in found.adapters] == ["work/distill/adapter"]
    assert found.files["filter/accepted.jsonl"] == found.files["review/accepted.jsonl"] == 1


def test_a_record_that_people_keep_out_says_why(site):
    id_ = record_of(site, "sources/asthma.md")
    accepted = read_jsonl(site.work / "review/accepted.jsonl", Example)
    out = [
        e.model_copy(update={"verdicts": [*e.verdicts, Verdict(check="review", passed=False, reason="reviewer_wrong")]})
        for e in accepted
        if e.id == id_
    ]
    write_jsonl(site.work / "review/accepted.jsonl", [e for e in accepted if e.id != id_])
    write_jsonl(site.work / "review/rejected.jsonl", out)
    found = follow(site, id_)
    assert (found.records[0].state, found.records[0].reasons) == ("rejected", ["reviewer_wrong"])
    assert found.files["filter/accepted.jsonl"] == found.files["review/rejected.jsonl"] == 1
    assert "review/accepted.jsonl" not in found.files


def test_a_rejected_record_says_why_and_reaches_no_adapter(site):
    found = follow(site, record_of(site, "sources/rows.jsonl", "eyes"))
    assert found.records[0].state == "rejected"
    assert found.records[0].reasons == ["too_short"]
    assert found.records[0].place is None
    assert found.adapters == []
    assert found.files == {"filter/rejected.jsonl": 1}


def test_from_a_source_to_all_that_was_made_of_it(site):
    found = follow(site, "sources/zeppelin.md")
    (document,) = found.documents
    assert found.records
    assert document.records == {"accepted": len(found.records)}
    assert document.passages
    assert found.questions
    assert found.adapters[0].train + found.adapters[0].validation >= 1
    assert found.reports == ["work/report/report.html"]


def test_text_that_stands_twice_is_told(site):
    (document,) = follow(site, "sources/ward/stroke.md").documents
    assert document.same_text == {site.id("sources/copy.md"): 1}


@pytest.mark.parametrize(
    ("what", "documents"),
    [
        ("sources/*.md", 4), ("sources/**", 9), ("sources/ward", 1), ("sources/ward/", 1), ("Example Press", 4),
        ("example press", 4), ("CC-BY-4.0", 4), ("sources/rows.jsonl", 4), ("sources/rows.jsonl#eyes", 1),
        ("sources/rows.jsonl#2", 1), ("sources/asthma.md", 1),
    ],
)  # fmt: skip
def test_ways_to_name_a_source(site, what, documents):
    assert len(follow(site, what).documents) == documents


def test_a_path_may_be_absolute_or_relative_to_where_one_stands(site, monkeypatch):
    assert len(follow(site, str(site.root / "sources" / "asthma.md")).documents) == 1
    monkeypatch.chdir(site.root / "sources")
    assert len(follow(site, "asthma.md").documents) == 1


def test_a_beginning_will_do_if_it_is_unique(site):
    id_ = record_of(site, "sources/asthma.md")
    assert follow(site, id_[:12]).records[0].id == id_
    assert follow(site, f"{id_[:12]}…-0").records[0].id == id_
    assert follow(site, f"{site.id('sources/asthma.md')}@").kind == "passage"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("doc-00", "is the beginning of"), ("doc-9999", "fits 'doc-9999'"), ("", "Nothing was named"),
        ("../../etc/passwd", "Nothing in this project"), ("/etc/passwd", "Nothing in this project"),
        ("sources/nothing.md", "Nothing in this project"), ("abc", "Nothing in this project"), ("#", "Nothing in"),
        ("*", "Nothing in this project"),
    ],
)  # fmt: skip
def test_what_means_nothing_or_too_much_is_refused(site, what, said):
    with pytest.raises(UserError, match=said):
        site.target(what)


def test_a_change_of_mind_about_a_license(site):
    found = trace(site.lineage, of_license(site.lineage, "cc-by-4.0"))
    assert {d.license for d in found.documents} == {"CC-BY-4.0"}
    assert found.records
    assert all("CC-BY-4.0" in r.licenses for r in found.records)
    assert found.files["distill/train.jsonl"] >= 1
    assert [a.path for a in found.adapters] == ["work/distill/adapter"]
    with pytest.raises(UserError, match="GPL") as error:
        of_license(site.lineage, "GPL-3.0-only")
    assert "CC-BY-4.0" in error.value.hint


def test_a_change_of_mind_about_a_teacher_and_its_terms(site):
    found = trace(site.lineage, of_teacher(site.lineage, "GPT-4o"))
    assert len(found.records) == 1
    assert found.records[0].terms == ["route:openai"]
    assert trace(site.lineage, of_license(site.lineage, "route:openai")).records[0].id == found.records[0].id
    with pytest.raises(UserError, match="No record"):
        of_teacher(site.lineage, "claude")
    with pytest.raises(UserError, match="several teachers"):
        of_teacher(site.lineage, "n")


def test_a_telling_file_name_is_not_shown(site):
    found = follow(site, "sources/Ottoline Quennell.md")
    assert "Quennell" not in found.model_dump_json()
    assert found.subject == site.id("sources/Ottoline Quennell.md")
    with pytest.raises(UserError) as error:
        site.target("sources/Ottoline Quennel.md")
    assert "Ottoline" not in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "fits", "misses"),
    [
        ("sources/*.md", "sources/a.md", "sources/b/a.md"),
        ("sources/**", "sources/b/a.md", "other/a.md"),
        ("sources/**/a.md", "sources/a.md", "sources/b.md"),
        ("sources/?.md", "sources/a.md", "sources/ab.md"),
        ("sources/[!a].md", "sources/b.md", "sources/a.md"),
        ("sources/a+b.md", "sources/a+b.md", "sources/aab.md"),
    ],
)
def test_globs_are_read_as_ingest_reads_them(pattern, fits, misses):
    assert matcher(pattern)(fits)
    assert not matcher(pattern)(misses)
