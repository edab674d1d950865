"""The stage review: nothing without decisions, what people decided with them, anew only for decisions about records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kdvert.decisions import enrolling, erasable, signers, trail
from kdvert.errors import WorkFailed
from kdvert.pipeline.fingerprint import fingerprint
from kdvert.pipeline.table import row
from kdvert.records import Evidence, Example, Message, Provenance, Sampling, Verdict, sha256_text
from kdvert.rulings.contents import content_sha
from kdvert.rulings.policy import Policy
from kdvert.stages import review as stage
from kdvert.store import read_json, read_jsonl, write_jsonl

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def record(number: int, failed: str | None = None) -> Example:
    quote, request = f"Sentence {number}.", sha256_text(str(number))
    origin = Provenance(
        teacher="embedded", route="local", templates={}, request_ids=[request], chunk_ids=["doc-0001@0-11"],
        document_ids=["doc-0001"], licenses=["CC0-1.0"], terms=[], sampling=Sampling(), versions={},
    )  # fmt: skip
    return Example(
        id=f"{request}-0", vertical="medicine", strategy="curation", skill="grounded_qa", quote=quote,
        messages=[Message(role="user", content="What?"), Message(role="assistant", content=quote)],
        evidence=[Evidence(chunk_id="doc-0001@0-11", start=0, end=11, quote_sha=sha256_text(quote))],
        provenance=origin, verdicts=[Verdict(check="length", passed=failed is None, reason=failed)],
    )  # fmt: skip


ACCEPTED = sorted([record(n) for n in range(4)], key=lambda e: e.id)
REJECTED = [record(9, "too_short")]


@pytest.fixture
def ctx(make_context, tmp_path):
    write_jsonl(tmp_path / "work/filter/accepted.jsonl", ACCEPTED)
    write_jsonl(tmp_path / "work/filter/rejected.jsonl", REJECTED)
    return make_context("review", {"filter": tmp_path / "work/filter"})


@pytest.fixture
def enroll(tmp_path):
    return lambda name, role: enrolling.enroll(tmp_path, name=name, role=role, now=NOW, fresh=True)[0]


@pytest.fixture
def decide(tmp_path):
    def decided(who, kind, example, **refs):
        about = {"record": example.id, "content": content_sha(example), **refs}
        return trail.append(tmp_path, f"record-{kind}", now=NOW, signer=who, refs=about)

    return decided


@pytest.fixture
def key(ctx, tmp_path):
    """Return a function that gives what the stage depends on."""
    return lambda: fingerprint(row("review"), ctx, Policy(), {})["content"]


def written(ctx, name):
    return read_jsonl(ctx.out / f"{name}.jsonl", Example)


def test_without_decisions_everything_that_passed_is_kept_byte_by_byte(ctx, tmp_path):
    summary = stage.run(ctx, Policy())
    assert summary == {"accepted": 4, "rejected": 0, "decided": 0, "edited": 0, "reasons": {}}
    assert summary == read_json(ctx.out / "summary.json")
    assert (ctx.out / "accepted.jsonl").read_bytes() == (tmp_path / "work/filter/accepted.jsonl").read_bytes()
    assert written(ctx, "rejected") == []


def test_decisions_are_applied_and_counted(ctx, enroll, decide):
    rita, anna = enroll("Rita", "reviewer"), enroll("Anna", "approver")
    decide(rita, "accepted", ACCEPTED[0])
    decide(rita, "rejected", ACCEPTED[1], reason="harmful")
    decide(anna, "accepted", REJECTED[0])
    summary = stage.run(ctx, Policy(undecided="drop"))
    assert summary == {
        "accepted": 2, "rejected": 3, "decided": 3, "edited": 0, "reasons": {"undecided": 2, "reviewer_harmful": 1},
    }  # fmt: skip
    assert {e.id for e in written(ctx, "accepted")} == {ACCEPTED[0].id, REJECTED[0].id}
    assert [e.id for e in written(ctx, "rejected")] == [e.id for e in ACCEPTED[1:]]
    assert all(e.accepted for e in written(ctx, "accepted"))


def test_all_kept_out_stops_the_run_and_says_how_to_go_on(ctx):
    with pytest.raises(WorkFailed, match="keep all 4 records out") as error:
        stage.run(ctx, Policy(undecided="drop"))
    assert "undecided: keep" in error.value.hint
    assert len(written(ctx, "rejected")) == 4


def test_a_damaged_trail_stops_the_run(ctx, enroll, key, tmp_path):
    enroll("Rita", "reviewer")
    before = key()
    trail.path_of(tmp_path).write_text("nonsense\n")
    assert key() != before
    with pytest.raises(WorkFailed, match="line 1"):
        stage.run(ctx, Policy())


def test_it_runs_anew_for_decisions_about_records_alone(ctx, enroll, decide, key, tmp_path):
    rita, jane = enroll("Rita", "reviewer"), enroll("Jane", "counsel")
    start = key()
    assert list(start) == ["decisions about records"]
    item = erasable.put(tmp_path, "comment", "Well said.")
    refs = {"record": ACCEPTED[0].id}
    trail.append(tmp_path, "record-commented", now=NOW, signer=rita, refs=refs, items=[item])
    erasable.erase(tmp_path, [item], signer=rita, now=NOW)
    trail.append(tmp_path, "override-added", now=NOW, signer=jane, refs={"override": "ab" * 32})
    assert key() == start
    decide(rita, "accepted", ACCEPTED[0])
    decided = key()
    signers.remove(tmp_path, rita.row)
    assert len({str(k) for k in (start, decided, key())}) == 3
