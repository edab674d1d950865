"""The stage features: nothing unless asked for, the same bytes after a kill, reasons for what is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kdvert.elicitation import feature
from kdvert.elicitation.mixing import Entry
from kdvert.errors import UserError
from kdvert.features.asked import ASKED, TOLD, Asked
from kdvert.features.store import FeaturesUnusable, Store
from kdvert.features.vocabulary import tokenizer_sha256
from kdvert.records import Chunk, Evidence, Example, Failure, Message, Provenance, Sampling, sha256_text
from kdvert.stages import elicit, features
from kdvert.store import hash_tree, read_json, read_jsonl, write_jsonl
from kdvert.teachers.local import LocalTeacher

RECORDS = 70
"""More than one shard."""


def record(number: int, answer: str | None = None) -> Example:
    chunk = f"doc-{number % 4}@0-30"
    provenance = Provenance(
        teacher="t", route="local", templates={}, request_ids=[f"r{number}"], chunk_ids=[chunk],
        document_ids=[f"doc-{number % 4}"], licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(), versions={},
    )  # fmt: skip
    messages = [
        Message(role="user", content=f"What is fact {number}?"),
        Message(role="assistant", content=answer or f"Fact {number} is {number * 7}."),
    ]
    return Example(
        id=f"r{number:03}-0", vertical="medicine", strategy="curation", skill="grounded_qa", messages=messages,
        evidence=[Evidence(chunk_id=chunk, start=0, end=4, quote_sha=sha256_text("Fact"))], quote="Fact",
        provenance=provenance,
    )  # fmt: skip


@pytest.fixture
def inputs(tmp_path: Path, tiny_model: Path) -> dict[str, Path]:
    """What index, elicit and filter leave when features are asked for from a local teacher."""
    work = tmp_path / "work"
    chunks = [
        Chunk(
            id=f"doc-{n}@0-30", document_id=f"doc-{n}", start=0, end=30, title="T", license="CC0-1.0", text=f"Text {n}."
        )
        for n in range(4)
    ]
    write_jsonl(work / "index/chunks.jsonl", chunks)
    write_jsonl(work / "review/accepted.jsonl", [record(n) for n in range(RECORDS)])
    (work / "elicit").mkdir()
    teacher = LocalTeacher.load(str(tiny_model), batch_size=4, root=tmp_path)
    mix = [Entry(count=9), Entry(strategy="feature")]
    feature.hand_on(work / "elicit", mix, [], teacher, None, 0)  # type: ignore[arg-type]
    return {name: work / name for name in ("index", "elicit", "review")}


CONFIG = features.Config(k=16, samples=4, batch_size=8)


def test_nothing_happens_unless_asked_for(make_context, inputs):
    (inputs["elicit"] / ASKED).unlink()
    ctx = make_context("features", inputs)
    assert features.run(ctx, CONFIG) == {"asked": 0, "records": 0}
    assert [p.name for p in ctx.out.iterdir()] == ["summary.json"]


def test_a_local_teacher_fills_a_store_that_the_student_can_use(make_context, inputs, tiny_model):
    ctx = make_context("features", inputs, resolved={"distill": {"student": str(tiny_model)}})
    summary = features.run(ctx, CONFIG)
    from transformers import AutoTokenizer

    store = Store(
        ctx.out / "distributions", tokenizer_sha256=tokenizer_sha256(AutoTokenizer.from_pretrained(tiny_model))
    )
    accepted = read_jsonl(inputs["review"] / "accepted.jsonl", Example)
    assert sorted(store) == [e.id for e in accepted]
    assert (summary["asked"], summary["records"], summary["tokenizer"]) == (RECORDS, RECORDS, "same")
    assert len(store.header.files) == 2 + 2, "two shards, index, vocabulary"
    vocabulary = store.vocabulary
    for example in accepted[:3]:
        spelled = b"".join(vocabulary[i] for i in store[example.id].target)
        assert spelled.decode().startswith(example.answer)
    assert summary["tokens"] == store.header.tokens
    assert read_jsonl(ctx.out / "failures.jsonl", Failure) == []
    with pytest.raises(FeaturesUnusable, match="features_other_tokenizer"):
        Store(ctx.out / "distributions", tokenizer_sha256="0" * 64)


def test_counts_and_shares_draw_from_accepted_records(make_context, inputs):
    asked = Asked.read(inputs["elicit"])
    for changes, records in (({"count": 5}, 5), ({"share": 0.1}, 7)):
        asked.model_copy(update={"wanted": [asked.wanted[0].model_copy(update=changes)]}).write(inputs["elicit"])
        assert features.run(make_context("features", inputs), CONFIG)["records"] == records


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from kdvert import verticals
from kdvert.features.store import Writer
from kdvert.stages import features
from kdvert.stages.contract import StageContext
from kdvert.templates import TemplateSet
work = Path({work!r})
vertical = verticals.load("medicine")
ctx = StageContext(project=work.parent, name="p", vertical=vertical, templates=TemplateSet(None, vertical.templates),
                   out=work / "features.partial", inputs={{n: work / n for n in ("index", "elicit", "review")}},
                   cache=work / "cache/features")
write = Writer.write
def dying(self, key, records):
    if self._shards == 1:
        os.kill(os.getpid(), 9)
    write(self, key, records)
Writer.write = dying
features.run(ctx, features.Config(k=16, samples=4, batch_size=8))
"""


def test_killed_and_resumed_gives_the_same_bytes(make_context, inputs, tmp_path, monkeypatch):
    whole = make_context("features", inputs)
    features.run(whole, CONFIG)
    expected = hash_tree(whole.out, leave_out=["summary.json"])
    for path in (whole.out / "distributions").iterdir():
        path.unlink()
    script = KILLED.format(here=str(Path(features.__file__).parents[2]), work=str(tmp_path / "work"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [p.name for p in (whole.out / "distributions").iterdir()] == ["shard-00000.safetensors"]
    written: list[int] = []
    keep = features.Writer.write
    monkeypatch.setattr(features.Writer, "write", lambda self, *a: (written.append(self._shards), keep(self, *a))[1])
    features.run(whole, CONFIG)
    assert written == [1], "the finished shard is not made again"
    assert hash_tree(whole.out, leave_out=["summary.json"]) == expected


def test_what_cannot_be_read_has_a_reason(make_context, inputs):
    write_jsonl(inputs["review"] / "accepted.jsonl", [record(0), record(1, "word " * 1100)])
    ctx = make_context("features", inputs)
    features.run(ctx, CONFIG)
    summary = read_json(ctx.out / "summary.json")
    assert (summary["asked"], summary["records"], summary["failures"]) == (2, 1, {"too_long": 1})
    assert [f.request_id for f in read_jsonl(ctx.out / "failures.jsonl", Failure)] == ["r001-0"]


def test_more_than_the_vocabulary_is_refused(make_context, inputs, tiny_model):
    small = features.Config(k=255)
    teacher = LocalTeacher.load(str(tiny_model), batch_size=4, root=inputs["index"])
    assert teacher.model.config.vocab_size > 255
    features.run(make_context("features", inputs), small.model_copy(update={"samples": 0}))
    with pytest.raises(UserError, match="the teacher's vocabulary has"):
        features.run(make_context("features", inputs), small.model_copy(update={"k": teacher.model.config.vocab_size}))


# --- an endpoint ---


@pytest.fixture
def asked_endpoint(make_context, small_index, scrub_output, endpoint, tmp_path):
    """Run elicit with a mix that asks for features of an endpoint; return what the stage features gets to see."""

    def run(mode: str) -> dict[str, Path]:
        endpoint.always(mode)
        ctx = make_context("elicit", {"index": small_index, "scrub": scrub_output})
        teacher = {"model": "m", "base_url": endpoint.url, "timeout_s": 5, "retries": 1, "concurrency": 4}
        mix = [Entry(count=6), Entry(strategy="feature")]
        elicit.run(replace(ctx, out=tmp_path / "work/elicit"), elicit.Config(teacher=teacher, retrieve_k=2, mix=mix))
        made = read_jsonl(tmp_path / "work/elicit/examples.jsonl", Example)
        write_jsonl(tmp_path / "work/review/accepted.jsonl", made[1:])
        return {"index": small_index, "elicit": tmp_path / "work/elicit", "review": tmp_path / "work/review"}

    return run


def test_what_an_endpoint_told_is_kept_for_accepted_records(make_context, asked_endpoint, endpoint):
    seen = asked_endpoint("told")
    assert {body["top_logprobs"] for body in endpoint.bodies} == {20}
    ctx = make_context("features", seen)
    summary = features.run(ctx, features.Config())
    store = Store(ctx.out / "distributions")
    accepted = read_jsonl(seen["review"] / "accepted.jsonl", Example)
    assert sorted(store) == sorted(e.id for e in accepted)
    assert summary["tokenizer"] == "unknown"
    assert (store.header.source, store.header.k, store.header.samples) == ("generated", 2, 0)
    vocabulary = store.vocabulary
    for example in accepted:
        spelled = b"".join(vocabulary[i] for i in store[example.id].target).decode()
        assert example.answer in spelled
    with pytest.raises(FeaturesUnusable, match="the tokens of an endpoint"):
        Store(ctx.out / "distributions", tokenizer_sha256="0" * 64)


def test_an_endpoint_without_logprobs_ends_in_a_reason(make_context, asked_endpoint):
    seen = asked_endpoint("ok")
    ctx = make_context("features", seen)
    summary = features.run(ctx, features.Config())
    accepted = read_jsonl(seen["review"] / "accepted.jsonl", Example)
    assert (summary["asked"], summary["records"]) == (len(accepted), 0)
    reasons = Counter(f.reason for f in read_jsonl(ctx.out / "failures.jsonl", Failure))
    assert reasons == {"no_logprobs": len(accepted)}
    assert len(Store(ctx.out / "distributions")) == 0


def test_a_mix_without_features_asks_for_nothing(make_context, small_index, scrub_output, endpoint):
    ctx = make_context("elicit", {"index": small_index, "scrub": scrub_output})
    (ctx.out / ASKED).write_text("left by an earlier run")
    elicit.run(ctx, elicit.Config(teacher={"model": "m", "base_url": endpoint.url}, retrieve_k=2, passages=2))
    assert "logprobs" not in endpoint.bodies[0]
    assert not (ctx.out / ASKED).exists()
    assert not (ctx.out / TOLD).exists()
