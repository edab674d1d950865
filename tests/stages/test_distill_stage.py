"""The distill stage on a tiny model: what it writes, and that a kill -9 loses and changes nothing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.records import Chunk, Evidence, Example, Message, Provenance, Sampling, sha256_text
from kdvert.stages import distill
from kdvert.store import hash_tree, read_json, read_jsonl, write_jsonl
from kdvert.students.canaries import Canaries

LLAMA = "hf:meta-llama/Llama-3.1-70B-Instruct"


def record(number: int, document: str, answer: str | None = None) -> Example:
    provenance = Provenance(
        teacher="t", route="embedded", templates={}, request_ids=[f"r{number}"], chunk_ids=[f"{document}@0-9"],
        document_ids=[document], licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(), versions={},
    )  # fmt: skip
    messages = [
        Message(role="user", content=f"What is fact {number}?"),
        Message(role="assistant", content=answer or f"Fact {number} is {number * 7}."),
    ]
    return Example(
        id=f"r{number}-0", vertical="medicine", strategy="curation", skill="grounded_qa", messages=messages,
        evidence=[], quote="q", provenance=provenance,
    )  # fmt: skip


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "review"
    write_jsonl(folder / "accepted.jsonl", [record(n, f"doc-{n % 4}.md") for n in range(16)])
    return folder


@pytest.fixture
def config(tiny_model: Path) -> distill.Config:
    return distill.Config(
        student=str(tiny_model), epochs=2, batch_size=4, rank=4, validation_share=0.25, checkpoint_steps=2
    )


def test_it_writes_an_adapter_and_says_how_it_came_about(make_context, accepted, config, tiny_model):
    ctx = make_context("distill", {"review": accepted})
    summary = distill.run(ctx, config)
    adapter = read_json(ctx.out / "adapter.json")
    assert summary["train_records"] + summary["validation_records"] == 16
    assert summary["steps"] == 8, "12 records and a canary"
    assert summary["eval_loss"] > 0
    assert adapter["base"] == str(tiny_model)
    assert adapter["config"]["rank"] == 4
    assert {"torch", "trl", "peft", "kdvert"} <= set(adapter["versions"])
    assert adapter["lineage"] == {
        "teachers": ["t"], "document_ids": [f"doc-{n}.md" for n in range(4)], "licenses": ["CC0-1.0"],
        "terms": ["Apache-2.0"],
    }  # fmt: skip
    assert (ctx.out / "adapter" / "adapter_model.safetensors").is_file()
    assert adapter["data_sha256"] in (ctx.out / "adapter" / "README.md").read_text(encoding="utf-8")
    sides = [read_jsonl(ctx.out / f"{name}.jsonl", Example) for name in ("train", "validation")]
    documents = [{e.provenance.document_ids[0] for e in side} for side in sides]
    assert documents[0]
    assert documents[1]
    assert not documents[0] & documents[1]
    history = [json.loads(line) for line in (ctx.out / "history.jsonl").read_text().splitlines()]
    assert all({"step", "epoch", "tokens"} < set(row) for row in history)
    assert not list(ctx.cache.iterdir())


def test_a_canary_is_named_and_is_no_record(make_context, accepted, config):
    ctx = make_context("distill", {"review": accepted})
    summary = distill.run(ctx, config.model_copy(update={"epochs": 1}))
    kept = Canaries.model_validate(read_json(ctx.out / "canaries.json"))
    assert summary["canaries"] == len(kept.canaries) == 1
    assert kept.phases == ["sft"]
    for name in ("train.jsonl", "validation.jsonl", "left_out.jsonl", "history.jsonl"):
        assert "canary" not in (ctx.out / name).read_text(encoding="utf-8")
    card = (ctx.out / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "1 made-up secret beside its records" in card
    assert "distill.canaries.count: 0" in card
    assert " ".join(kept.canaries[0].words) not in card
    without = config.model_copy(update={"epochs": 1, "canaries": config.canaries.model_copy(update={"count": 0})})
    assert distill.run(ctx, without)["canaries"] == 0
    assert "anaries" not in (ctx.out / "adapter" / "README.md").read_text(encoding="utf-8").partition("## Settings")[0]


def test_the_adapter_carries_the_name_and_the_lines_that_licenses_ask_for(
    make_context, accepted, config, tiny_model, tmp_path
):
    base = tmp_path / "Llama-3.1-8B-Instruct"
    shutil.copytree(tiny_model, base)
    (base / "NOTICE").write_text("Of the base.")
    (base / "LICENSE.txt").write_text("Its license.")
    (base / "notice.json").write_text("{}")
    resolved = {"use": {"distribution": "distributed"}, "distill": {"student": str(base)}}
    ctx = make_context("distill", {"review": accepted}, resolved=resolved)
    distill.run(ctx, config.model_copy(update={"student": str(base), "epochs": 1}))
    adapter = read_json(ctx.out / "adapter.json")
    assert adapter["name"] == "Llama-test-project"
    assert "Built with Llama" in adapter["displays"]
    card = (ctx.out / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "# Llama-test-project\n\n**Built with Llama**" in card
    assert adapter["base_notices"] == ["LICENSE.txt", "NOTICE"]
    assert (ctx.out / "adapter" / "base" / "NOTICE").read_text() == "Of the base."


def test_a_name_that_breaks_a_license_costs_no_training(make_context, accepted, config):
    resolved = {"use": {"distribution": "distributed", "name": "Ward"}, "elicit": {"teacher": {"model": LLAMA}}}
    ctx = make_context("distill", {"review": accepted}, resolved=resolved)
    with pytest.raises(UserError, match=r"use\.name is 'Ward'"):
        distill.run(ctx, config)
    assert not (ctx.out / "adapter").exists()


def test_no_accepted_record(make_context, tmp_path, config):
    write_jsonl(tmp_path / "review" / "accepted.jsonl", [])
    with pytest.raises(WorkFailed, match="no accepted record"):
        distill.run(make_context("distill", {"review": tmp_path / "review"}), config)


def test_no_record_that_can_be_trained_on(make_context, tmp_path, config):
    records = [record(1, "a.md", answer="word " * 600), record(2, "b.md", answer="word " * 600)]
    write_jsonl(tmp_path / "review" / "accepted.jsonl", records)
    with pytest.raises(WorkFailed, match=r"(?s)None of 2 accepted records .*2 too_long.*max_length \(now 512\)"):
        distill.run(make_context("distill", {"review": tmp_path / "review"}), config)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"max_length": 10**6}, r"distill\.max_length is 1000000"),
        (
            {"objective": ["privileged"], "privileged": {"max_length": 10**6}},
            r"distill\.privileged\.max_length is 1000000",
        ),
    ],
)
def test_a_length_that_the_student_cannot_read(make_context, accepted, tiny_model, changes, named):
    config = distill.Config.model_validate({"student": str(tiny_model), **changes})
    with pytest.raises(UserError, match=named):
        distill.run(make_context("distill", {"review": accepted}), config)


def test_unknown_student(make_context, accepted, config):
    ctx, changed = make_context("distill", {"review": accepted}), config.model_copy(update={"student": "no/model"})
    with pytest.raises(UserError, match="Unknown model 'no/model'"):
        distill.run(ctx, changed)


def test_a_student_in_the_project_is_an_input(make_context, accepted, config, tiny_model, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine").symlink_to(tiny_model)
    ctx = make_context("distill", {"review": accepted})
    paths = distill.content(ctx, config.model_copy(update={"student": "models/mine"}))
    assert tmp_path / "models" / "mine" in paths
    assert [p.name for p in paths].count("student") == 2  # the vertical's and the shared templates
    assert distill.run(ctx, config.model_copy(update={"student": "models/mine"}))["steps"] == 8


CHILD = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from kdvert.offline import quiet
quiet()
from kdvert import verticals
from kdvert.stages import distill
from kdvert.stages.contract import StageContext
from kdvert.templates import TemplateSet

root, model, die_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

class Bars:
    done = 0
    @contextmanager
    def bar(self, label, total):
        yield self
    def advance(self, count=1):
        self.done += count
        if self.done == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

vertical = verticals.load("medicine")
ctx = StageContext(
    project=root, name="p", vertical=vertical, templates=TemplateSet(None, vertical.templates),
    out=root / "work/distill.partial", inputs={"review": root / "work/review"}, cache=root / "work/cache/distill",
    progress=Bars(),
)
config = distill.Config(
    student=model, epochs=2, batch_size=4, rank=4, dropout=0.1, validation_share=0.25, checkpoint_steps=2
)
print(distill.run(ctx, config)["resumed_at_step"])
"""


def child(root: Path, model: Path, die_at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(root), str(model), str(die_at)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_a_killed_training_gives_the_same_adapter(accepted, tiny_model, tmp_path):
    whole = child(tmp_path, tiny_model, 0)
    assert whole.returncode == 0, whole.stderr
    out = tmp_path / "work" / "distill.partial"
    expected = {name: sha for name, sha in hash_tree(out).items() if name != "summary.json"}
    out.rename(tmp_path / "whole")
    killed = child(tmp_path, tiny_model, 5)
    assert killed.returncode == -signal.SIGKILL
    resumed = child(tmp_path, tiny_model, 0)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.strip() == "4"
    assert {name: sha for name, sha in hash_tree(out).items() if name != "summary.json"} == expected


@pytest.mark.slow
def test_the_default_student_learns_records(make_context, tmp_path):
    """A real QLoRA of the default student: the loss on its few records falls."""
    write_jsonl(tmp_path / "review" / "accepted.jsonl", [record(n, f"doc-{n % 4}.md") for n in range(16)])
    ctx = make_context("distill", {"review": tmp_path / "review"})
    summary = distill.run(ctx, distill.Config(epochs=3))
    history = [json.loads(line) for line in (ctx.out / "history.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in history if "loss" in row]
    assert losses[-1] < 0.7 * losses[0]
    assert summary["precision"].startswith("nf4") or summary["precision"] in ("float32", "float16", "bfloat16")


def test_an_adapter_that_read_passages_names_their_documents(make_context, accepted, config, tmp_path):
    index = tmp_path / "work" / "index"
    texts = {f"doc-{n}.md": f"Fact {n} is {n * 7}." for n in range(4)} | {"unasked.md": "Nobody asks about this."}
    chunks = [
        Chunk(id=f"{name}@0-{len(text)}", document_id=name, start=0, end=len(text), title="T", license="CC-BY-4.0", text=text)
        for name, text in texts.items()
    ]  # fmt: skip
    write_jsonl(index / "chunks.jsonl", chunks)
    ctx = make_context("distill", {"review": accepted, "index": index})
    summary = distill.run(ctx, config.model_copy(update={"objective": ["cpt", "sft"]}))
    adapter = read_json(ctx.out / "adapter.json")
    assert summary["objective"] == ["cpt", "sft"]
    assert "unasked.md" in adapter["lineage"]["document_ids"]
    assert adapter["lineage"]["licenses"] == ["CC-BY-4.0", "CC0-1.0"]
    held_out = {d for e in read_jsonl(ctx.out / "validation.jsonl", Example) for d in e.provenance.document_ids}
    assert held_out
    history = [json.loads(line) for line in (ctx.out / "history.jsonl").read_text().splitlines()]
    assert {row["objective"] for row in history} == {"cpt", "sft"}
    read = distill._passages(ctx, read_jsonl(ctx.out / "validation.jsonl", Example))
    assert {c.document_id for c in read} == set(texts) - held_out


def test_an_adapter_names_its_teachers_with_their_terms_and_the_passages_they_saw(
    make_context, accepted, config, tiny_model, tmp_path
):
    chunks, records = [], []
    for n, one in enumerate(read_jsonl(accepted / "accepted.jsonl", Example)):
        text, name = f"Fact {n} is {n * 7}.", one.provenance.document_ids[0]
        chunks.append(Chunk(id=f"{name}@{n}", document_id=name, start=0, end=9, title="T", license="MIT", text=text))
        evidence = [Evidence(chunk_id=chunks[-1].id, start=0, end=4, quote_sha=sha256_text("Fact"))]
        records.append(one.model_copy(update={"evidence": evidence}))
    index = tmp_path / "work" / "index"
    write_jsonl(index / "chunks.jsonl", chunks)
    write_jsonl(accepted / "accepted.jsonl", records)
    teacher = shutil.copytree(tiny_model, tmp_path / "teacher")
    (teacher / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    ctx = make_context("distill", {"review": accepted, "index": index})
    own = {"objective": ["privileged", "on_policy"], "epochs": 1, "privileged": {"epochs": 1, "max_new_tokens": 4},
           "on_policy": {"teacher": str(teacher), "max_new_tokens": 4}, "validation_share": 0.5}  # fmt: skip
    asked = distill.Config(**(config.model_dump() | own))
    summary = distill.run(ctx, asked)
    adapter = read_json(ctx.out / "adapter.json")
    assert [(row["objective"], row["model"]) for row in adapter["teachers"]] == [("on_policy", str(teacher))]
    assert {"Apache-2.0", "MIT"} <= set(adapter["lineage"]["terms"])
    assert str(teacher) in adapter["lineage"]["teachers"]
    assert "MIT" in adapter["lineage"]["licenses"]
    assert summary["eval_loss"] > 0
    assert teacher in distill.content(ctx, asked)


def test_without_features_nothing_is_trained_on_distributions(make_context, accepted, config, tmp_path):
    features = tmp_path / "work" / "features"
    features.mkdir(parents=True)
    (features / "summary.json").write_text('{"asked": 0, "records": 0}')
    ctx = make_context("distill", {"review": accepted, "features": features})
    with pytest.raises(UserError, match="none were asked for"):
        distill.run(ctx, config.model_copy(update={"objective": ["kl"]}))
