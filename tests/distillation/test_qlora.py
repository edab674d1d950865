"""Real QLoRA trainings of a tiny model, on the hardware at hand."""

from __future__ import annotations

import contextlib
import dataclasses
import json

import pytest

from kdvert.distillation import qlora
from kdvert.distillation.card import write_card
from kdvert.distillation.data import encode
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Material
from kdvert.distillation.settings import Settings
from kdvert.errors import WorkFailed
from kdvert.hardware import probe
from kdvert.progress import Silent
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet
from kdvert.weights import resolve


@pytest.fixture(scope="module")
def weights(tiny_model):
    return resolve(str(tiny_model))


@pytest.fixture(scope="module")
def encoded(weights, vertical, make_example):
    tokenizer, prompts = load_tokenizer(weights), Prompts.for_vertical(TemplateSet(None, None), vertical)
    return lambda start, stop: encode([make_example(n, "a.md") for n in range(start, stop)], tokenizer, prompts, 256)


@pytest.fixture
def train(weights, encoded, tmp_path, vertical):
    def run(progress=None, validation=2, hardware=None, **settings):
        values = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "rank": 4, "checkpoint_steps": 2} | settings
        tokenizer, prompts = load_tokenizer(weights), Prompts.for_vertical(TemplateSet(None, None), vertical)
        material = Material(encoded(0, 12), encoded(20, 20 + validation), tokenizer, prompts, Settings(**values))
        return qlora.train(
            [sft.phase(material)],
            weights=weights,
            hardware=hardware or probe(),
            four_bit=probe().four_bit,
            settings=Settings(**values),
            checkpoints=tmp_path / "checkpoints",
            adapter=tmp_path / "adapter",
            progress=progress or Silent(),
        )

    return run


class Bars:
    """Progress that counts, and raises after a number of steps."""

    def __init__(self, stop: int | None = None):
        self.done, self.total, self.stop = 0, None, stop

    @contextlib.contextmanager
    def bar(self, label, total):
        self.total = total
        yield self

    def advance(self, count=1):
        self.done += count
        if self.done == self.stop:
            raise KeyboardInterrupt


def test_it_learns_and_saves_what_it_learned(train, tmp_path, weights):
    from safetensors import safe_open

    bars = Bars()
    trained = train(bars, learning_rate=1e-2, epochs=4)
    losses = [row["loss"] for row in trained.history if "loss" in row]
    assert losses[-1] < losses[0]
    assert trained.last("eval_loss") < next(row["eval_loss"] for row in trained.history if "eval_loss" in row)
    assert (bars.done, bars.total) == (12, 12)
    assert trained.resumed_at == 0
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == weights.ref
    layers = {name.rpartition(".")[2] for name in config["target_modules"]}
    assert layers == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    with safe_open(tmp_path / "adapter" / "adapter_model.safetensors", "pt") as file:
        shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118 - not a dict
        assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F32"}  # noqa: SIM118
    assert trained.trainable_parameters == sum(a * b for a, b in shapes)


def test_tokens_count_what_was_read(train, encoded):
    assert train(epochs=2).tokens == 2 * sum(len(row.ids) for row in encoded(0, 12).rows)


def test_the_same_seed_gives_the_same_adapter(train, tmp_path):
    train()
    one = (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes()
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    train()
    assert (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes() == one


@pytest.mark.skipif(probe().device != "cpu" or not probe().four_bit, reason="only there weights may be unpacked")
def test_packed_or_unpacked_the_training_is_the_same(train, tmp_path):
    unpacked = train()
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    packed = train(hardware=dataclasses.replace(probe(), memory_bytes=1000))
    assert packed.last("loss") == pytest.approx(unpacked.last("loss"), abs=1e-5)


def test_an_interrupted_training_goes_on(train, tmp_path):
    whole = train()
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(Bars(stop=5))
    (tmp_path / "checkpoints" / "0-sft" / "checkpoint-6").mkdir()  # a checkpoint whose writing was cut short
    bars = Bars()
    resumed = train(bars)
    assert resumed.resumed_at == 4
    assert bars.done == bars.total == 6
    assert resumed.last("loss") == pytest.approx(whole.last("loss"), abs=1e-5)
    assert resumed.tokens == whole.tokens
    assert [row["step"] for row in resumed.history] == [row["step"] for row in whole.history]


def test_a_finished_training_is_only_saved_again(train, tmp_path):
    whole = train()
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    again = train()
    assert again.resumed_at == 6
    assert again.history == whole.history
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()


def test_without_validation_records_no_loss_is_claimed(train):
    assert train(validation=0).last("eval_loss") is None


def test_a_loss_that_is_no_number_stops(train, tmp_path, monkeypatch):
    import torch
    from trl import SFTTrainer

    honest = SFTTrainer.compute_loss

    def broken(self, model, inputs, *args, **kwargs):
        loss = honest(self, model, inputs, *args, **kwargs)
        return loss * torch.nan if self.state.global_step >= 2 else loss

    monkeypatch.setattr(SFTTrainer, "compute_loss", broken)
    with pytest.raises(WorkFailed, match=r"(?s)loss is nan at step .*learning_rate"):
        train(validation=0)
    assert not (tmp_path / "adapter").exists()


def test_too_little_memory_is_said(train, monkeypatch):
    from trl import SFTTrainer

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(SFTTrainer, "train", full)
    with pytest.raises(WorkFailed, match=r"(?s)batch of 4 records.*batch_size"):
        train()


def test_the_card_says_how_the_adapter_came_about(tmp_path):
    adapter = {
        "base": "hf:org/model", "base_sha256": "ab" * 32, "data_sha256": "cd" * 32, "precision": "nf4",
        "train_records": 10, "validation_records": 2, "trainable_parameters": 123, "config": {"rank": 4},
        "versions": {"peft": "0.1"},
        "lineage": {"document_ids": ["doc-0001", "doc-0002"], "licenses": ["CC-BY-4.0"], "terms": ["route:openai"]},
    }  # fmt: skip
    write_card(tmp_path / "README.md", name="a", vertical_title="Law", disclaimer="No advice.", adapter=adapter)
    from huggingface_hub import ModelCard

    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.library_name == "peft"
    rights = ("| source documents | 2 |", "`CC-BY-4.0`", "`route:openai`")
    for part in ("hf:org/model", "ab" * 32, "| `rank` | `4` |", "No advice.", "peft 0.1", *rights):
        assert part in card.text
