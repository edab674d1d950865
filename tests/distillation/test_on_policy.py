"""A teacher beside the student: it judges what the student writes, it must count alike, and its terms are known."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from kdvert.configuration import validate
from kdvert.distillation.local_teacher import LocalTeacher
from kdvert.distillation.objectives import on_policy
from kdvert.distillation.objectives.contract import Parts
from kdvert.distillation.qlora import _adapted, _arguments
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.hardware import probe
from kdvert.students.models import load_base
from kdvert.students.prompts import prompt_ids
from tests.distillation.small import adapter_of, losses
from tests.distillation.test_qlora import Bars


@pytest.fixture
def own(teacher, tiny_model):
    """Return settings of the objective and of the student."""

    def make(**more):
        values = {"teacher": str(teacher), "max_new_tokens": 8, "learning_rate": 5e-3} | more
        return {"objective": ["on_policy"], "student": str(tiny_model), "on_policy": values}

    return make


def test_the_student_learns_and_only_its_adapter_is_saved(material, own, train, tmp_path, teacher):
    some = material(**own())
    trained = train(some, "on_policy")
    assert len(losses(trained, "on_policy")) == 3
    assert trained.tokens > 12 * 9
    adapter = adapter_of(tmp_path)
    assert all(str(t.dtype) == "torch.float32" for t in adapter.values())
    assert all(float(t.abs().max()) > 0 for name, t in adapter.items() if "lora_B" in name)
    assert [one.ref for one in on_policy.phase(some).teachers] == [str(teacher)]


def test_the_loss_is_the_divergence_from_the_teacher_at_what_the_student_wrote(material, own, weights, tmp_path):
    import torch

    some = material(**own(divergence="forward"))
    phase = on_policy.phase(some)
    model = _adapted(load_base(weights, probe(), four_bit=False), some.settings)
    arguments = _arguments(phase, some.settings, probe(), tmp_path, resume=None)
    made = phase.trainer(Parts(model, some.tokenizer, arguments, phase.rows, (), []))
    rows = [made.train_dataset[n] for n in range(2)]
    batch = made._generate_and_score_completions(rows)
    masked = [ids[m.bool()].tolist() for ids, m in zip(batch["prompt_ids"], batch["prompt_mask"], strict=True)]
    assert masked == [prompt_ids(some.tokenizer, row["prompt"]) for row in rows], "asked as evaluation asks"
    expected = []
    with torch.no_grad():
        told = float(made.compute_loss(model.eval(), batch))
        for prompt, ids, mask in zip(masked, batch["completion_ids"], batch["completion_mask"], strict=True):
            written = ids[mask.bool()]
            both = torch.tensor([[*prompt, *written.tolist()]])
            student, judge = (
                torch.log_softmax(m(input_ids=both).logits[0, len(prompt) - 1 : -1], -1)
                for m in (model, made.teacher_model)
            )
            expected.append((judge.exp() * (judge - student)).sum(-1))
    assert told == pytest.approx(float(torch.cat(expected).mean()), rel=1e-3)
    assert not any(p.requires_grad for p in made.teacher_model.parameters())


def test_a_phase_that_was_killed_in_its_second_epoch_goes_on_where_it_was(material, records, own, train, tmp_path):
    some = material(records[:8], checkpoint_steps=1, **own(epochs=2))
    whole = train(some, "on_policy", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "on_policy", progress=Bars(stop=4))
    resumed = train(some, "on_policy")
    assert (resumed.resumed_at, resumed.tokens) == (3, whole.tokens)
    first, second = adapter_of(tmp_path, "whole"), adapter_of(tmp_path)
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-5


# --- teachers that do not fit ---


def test_a_teacher_of_other_tokens_is_refused_or_its_words_are_learned(material, own, foreign):
    with pytest.raises(UserError, match=r"(?s)another tokenizer than the student.*on_policy cannot.*cross_tokenizer"):
        on_policy.phase(material(**own(teacher=str(foreign))))
    phase = on_policy.phase(material(**own(teacher=str(foreign), fall_back=True)))
    assert (phase.name, len(phase.rows), list(phase.teachers)) == ("on_policy", 12, [])
    assert "another tokenizer" in phase.notes[0]
    assert "on_policy.fall_back allows" in phase.notes[0]


def test_a_vocabulary_that_is_rounded_up_otherwise_is_refused(material, own, teacher, tmp_path):
    import json

    folder = shutil.copytree(teacher, tmp_path / "rounded")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 64}))
    with pytest.raises(UserError, match=r"gives likelihoods for 49,216 tokens, the student for 49,152"):
        on_policy.phase(material(**own(teacher=str(folder))))


def test_a_teacher_must_be_named_before_anything_runs():
    with pytest.raises(UserError, match=r"objective on_policy needs on_policy\.teacher"):
        validate(Settings, {"objective": ["sft", "on_policy"]}, where="kdvert.yaml: distill")
    assert Settings(objective="sft").teachers == []


def test_a_teacher_lies_where_the_project_says(material, own, teacher):
    some = dataclasses.replace(material(**own()), root=teacher.parent)
    assert LocalTeacher("wider", some).weights.path == teacher


# --- its terms ---


def test_the_license_check_knows_the_teacher_of_an_objective(teacher, tmp_path):
    from datetime import date

    from kdvert.licensing.project import judged

    def judge(**distill):
        plain = {"vertical": "medicine", "elicit": {"teacher": {"model": "embedded"}}, "distill": distill,
                 "ingest": {"sources": [{"license": "CC0-1.0"}]}}  # fmt: skip
        return judged(plain, ingest=None, root=tmp_path, today=date(2026, 1, 1))

    (tmp_path / "unknown").mkdir()
    own = {"student": "embedded", "on_policy": {"teacher": "unknown"}}
    assert judge(objective=["sft"], **own).verdict == judge(objective=["sft"], student="embedded").verdict
    report = judge(objective=["sft", "on_policy"], **own)
    assert report.verdict == "block"
    assert any("teacher of the objective on_policy" in link.subject for link in report.links)
    named = judge(objective=["on_policy"], student="embedded", on_policy={"teacher": str(teacher)})
    assert any("under mit" in link.subject.lower() for link in named.links)
