"""Elicitation as a stage: a remote teacher in all its moods, the embedded one for real, and a kill in the middle."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.records import Chunk, Example, Failure, sha256_text
from kdvert.stages import elicit
from kdvert.store import read_json, read_jsonl, write_json, write_jsonl


@pytest.fixture
def ctx(make_context, small_index, scrub_output):
    return make_context("elicit", {"index": small_index, "scrub": scrub_output})


def remote(endpoint, **changes):
    teacher = {"model": "m", "base_url": endpoint.url, "timeout_s": 2, "retries": 1, "concurrency": 2}
    return elicit.Config(teacher=teacher | changes.pop("teacher", {}), retrieve_k=2, **changes)


def examples(ctx) -> list[Example]:
    return read_jsonl(ctx.out / "examples.jsonl", Example)


def failures(ctx) -> Counter:
    return Counter(f.reason for f in read_jsonl(ctx.out / "failures.jsonl", Failure))


def test_a_chat_teacher_end_to_end(ctx, endpoint):
    summary = elicit.run(ctx, remote(endpoint))
    records = examples(ctx)
    assert summary["examples"] == len(records) == 12
    chunks = {c.id: c for c in read_jsonl(ctx.inputs["index"] / "chunks.jsonl", Chunk)}
    for record in records:
        (evidence,) = record.evidence
        span = chunks[evidence.chunk_id].text[evidence.start : evidence.end]
        assert " ".join(span.split()) == record.quote
        assert sha256_text(span) == evidence.quote_sha
        assert record.provenance.route.startswith("openai-compatible:127.0.0.1")
        assert set(record.provenance.licenses) == {"CC0-1.0"}
        assert len(record.provenance.chunk_ids) == 1, "a question about one passage needs no other"
        assert record.provenance.versions["kdvert"]
        assert record.provenance.terms
    on_disk = read_json(ctx.out / "summary.json")
    assert (on_disk["requests"], on_disk["input_tokens"], on_disk["output_tokens"]) == (6, 600, 120)
    assert (on_disk["teacher"], on_disk["passages"], on_disk["cached"]) == ("m", 6, 0)


def test_a_second_run_calls_nobody_and_gives_the_same(ctx, endpoint):
    elicit.run(ctx, remote(endpoint))
    before = (ctx.out / "examples.jsonl").read_bytes()
    summary = elicit.run(ctx, remote(endpoint))
    assert (endpoint.calls, summary["cached"]) == (6, 6)
    assert (ctx.out / "examples.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("half_json", "truncated_reply"),
        ("truncated", "truncated_reply"),
        ("empty", "empty_reply"),
        ("prose", "not_json"),
        ("missing_field", "missing_field"),
        ("invented_quote", "quote_not_found"),
        ("garbage", "html_reply"),
        ("error_body", "server_error"),
        ("500", "server_error"),
        ("429", "rate_limited"),
        ("400", "request_refused"),
    ],
)
def test_a_bad_reply_costs_its_own_passage_only(ctx, endpoint, mode, reason):
    endpoint.retry_after = "0"
    endpoint.mode = lambda number, prompt: mode if "Topic: Asthma" in prompt else "ok"
    elicit.run(ctx, remote(endpoint))
    assert failures(ctx)[reason] == 1
    assert {e.provenance.document_ids[0] for e in examples(ctx)} >= {"Falls.md", "Stroke.md"}


def test_a_fenced_reply_is_read(ctx, endpoint):
    endpoint.always("fenced")
    assert elicit.run(ctx, remote(endpoint))["examples"] == 12


def test_only_useless_replies_fail_the_run_and_say_why(ctx, endpoint):
    endpoint.always("prose")
    with pytest.raises(WorkFailed, match=r"no usable record about 6 passages: not_json \(6\)"):
        elicit.run(ctx, remote(endpoint))
    assert failures(ctx) == {"not_json": 6}


def test_only_failed_calls_fail_the_run(ctx, endpoint):
    endpoint.always("500")
    with pytest.raises(WorkFailed, match="None of the 6 requests"):
        elicit.run(ctx, remote(endpoint, teacher={"retries": 0}))


def test_what_a_teacher_says_is_scrubbed_before_it_is_kept(ctx, endpoint):
    endpoint.mode = lambda number, prompt: "personal" if "Topic: Asthma" in prompt else "ok"
    elicit.run(ctx, remote(endpoint))
    kept = b"".join(p.read_bytes() for p in ctx.cache.iterdir())
    assert b"555-0123" not in kept
    assert b"Alvarez" not in kept
    assert b"[PERSON_1]" in kept


def test_a_budget_stops_and_the_next_run_goes_on(ctx, endpoint):
    config = remote(endpoint, teacher={"max_requests": 4})
    with pytest.raises(WorkFailed, match="budget is spent"):
        elicit.run(ctx, config)
    assert elicit.run(ctx, config)["examples"] == 12
    assert endpoint.calls == 6


def test_passages_are_drawn_by_the_seed(ctx, endpoint):
    def asked(**changes):
        elicit.run(ctx, remote(endpoint, passages=2, **changes))
        return {e.provenance.document_ids[0] for e in examples(ctx)}

    first = asked()
    assert len(first) == 2
    assert asked() == first
    assert any(asked(seed=seed) != first for seed in (1, 2, 3))


def test_small_steps_need_a_local_teacher(ctx, endpoint):
    with pytest.raises(UserError, match="compares likelihoods"):
        elicit.run(ctx, remote(endpoint, steps="small"))


def test_an_unknown_skill_names_those_there_are(ctx, endpoint):
    with pytest.raises(UserError, match=r"(?s)skill 'grounded_q'.*Did you mean: grounded_qa"):
        elicit.run(ctx, remote(endpoint, skill="grounded_q"))


def test_an_empty_index(ctx, endpoint, make_context, tmp_path):
    from kdvert.knowledge.index import build
    from kdvert.weights import DEFAULT_EMBEDDER

    build([], tmp_path / "empty", DEFAULT_EMBEDDER)
    with pytest.raises(WorkFailed, match="no passages"):
        elicit.run(replace(ctx, inputs=ctx.inputs | {"index": tmp_path / "empty"}), remote(endpoint))


def test_the_projects_scrub_settings_hold_for_replies(ctx, endpoint):
    write_json(ctx.inputs["scrub"] / "settings.json", {"actions": {"PERSON": "drop"}})
    endpoint.mode = lambda number, prompt: "personal" if "Topic: Asthma" in prompt else "ok"
    elicit.run(ctx, remote(endpoint))
    kept = b"".join(p.read_bytes() for p in ctx.cache.iterdir())
    assert b"[REMOVED_PERSON]" in kept
    assert b"[PERSON_1]" not in kept


def test_nothing_is_asked_about_surrogates_and_replies_keep_them(ctx, endpoint):
    write_jsonl(ctx.inputs["scrub"] / "ledger.jsonl", [{"entity": "PERSON", "value": "Maria Alvarez"}])
    endpoint.mode = lambda number, prompt: "personal" if "Topic: Asthma" in prompt else "ok"
    elicit.run(ctx, remote(endpoint))
    kept = b"".join(p.read_bytes() for p in ctx.cache.iterdir())
    assert b"Maria Alvarez" in kept  # made up by scrubbing: it stays, and nothing is learned about it
    assert b"[PHONE_NUMBER_1]" in kept
    assert not [e for e in examples(ctx) if "Alvarez" in e.question + e.answer]


def test_prompts_and_policy_are_content(ctx, tmp_path):
    names = {p.name for p in elicit.content(ctx, elicit.Config())}
    assert names == {"base", "grounded_qa", "vertical.yaml", "privacy.yaml", "recognizers.yaml"}


# --- the embedded teacher, for real ---


def test_the_embedded_teacher_writes_grounded_records_and_resumes_to_the_same(ctx):
    config = elicit.Config(passages=4, per_passage=1)
    summary = elicit.run(ctx, config)
    records = examples(ctx)
    assert summary["examples"] >= 2
    for record in records:
        assert record.question.endswith("?")
        assert record.answer == record.quote
        assert record.verdicts[0].check == "round_trip"
    before = [(ctx.out / name).read_bytes() for name in ("examples.jsonl", "failures.jsonl")]
    # as a kill would leave it: half of the replies are missing
    with sqlite3.connect(ctx.cache / "replies.sqlite") as database:
        ids = [row[0] for row in database.execute("SELECT request_id FROM replies ORDER BY request_id")]
        database.executemany("DELETE FROM replies WHERE request_id = ?", [(i,) for i in ids[::2]])
    elicit.run(ctx, config)
    assert [(ctx.out / name).read_bytes() for name in ("examples.jsonl", "failures.jsonl")] == before


# --- kill -9 ---

SCRIPT = """
import json, sys
from pathlib import Path
from kdvert.offline import quiet
quiet()
from kdvert import verticals
from kdvert.stages import elicit
from kdvert.stages.contract import StageContext
from kdvert.templates import TemplateSet
given = json.loads(sys.argv[1])
vertical = verticals.load("medicine")
ctx = StageContext(
    project=Path(given["project"]), name="t", vertical=vertical, templates=TemplateSet(None, vertical.templates),
    out=Path(given["out"]), inputs={"index": Path(given["index"]), "scrub": Path(given["scrub"])}, cache=Path(given["cache"]),
)
elicit.run(ctx, elicit.Config.model_validate(given["config"]))
"""


def test_killed_in_the_middle_then_resumed(ctx, endpoint, make_context, tmp_path):
    config = remote(endpoint)
    elicit.run(ctx, config)
    expected = [(ctx.out / name).read_bytes() for name in ("examples.jsonl", "failures.jsonl")]
    done = endpoint.calls
    cache = tmp_path / "fresh"
    cache.mkdir()
    endpoint.delay_s = 0.4
    given = {
        "project": str(tmp_path), "out": str(ctx.out), "index": str(ctx.inputs["index"]),
        "scrub": str(ctx.inputs["scrub"]), "cache": str(cache),
        "config": config.model_dump(mode="json"),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, json.dumps(given)])
    try:
        wait_until(lambda: kept(cache) >= 2 or process.poll() is not None)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    survived, called = kept(cache), endpoint.calls - done
    assert 2 <= survived < 6, "the kill came in the middle"
    endpoint.delay_s = 0.0
    elicit.run(replace(ctx, cache=cache), config)
    assert endpoint.calls - done - called == 6 - survived, "no finished call was repeated"
    assert [(ctx.out / name).read_bytes() for name in ("examples.jsonl", "failures.jsonl")] == expected


def kept(cache: Path) -> int:
    path = cache / "replies.sqlite"
    if not path.is_file():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM replies").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def wait_until(condition, limit_s: float = 300.0) -> None:
    end = time.monotonic() + limit_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
