"""How records lie in a batch: what a machine can do, and that real trainings without padding learn the same."""

from __future__ import annotations

import dataclasses
import math

import pytest

from kdvert.distillation.objectives import cpt, sft
from kdvert.distillation.packing import LENGTHS, choose, laid
from kdvert.errors import UserError
from kdvert.hardware import Capabilities
from kdvert.hardware import choose as machine
from tests.distillation.small import adapter_of

CPU = machine(Capabilities(cores=2, memory_bytes=8 << 30))
OLD = machine(Capabilities(8, 64 << 30, cuda_capability=(7, 5), flash_attention=True))
PLAIN = machine(Capabilities(8, 64 << 30, cuda_capability=(9, 0)))
FLASH = machine(Capabilities(8, 64 << 30, cuda_capability=(8, 0), flash_attention=True))


@pytest.mark.parametrize(
    ("setting", "hardware", "chosen"),
    [
        ("auto", CPU, "none"),
        ("auto", OLD, "none"),
        ("auto", PLAIN, "none"),
        ("auto", FLASH, "padding_free"),
        ("none", FLASH, "none"),
        ("padding_free", FLASH, "padding_free"),
        ("packed", FLASH, "packed"),
        ("padding_free", CPU, "padding_free"),
    ],
)
def test_the_machine_decides(setting, hardware, chosen):
    assert choose(setting, hardware) == chosen


@pytest.mark.parametrize(
    ("setting", "hardware"),
    [("packed", CPU), ("packed", OLD), ("packed", PLAIN), ("padding_free", OLD), ("padding_free", PLAIN)],
)
def test_without_flash_attention_it_is_refused(setting, hardware):
    with pytest.raises(UserError, match=rf"(?s)packing: {setting} needs flash attention.*sdpa.*auto"):
        choose(setting, hardware)


def test_packed_rows_are_whole_rows(material):
    rows = sft.rows(material().train)
    made = laid(rows, "packed", 256)
    assert len(made) < len(rows)
    assert all(len(row["input_ids"]) == len(row["labels"]) == sum(row[LENGTHS]) <= 256 for row in made)
    assert sorted(map(tuple, apart(made))) == sorted(tuple(row["input_ids"]) for row in rows)
    assert laid(rows, "none", 256) is laid(rows, "padding_free", 256) is rows


def apart(made):
    """Yield the rows that packed ones are made of."""
    for row in made:
        start = 0
        for length in row[LENGTHS]:
            yield row["input_ids"][start : start + length]
            start += length


def test_records_in_one_row_do_not_see_each_other(material, weights):
    """By a mask that transformers makes of positions where no cache is asked for, as TRL asks for none."""
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    rows = sft.rows(material().train)[:3]
    model = AutoModelForCausalLM.from_pretrained(weights.path, dtype=torch.float32)
    batch = DataCollatorForLanguageModeling(0, padding_free=True)([dict(row) for row in rows])
    inputs = {name: batch[name] for name in ("input_ids", "position_ids")}
    with torch.no_grad():
        apart = torch.cat([model(input_ids=torch.tensor([row["input_ids"]])).logits[0] for row in rows])
        together = model(**inputs, use_cache=False).logits[0]
        running = model(input_ids=batch["input_ids"], use_cache=False).logits[0]
    assert float((together - apart).abs().max()) < 1e-4 * float(apart.abs().max())
    assert float((running - apart).abs().max()) > 1e-2 * float(apart.abs().max())


@pytest.mark.parametrize("name", ["sft", "cpt"])
def test_without_padding_the_same_is_learned(name, material, train, tmp_path, make_example):
    """On this machine the plain kernels keep records apart by a mask: slower, and the numbers are those."""
    import torch

    uneven = [make_example(n, f"d{n % 4}", answer=f"Fact {n} is {n * 7}. " * (1 + n % 3)) for n in range(10)]
    some = material(uneven[:8], held_out=uneven[8:], objective=[name], epochs=1)
    padded = train(some, name, adapter="padded")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    free = train(dataclasses.replace(some, packing="padding_free"), name, adapter="free")
    for loss in ("loss", "eval_loss"):
        assert free.last(loss) == pytest.approx(padded.last(loss), rel=1e-3)
    assert free.tokens == padded.tokens
    one, other = (torch.cat([v.flatten() for v in adapter_of(tmp_path, a).values()]) for a in ("padded", "free"))
    assert float(torch.cosine_similarity(one, other, dim=0)) > 0.999


def test_a_step_takes_packed_rows(material, train):
    some = dataclasses.replace(material(epochs=2, batch_size=2), packing="packed")
    rows = sft.phase(some).rows
    trained = train(some, "sft")
    assert trained.history[-1]["step"] == 2 * math.ceil(len(rows) / 2)
    assert trained.tokens == 2 * sum(len(row.ids) for row in some.train.rows)


def test_passages_are_packed_too(material):
    some = material(cpt={"replay": 0.5})
    packed = cpt.phase(dataclasses.replace(some, packing="packed")).rows
    tokens = sum(len(row["input_ids"]) for row in cpt.phase(some).rows)
    assert sum(len(row["input_ids"]) for row in packed) == tokens
