"""Distillation from oneself with passages: real steps of a tiny model with TRL's own trainer."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from kdvert.distillation.objectives import privileged
from kdvert.distillation.objectives.contract import Parts
from kdvert.distillation.qlora import _adapted, _arguments
from kdvert.errors import UserError
from kdvert.hardware import probe
from kdvert.records import Evidence
from kdvert.students.models import load_base
from kdvert.students.prompts import prompt_ids
from tests.distillation.small import adapter_of, losses, passages
from tests.distillation.test_qlora import Bars

OWN = {"max_new_tokens": 8, "epochs": 1, "learning_rate": 5e-3, "max_length": 400}


@pytest.fixture
def trainer(material, weights, tmp_path):
    """Return TRL's trainer of the objective, on a base that looks back at what it has read, as real ones do."""

    def make(some):
        phase = privileged.phase(some)
        base = load_base(weights, probe(), four_bit=False)
        for parameter in base.model.layers.parameters():
            parameter.data.mul_(3)
        model = _adapted(base, some.settings)
        arguments = _arguments(phase, some.settings, probe(), tmp_path, resume=None)
        return phase.trainer(Parts(model, some.tokenizer, arguments, phase.rows, (), []))

    return make


def test_the_student_learns_with_one_model_in_memory(material, train, tmp_path, monkeypatch):
    from transformers import AutoModelForCausalLM

    loaded = []
    real = AutoModelForCausalLM.from_pretrained
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *a, **k: loaded.append(a) or real(*a, **k))
    trained = train(material(privileged=OWN), "privileged")
    assert len(loaded) == 1
    assert len(losses(trained, "privileged")) == 3
    assert trained.tokens > 12 * 9
    adapter = adapter_of(tmp_path)
    assert all(str(t.dtype) == "torch.float32" for t in adapter.values())
    assert all(float(t.abs().max()) > 0 for name, t in adapter.items() if "lora_B" in name)
    assert {row["objective"] for row in trained.history} == {"privileged"}


def test_the_teacher_reads_the_passages_as_evaluation_words_them_and_the_student_does_not(
    material, trainer, records, prompts, tokenizer
):
    import torch

    some = material(privileged=OWN)
    made = trainer(some)
    row = made.train_dataset[0]
    batch = made._prepare_training_batch([row])
    record, passage = records[0], passages()[0].text
    asked = prompt_ids(tokenizer, prompts.ask(record.question))
    shown = prompt_ids(tokenizer, prompts.ask(record.question, passages=[passage]))
    written = batch["completion_ids"][0].tolist()
    assert batch["prompt_ids"][0].tolist() == asked
    assert batch["teacher_input_ids"][0].tolist() == shown + written
    found = made._compute_teacher_student_logits(made.model, made.teacher_model, batch)
    apart = torch.log_softmax(found.student_logits, -1) - torch.log_softmax(found.teacher_logits, -1)
    assert float(apart.abs().max()) > 0.05, "before the first step only the passage sets them apart"
    same = made._prepare_training_batch([row | {"privileged_context": row["prompt"]}])
    found = made._compute_teacher_student_logits(made.model, made.teacher_model, same)
    assert torch.allclose(found.student_logits, found.teacher_logits, atol=1e-4)


def test_the_student_comes_nearer_to_the_base_that_sees_the_passage(material, trainer):
    import torch

    made = trainer(material(rank=8, privileged=OWN | {"epochs": 4, "topk": None, "learning_rate": 4e-3}))
    batch = made._prepare_training_batch([made.train_dataset[n] for n in range(8)])

    def apart():
        with torch.no_grad():
            return float(made.compute_loss(made.model.eval(), batch))

    before = apart()
    made.train()
    assert apart() < 0.9 * before


def test_a_phase_that_was_killed_in_its_second_epoch_goes_on_where_it_was(material, records, train, tmp_path):
    some = material(records[:8], checkpoint_steps=1, epochs=1, privileged=OWN | {"epochs": 2})
    whole = train(some, "sft", "privileged", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "sft", "privileged", progress=Bars(stop=6))
    resumed = train(some, "sft", "privileged")
    assert (resumed.resumed_at, resumed.tokens) == (5, whole.tokens)
    first, second = adapter_of(tmp_path, "whole"), adapter_of(tmp_path)
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-5


def test_every_batch_is_full_and_the_held_out_loss_is_measured_behind_it(material, train, records, make_example):
    some = material(records[:6], held_out=[make_example(40, "held.md")], privileged=OWN)
    bars = Bars()
    trained = train(some, "privileged", progress=bars)
    assert bars.done == bars.total == 2, "six questions in batches of four"
    assert "eval_loss" in trained.history[-1]


def test_records_without_passages_of_their_own_are_left_out_with_a_reason(material, records):
    evidence = records[1].evidence[0]
    bare = records[0].model_copy(update={"evidence": []})
    gone = records[1].model_copy(update={"evidence": [evidence.model_copy(update={"chunk_id": "d9@0-9"})]})
    open_book = records[2].model_copy(update={"context": ["Fact 2 is 14."]})
    some = material([bare, gone, open_book, *records[3:]], privileged=OWN)
    phase = privileged.phase(some)
    assert [one.reason for one in phase.left_out] == ["no_passage", "passage_missing", "passages_already_shown"]
    assert len(phase.rows) == 9
    assert {c.id for c in phase.passages} == {c.id for c in passages()}
    long = [c.model_copy(update={"text": c.text * 40}) if c.id.startswith("d0") else c for c in passages()]
    phase = privileged.phase(dataclasses.replace(material(privileged=OWN), passages=long))
    assert [(one.example_id, one.reason) for one in phase.left_out] == [
        (records[n].id, "passages_too_long") for n in (0, 4, 8)
    ]
    assert "privileged.max_length is 400" in phase.left_out[0].detail
    with pytest.raises(UserError, match=r"(?s)none of 1 records to train on \(no_passage\).*evidence"):
        privileged.phase(material([bare], privileged=OWN))


def test_a_dialogue_is_learned_at_its_last_answer(material, make_example, tokenizer):
    chunk = passages()[0]
    talk = make_example(3, chunk.document_id, turns=2).model_copy(
        update={"evidence": [Evidence(chunk_id=chunk.id, start=0, end=4, quote_sha="0" * 64)]}
    )
    (row,) = privileged.phase(material([talk], privileged=OWN)).rows
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user", "assistant", "user"]
    assert chunk.text in row["privileged_context"][1]["content"]
    assert row["privileged_context"][2:] == row["prompt"][2:]


def test_another_trl_is_told_apart_in_words(material, train, monkeypatch):
    monkeypatch.setitem(sys.modules, "trl.experimental.sdft.sdft_trainer", None)
    with pytest.raises(UserError, match=r"(?s)installed trl 1\.\S+ has no usable trl\.experimental\.sdft.*trl>=1\.16"):
        train(material(privileged=OWN), "privileged")


def test_the_plan_of_memory_knows_of_it(tiny_model, monkeypatch):
    from kdvert.distillation.settings import Settings
    from kdvert.footprint import planning
    from kdvert.pipeline.plan_training import memory

    monkeypatch.setattr(planning, "GPUS", ())  # this machine will do
    plan = memory(Settings(student=str(tiny_model), objective="privileged", batch_size=3), tiny_model)
    logits = next(part.bytes for part in plan.here.parts if "logits" in part.name)
    assert logits > 2 * 3 * 511 * 49_152 * 4, "all logits of student and base in float32"
    assert plan.notes == ["privileged: what writing answers and reading passages takes is not counted."]
