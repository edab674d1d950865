"""The main job on real documents with real models, no network."""

from __future__ import annotations

import json
from pathlib import Path

from kdvert.records import Chunk, Document, Example
from kdvert.store import read_jsonl

STAGES = ["ingest", "scrub", "index", "elicit", "filter", "review", "features", "distill", "evaluate", "report"]


def work(finished) -> Path:
    return finished.root / "work"


def test_nothing_tried_to_reach_the_network(finished):
    assert not finished.attempts.exists() or finished.attempts.read_text() == ""


def test_a_second_run_does_nothing_and_says_so(finished, small_settings):
    before = {p: p.stat().st_mtime_ns for p in (work(finished)).rglob("*.jsonl")}
    assert "Nothing to do" in finished.run("run", *small_settings)
    assert {p: p.stat().st_mtime_ns for p in (work(finished)).rglob("*.jsonl")} == before


def test_dry_run_says_why(finished, small_settings):
    plan = finished.json("run", *small_settings, "--dry-run", "--set", "distill.epochs=3")
    reasons = {s["stage"]: s["reason"] for s in plan["stages"]}
    assert reasons["filter"] is None
    assert reasons["distill"] == "its settings changed"
    assert "distill" in reasons["evaluate"]


def test_every_accepted_record_shows_its_lineage(finished):
    documents = {d.id: d for d in read_jsonl(work(finished) / "scrub" / "documents.jsonl", Document)}
    chunks = {c.id: c for c in read_jsonl(work(finished) / "index" / "chunks.jsonl", Chunk)}
    accepted = read_jsonl(work(finished) / "review" / "accepted.jsonl", Example)
    assert len(accepted) >= 4
    for example in accepted:
        assert example.accepted
        assert example.verdicts
        for evidence in example.evidence:
            chunk = chunks[evidence.chunk_id]
            quote = chunk.text[evidence.start : evidence.end]
            assert example.quote.split() == quote.split()
            assert documents[chunk.document_id].text[chunk.start : chunk.end] == chunk.text
            assert chunk.license == documents[chunk.document_id].source.license == "CC0-1.0"
        assert example.provenance.templates
        assert all(len(sha) == 64 for sha in example.provenance.templates.values())
        assert {"SmolLM2" in example.provenance.teacher or "embedded" in example.provenance.teacher} == {True}


def test_no_planted_identifier_survives_anywhere_after_scrub(finished):
    """The identifiers are read from the raw documents by their form, then looked for in every later byte."""
    import re

    raw = "\n".join(d.text for d in read_jsonl(work(finished) / "ingest" / "documents.jsonl", Document))
    planted = set(re.findall(r"[\w.]+@example\.(?:com|org)", raw)) | set(
        re.findall(r"\b\d{3}-555-\d{4}|\(\d{3}\) 555-\d{4}", raw)
    )
    assert planted, "the sample documents plant identifiers"
    for path in work(finished).rglob("*"):
        if path.is_file() and path.relative_to(work(finished)).parts[0] not in ("ingest",):
            data = path.read_bytes()
            assert not [p for p in planted if p.encode() in data], path


def test_the_student_is_compared_with_its_base(finished):
    summary = json.loads((work(finished) / "evaluate" / "summary.json").read_text())
    modes = {(r["mode"], r["metric"]) for r in summary["rows"]}
    assert {m for m, _ in modes} == {"closed_book", "retrieval"}
    for row in summary["rows"]:
        assert row["low"] <= row["delta"] <= row["high"]


def test_the_adapter_names_its_base_data_and_settings(finished):
    folder = work(finished) / "distill"
    facts = json.loads((folder / "adapter.json").read_text())
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()
    assert {"base", "base_sha256", "data_sha256", "config", "versions"} <= set(facts)


def test_the_report_is_one_file_without_network(finished):
    html = (work(finished) / "report" / "report.html").read_text()
    assert "http-equiv" in html
    assert "<script src" not in html
    assert "<link" not in html
    assert html.count("<mark>") >= 3


def test_status_after_the_run(finished, small_settings):
    rows = finished.json("status", *small_settings)["stages"]
    assert [r["stage"] for r in rows] == STAGES
    assert {r["state"] for r in rows} == {"up to date"}


def test_each_run_has_a_log_file(finished):
    logs = sorted((work(finished) / "logs").glob("*-run.log"))
    assert logs
    assert "stage distill: done" in logs[0].read_text()


def test_a_changed_document_changes_what_depends_on_it(copy, small_settings):
    path = copy.root / "sources" / "asthma.md"
    path.write_text(
        path.read_text() + "\nAsthma action plans list the daily medicines and the steps for a worsening.\n"
    )
    plan = copy.json("run", *small_settings, "--dry-run")
    assert plan["stages"][0]["reason"].endswith("asthma.md changed")


def test_a_document_without_a_license_blocks_and_is_named(copy, small_settings):
    (copy.root / "sources" / "mystery.txt").write_text("A text whose license nobody stated.\n")
    shown = json.loads(copy.run("run", *small_settings, "--json", code=3))
    assert "mystery.txt" in shown["error"]
