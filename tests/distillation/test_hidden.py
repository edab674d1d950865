"""Hidden states of a teacher: which layers are compared, how far apart, and real trainings beside another model."""

from __future__ import annotations

import pytest

from kdvert.configuration import validate
from kdvert.distillation import beside_teacher
from kdvert.distillation.objectives import hidden
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.weights import resolve
from tests.distillation.small import adapter_of, losses
from tests.distillation.test_qlora import Bars


@pytest.fixture(scope="session")
def teacher(tiny_model, tmp_path_factory):
    """A random model, deeper and wider than the student, with its tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "teacher"
    torch.manual_seed(1)
    config = LlamaConfig.from_pretrained(tiny_model)
    config.update({"hidden_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4, "head_dim": 24})
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("layers", "count", "expected"), [(6, 3, [2, 4, 6]), (2, 4, [1, 2]), (30, 4, [8, 15, 22, 30]), (5, 1, [5])]
)
def test_layers_are_evenly_spaced_and_the_last_is_among_them(layers, count, expected):
    assert beside_teacher.heights(layers, count) == expected


def test_how_far_states_are_apart():
    import torch

    one, other = torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[2.0, 0.0], [-1.0, -1.0]])
    assert beside_teacher.apart("cosine", one, other).tolist() == pytest.approx([0, 2], abs=1e-6)
    assert beside_teacher.apart("mse", one, other).tolist() == pytest.approx([1 / 4, 4])
    assert beside_teacher.apart("mse", other, other).tolist() == [0, 0]


def test_of_equal_widths_the_projection_changes_nothing_yet(weights, teacher):
    import torch
    from transformers import AutoConfig

    student, other = (AutoConfig.from_pretrained(p) for p in (weights.path, teacher))
    (same,) = beside_teacher.projection(student, student, 1)
    states = torch.randn(3, student.hidden_size)
    assert torch.equal(same(states), states)
    assert [tuple(one.weight.shape) for one in beside_teacher.projection(student, other, 2)] == [(96, 64)] * 2
    assert beside_teacher.compared(student, other, 4) == [(1, 2), (2, 3)]


def test_a_teacher_must_be_named():
    with pytest.raises(UserError, match=r"the objective hidden needs hidden\.teacher"):
        validate(Settings, {"objective": "hidden"}, where="kdvert.yaml: distill")


def test_another_tokenizer_stops_unless_words_will_do(material, teacher, tmp_path):
    import shutil

    from transformers import AutoTokenizer

    folder = shutil.copytree(teacher, tmp_path / "other")
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    tokenizer.add_tokens(["<one more>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match=r"(?s)another tokenizer.*hidden cannot learn.*fall_back"):
        hidden.phase(material(objective="hidden", hidden={"teacher": str(folder)}))
    phase = hidden.phase(material(objective="hidden", hidden={"teacher": str(folder), "fall_back": True}))
    assert phase.name == "hidden"
    assert "another tokenizer" in phase.notes[0]


@pytest.mark.parametrize("similarity", ["cosine", "mse"])
def test_the_student_moves_to_the_teacher(similarity, material, train, teacher, tmp_path, records):
    own = {"teacher": str(teacher), "similarity": similarity, "answer_share": 0.0, "epochs": 2, "learning_rate": 1e-2}
    some = material(records[:8], held_out=records[8:], objective="hidden", hidden=own)
    trained = train(some, "hidden")
    assert losses(trained, "hidden")[-1] < losses(trained, "hidden")[0]
    assert trained.last("eval_loss") > 5, "of the words, as for every objective"
    assert not any(beside_teacher.PROJECTION in name for name in adapter_of(tmp_path)), "it is thrown away"
    assert trained.trainable_parameters == sum(v.numel() for v in adapter_of(tmp_path).values())
    assert hidden.phase(some).teachers == [resolve(str(teacher))]


@pytest.mark.slow
def test_an_interrupted_training_goes_on_with_its_projection(material, train, teacher, tmp_path):
    some = material(objective="hidden", hidden={"teacher": str(teacher), "epochs": 2, "learning_rate": 1e-2})
    train(some, "hidden", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "hidden", progress=Bars(stop=5))
    again = train(some, "hidden", adapter="again")
    assert again.resumed_at == 4
    whole = adapter_of(tmp_path, "whole")
    assert all(value.equal(whole[name]) for name, value in adapter_of(tmp_path, "again").items())
