"""The filter stage: what it keeps, what it says of the rest, and when it fails."""

import json

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.records import Chunk, Evidence, Example, Message, Provenance, Sampling, sha256_text
from kdvert.stages import filter as stage
from kdvert.store import read_json, read_jsonl, write_jsonl


@pytest.fixture
def ctx(make_context, tmp_path):
    inputs = {"index": tmp_path / "index", "elicit": tmp_path / "elicit"}
    text = "Hand sanitizer should contain at least 60 percent alcohol."
    chunk = Chunk(id="c", document_id="d", start=0, end=len(text), title="T", license="CC0-1.0", text=text)
    write_jsonl(inputs["index"] / "chunks.jsonl", [chunk])
    write_jsonl(
        inputs["elicit"] / "examples.jsonl",
        [example(1, text), example(0, text), example(2, text, quote="Nobody wrote this."), example(3, text, "Was?")],
    )
    return make_context("filter", inputs)


def example(number, text, question="What should hand sanitizer contain?", quote=None) -> Example:
    return Example(
        id=f"{number:03}", vertical="medicine", strategy="curation", skill="grounded_qa",
        messages=[Message(role="user", content=question), Message(role="assistant", content=text)],
        evidence=[Evidence(chunk_id="c", start=0, end=len(text), quote_sha=sha256_text(text))], quote=quote or text,
        provenance=Provenance(
            teacher="t", route="local", templates={}, request_ids=[], chunk_ids=["c"], document_ids=["d"],
            licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(), versions={},
        ),
    )  # fmt: skip


def test_accepted_rejected_and_reasons(ctx):
    summary = stage.run(ctx, stage.Config())
    assert (summary["examined"], summary["accepted"], summary["rejected"]) == (4, 1, 3)
    accepted = read_jsonl(ctx.out / "accepted.jsonl", Example)
    assert [e.id for e in accepted] == ["000"], "of two copies the first by id stays, whatever the order of the file"
    assert all(v.passed for v in accepted[0].verdicts)
    assert {v.check for v in accepted[0].verdicts} >= {"evidence", "language", "checks.dose_has_unit"}
    rejected = {
        e.id: [v.reason for v in e.verdicts if not v.passed] for e in read_jsonl(ctx.out / "rejected.jsonl", Example)
    }
    assert rejected["001"] == ["exact_duplicate", "near_duplicate"]
    assert "quote_not_found" in rejected["002"]
    assert "too_short" in rejected["003"]
    assert read_json(ctx.out / "summary.json") == summary


def test_too_few_records_fail_and_name_the_reasons(ctx):
    with pytest.raises(WorkFailed, match=r"1 of 4 records passed.*at least 2.*exact_duplicate") as caught:
        stage.run(ctx, stage.Config(min_accepted=2))
    assert "rejected.jsonl" in str(caught.value)
    assert len(read_jsonl(ctx.out / "rejected.jsonl", Example)) == 3


def test_none_may_be_asked_for(ctx):
    assert stage.run(ctx, stage.Config(filters=["evidence"], min_accepted=0))["accepted"] == 3


def test_the_projects_own_held_out_questions_count(ctx, tmp_path):
    item = {"id": "e", "question": "What should hand sanitizer contain?", "answer": "Alcohol", "task": "short_answer",
            "source": "s", "license": "CC0-1.0"}  # fmt: skip
    (tmp_path / "held.jsonl").write_text(json.dumps(item) + "\n")
    config = stage.Config(eval_files=["held.jsonl"], min_accepted=0)
    assert stage.run(ctx, config)["reasons"]["eval_overlap"] == 3
    assert tmp_path / "held.jsonl" in stage.content(ctx, config)


def test_a_missing_held_out_file_is_the_users_error(ctx):
    with pytest.raises(UserError, match=r"nowhere\.jsonl do not exist"):
        stage.run(ctx, stage.Config(eval_files=["nowhere.jsonl"]))


def test_an_unknown_filter_is_the_users_error(ctx):
    with pytest.raises(UserError, match="Unknown filter 'evidnce'"):
        stage.run(ctx, stage.Config(filters=["evidnce"]))


def test_no_records_at_all(ctx):
    write_jsonl(ctx.inputs["elicit"] / "examples.jsonl", [])
    with pytest.raises(WorkFailed, match="none was written"):
        stage.run(ctx, stage.Config())
