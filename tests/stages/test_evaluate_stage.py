"""The evaluate stage on a tiny model with a real index: same questions, both systems, resumable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.evaluation import systems
from kdvert.evaluation.besides import exposure
from kdvert.hardware import probe
from kdvert.knowledge import index
from kdvert.records import Chunk, EvalItem, Example, Message, Provenance, Sampling, Score
from kdvert.stages import evaluate
from kdvert.store import read_json, read_jsonl, write_json, write_jsonl
from kdvert.students.canaries import Canaries, draw, pool
from kdvert.students.models import load_base, load_tokenizer
from kdvert.weights import DEFAULT_EMBEDDER, DEFAULT_MODEL, resolve

FACTS = ["Burns are cooled under running water for 20 minutes.", "Warfarin is reversed by vitamin K.", "Cats bite."]
QUESTIONS = [
    {"id": "q1", "question": "How long is a burn cooled?", "answer": "For 20 minutes."},
    {"id": "q2", "question": "What reverses warfarin?", "answer": "Vitamin K", "choices": ["Vitamin K", "Vitamin C"]},
    {"id": "q3", "question": "Who bites?", "answer": "Dogs", "choices": ["Cats", "Cows"]},
]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "index"
    chunks = [
        Chunk(
            id=f"d{n}@0-{len(text)}", document_id=f"d{n}", start=0, end=len(text), title="Facts", license="CC0-1.0",
            text=text,
        )
        for n, text in enumerate(FACTS)
    ]  # fmt: skip
    folder.mkdir()
    index.build(chunks, folder, DEFAULT_EMBEDDER)
    return folder


@pytest.fixture(scope="module")
def distilled(tmp_path_factory, tiny_model: Path) -> Path:
    """An adapter of random numbers: the student differs from its base."""
    import torch
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("distill")
    torch.manual_seed(1)
    weights = resolve(str(tiny_model))
    config = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    student = get_peft_model(load_base(weights, probe(), four_bit=False), config)
    student.save_pretrained(str(folder / "adapter"), save_embedding_layers=False)
    base = {"base": str(tiny_model), "base_sha256": weights.sha256, "four_bit": probe().four_bit}
    write_json(folder / "adapter.json", base)
    return folder


@pytest.fixture
def context(make_context, tmp_path, indexed, distilled):
    rows = [q | {"task": "t", "source": "s", "license": "CC0-1.0"} for q in QUESTIONS]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return make_context("evaluate", {"index": indexed, "distill": distilled})


NOTHING_BESIDES = {"general": 0, "answers": {"count": 0}, "passages": {"count": 0}, "canaries": False}


def config(**changes):
    changes.setdefault("besides", NOTHING_BESIDES)
    return evaluate.Config(**({"files": ["questions.jsonl"], "max_new_tokens": 4, "resamples": 200} | changes))


def test_both_systems_answer_the_same_questions_in_both_modes(context):
    summary = evaluate.run(context, config())
    rows = {(r["mode"], r["metric"]): r for r in summary["rows"]}
    assert set(rows) == {
        (mode, metric)
        for mode in ("closed_book", "retrieval")
        for metric in ("answer_nll", "token_f1", "choice_accuracy")
    }
    loss = rows["closed_book", "answer_nll"]
    assert loss["n"] == 3
    assert loss["delta"] == pytest.approx(loss["student"] - loss["base"])
    assert loss["delta"] != 0
    choice = rows["retrieval", "choice_accuracy"]
    assert (choice["n"], choice["unscored"]) == (1, 1)  # the answer of q3 is no choice: unscored, not wrong
    assert summary["items"] == 3
    scores = read_jsonl(context.out / "scores.jsonl", Score)
    assert len(scores) == 3 * 2 * 2 * 2
    assert [i.id for i in read_jsonl(context.out / "items.jsonl", EvalItem)] == ["q1", "q2", "q3"]
    assert read_json(context.out / "summary.json")["rows"] == summary["rows"]


def test_retrieval_names_the_passages_it_showed(context, read_lines):
    evaluate.run(context, config(passages=1))
    answers = {(a["item_id"], a["mode"]): a for a in read_lines(context.out / "answers.jsonl")}
    assert answers["q1", "retrieval"]["retrieved"] == [f"d0@0-{len(FACTS[0])}"]
    assert answers["q2", "retrieval"]["retrieved"] == [f"d1@0-{len(FACTS[1])}"]
    assert answers["q1", "closed_book"]["retrieved"] == []
    assert answers["q2", "closed_book"]["answer"] in QUESTIONS[1]["choices"]


def test_finished_batches_are_not_asked_again(context, monkeypatch):
    first = evaluate.run(context, config(batch_size=1))
    calls = []
    honest = systems.score
    monkeypatch.setattr(systems, "score", lambda batch, *a: calls.append(batch[0].item.id) or honest(batch, *a))
    kept = sorted(context.cache.iterdir())
    kept[0].unlink()
    again = evaluate.run(context, config(batch_size=1))
    assert len(calls) == 1
    assert again["rows"] == first["rows"]
    assert sorted(context.cache.iterdir()) == kept


def test_stopped_half_way_it_goes_on(context, monkeypatch):
    whole = evaluate.run(context, config(batch_size=1))
    expected = (context.out / "scores.jsonl").read_bytes()
    for path in context.cache.iterdir():
        path.unlink()
    honest, calls = systems.score, []

    def stopping(batch, *rest):
        calls.append(batch)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return honest(batch, *rest)

    monkeypatch.setattr(systems, "score", stopping)
    with pytest.raises(KeyboardInterrupt):
        evaluate.run(context, config(batch_size=1))
    assert evaluate.run(context, config(batch_size=1))["rows"] == whole["rows"]
    assert len(calls) == 8 + 5  # of 12 batches, 7 were finished
    assert (context.out / "scores.jsonl").read_bytes() == expected


def test_one_mode_and_a_limit(context):
    summary = evaluate.run(context, config(modes=["closed_book"], limit=2))
    assert summary["items"] == 2
    assert {r["mode"] for r in summary["rows"]} == {"closed_book"}


def test_without_files_the_verticals_questions_are_asked(context, vertical):
    assert evaluate.content(context, evaluate.Config())[: len(vertical.eval_files)] == vertical.eval_files


def test_another_base_is_refused(context, distilled, tmp_path):
    adapter = read_json(distilled / "adapter.json") | {"base_sha256": "0" * 64}
    write_json(tmp_path / "other" / "adapter.json", adapter)
    ctx = context.__class__(**(vars(context) | {"inputs": {"distill": tmp_path / "other"}}))
    with pytest.raises(WorkFailed, match="trained on another"):
        evaluate.run(ctx, config())


def test_a_missing_adapter_is_said(context, distilled, tmp_path, indexed):
    write_json(tmp_path / "other" / "adapter.json", read_json(distilled / "adapter.json"))
    ctx = context.__class__(**(vars(context) | {"inputs": {"distill": tmp_path / "other", "index": indexed}}))
    with pytest.raises(WorkFailed, match="no whole adapter in"):
        evaluate.run(ctx, config())


def test_a_missing_question_file(context):
    with pytest.raises(UserError, match=r"no question file .*none\.jsonl"):
        evaluate.run(context, config(files=["none.jsonl"]))


@pytest.mark.slow
def test_the_default_student_finds_answers_in_passages(make_context, indexed, tmp_path):
    """The real base, asked with and without passages: passages make the reference answers likelier."""
    weights = resolve(DEFAULT_MODEL)
    from peft import LoraConfig, get_peft_model

    student = get_peft_model(
        load_base(weights, probe(), four_bit=False), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    student.save_pretrained(str(tmp_path / "distill" / "adapter"), save_embedding_layers=False)
    base = {"base": weights.ref, "base_sha256": weights.sha256, "four_bit": probe().four_bit}
    write_json(tmp_path / "distill" / "adapter.json", base)
    rows = [q | {"task": "t", "source": "s", "license": "CC0-1.0"} for q in QUESTIONS[:2]]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    ctx = make_context("evaluate", {"index": indexed, "distill": tmp_path / "distill"})
    rows = {(r["mode"], r["metric"]): r for r in evaluate.run(ctx, config())["rows"]}
    closed, opened = rows["closed_book", "answer_nll"], rows["retrieval", "answer_nll"]
    assert opened["base"] < closed["base"]
    assert closed["delta"] == pytest.approx(0, abs=1e-4)  # a fresh adapter changes nothing


@pytest.fixture
def remembered(distilled, tmp_path, tiny_model):
    """What training leaves beside the adapter: records, the passages it read, and canaries."""
    folder = tmp_path / "distilled"
    shutil.copytree(distilled, folder)
    answer = "Burns are cooled under running water for 20 minutes, and never with ice or butter."
    provenance = Provenance(
        teacher="t", route="embedded", templates={}, request_ids=["r"], chunk_ids=["d0@0-53"], document_ids=["d0"],
        licenses=["CC0-1.0"], terms=[], sampling=Sampling(), versions={},
    )  # fmt: skip
    records = [
        Example(
            id=f"r{n}-0", vertical="medicine", strategy="curation", skill="grounded_qa", evidence=[], quote="q",
            messages=[Message(role="user", content=f"{n}?"), Message(role="assistant", content=answer)],
            provenance=provenance,
        )
        for n in range(3)
    ]  # fmt: skip
    write_jsonl(folder / "train.jsonl", records)
    write_json(folder / "passages.json", [f"d0@0-{len(FACTS[0])}"])
    words = pool(load_tokenizer(resolve(str(tiny_model))), "s")
    canaries = [c.model_copy(update={"seen": 3 * c.repeats}) for c in draw(words, 2, [1, 4], "s")]
    write_json(folder / "canaries.json", Canaries(pool=words, canaries=canaries, phases=["sft"]).model_dump())
    return folder


def test_what_training_did_besides_has_an_interval_against_the_base(context, remembered, indexed, monkeypatch):
    ctx = context.__class__(**(vars(context) | {"inputs": {"index": indexed, "distill": remembered}}))
    besides = {"general": 12, "passages": {"given": 4, "asked": 4}}
    summary = evaluate.run(ctx, config(besides=besides, modes=["closed_book"]))["besides"]
    rows = {(row["mode"], row["metric"]): row for row in summary["rows"]}
    assert set(rows) == {
        ("other_fields", "answer_nll"), ("other_fields", "choice_accuracy"), ("training_answers", "verbatim"),
        ("training_passages", "verbatim"), ("canaries_seen_3_times", "exposure"),
        ("canaries_seen_12_times", "exposure"), ("canaries", "exposure"), ("canaries", "told"),
    }  # fmt: skip
    for row in rows.values():
        assert row["low"] <= row["delta"] <= row["high"]
        assert row["delta"] == pytest.approx(row["student"] - row["base"])
    assert rows["other_fields", "choice_accuracy"]["n"] == 12
    assert rows["canaries", "exposure"]["n"] == 4
    assert 0 <= rows["canaries", "exposure"]["chance"] <= 1
    assert rows["training_answers", "verbatim"]["student_interval"] == pytest.approx((0.0, 0.5615), abs=1e-4)
    assert summary["missing"] == {}
    kept = "".join(path.read_text(encoding="utf-8") for path in ctx.cache.iterdir())
    assert "d0@" not in kept, "what is kept names no document"
    calls = []
    monkeypatch.setattr(exposure, "score", lambda *a: calls.append(a))
    assert evaluate.run(ctx, config(besides=besides, modes=["closed_book"]))["besides"] == summary
    assert not calls, "what is finished is not measured again"


def test_what_cannot_be_measured_says_why(context):
    summary = evaluate.run(context, config(besides={"general": 0}, modes=["closed_book"], limit=1))["besides"]
    assert summary["rows"] == []
    assert summary["missing"] == {
        "general ability": "it was turned off in evaluate.besides",
        "training answers": "training left no list of its records",
        "training passages": "the student was trained on no passage itself",
        "canaries": "distill.canaries put none among the rows",
    }
