"""How a base is held: 4 bits where possible, and the same numbers whichever way."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from kdvert.errors import UserError
from kdvert.hardware import probe
from kdvert.students.models import (
    context_length,
    load_base,
    load_tokenizer,
    precision,
    unpacked,
    use_four_bit,
)
from kdvert.weights import resolve


@pytest.fixture
def weights(tiny_model):
    return resolve(str(tiny_model))


def logits(model):
    import torch

    with torch.no_grad():
        return model(torch.tensor([[1, 500, 600, 700]])).logits


def test_four_bit_is_nf4_twice_quantized_and_stays_in_float32(weights):
    import torch
    from bitsandbytes.nn import Linear4bit

    model = load_base(weights, probe(), four_bit=True)
    layers = [m for m in model.modules() if isinstance(m, Linear4bit)]
    assert layers
    for layer in layers:
        assert layer.weight.quant_state.quant_type == "nf4"
        assert layer.weight.quant_state.nested
        assert layer.compute_dtype == torch.float32
        assert not layer.support_avx512bf16_for_cpu


def test_unpacking_changes_no_number(weights):
    from bitsandbytes.nn import Linear4bit

    model = load_base(weights, probe(), four_bit=True).eval()
    before = logits(model)
    after = unpacked(model, probe())
    assert not any(isinstance(m, Linear4bit) for m in after.modules())
    assert logits(after).equal(before)


def test_a_base_stays_packed_where_memory_is_short(weights):
    model = load_base(weights, probe(), four_bit=True)
    assert unpacked(model, dataclasses.replace(probe(), memory_bytes=1000)).is_loaded_in_4bit


def test_nf4_is_not_the_full_model(weights):
    full = logits(load_base(weights, probe(), four_bit=False).eval())
    assert not logits(load_base(weights, probe(), four_bit=True).eval()).allclose(full, atol=1e-6)


def test_four_bit_by_setting():
    able = dataclasses.replace(probe(), four_bit=True)
    unable = dataclasses.replace(able, four_bit=False, notes=("bitsandbytes is not installed.",))
    assert use_four_bit("auto", able) is True
    assert use_four_bit("auto", unable) is False
    assert use_four_bit(False, able) is False
    with pytest.raises(UserError, match="bitsandbytes is not installed"):
        use_four_bit(True, unable)
    assert precision(able, four_bit=True).startswith("nf4")
    assert precision(able, four_bit=False) == able.dtype


def test_the_context_length_is_the_models(weights):
    assert context_length(weights) == 1024


def test_cut_off_weights_are_named(tiny_model, tmp_path):
    folder = tmp_path / "cut"
    shutil.copytree(tiny_model, folder)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"cannot be loaded from .*cut"):
        load_base(resolve(str(folder)), probe(), four_bit=False)


def test_code_of_a_model_is_never_run(tiny_model, tmp_path):
    folder = tmp_path / "coded"
    shutil.copytree(tiny_model, folder)
    config = (folder / "config.json").read_text()
    wanted = '{"auto_map": {"AutoModelForCausalLM": "modeling.Evil", "AutoConfig": "modeling.EvilConfig"},'
    changed = config.replace("{", wanted, 1).replace('"model_type": "llama"', '"model_type": "evil"')
    (folder / "config.json").write_text(changed)
    (folder / "modeling.py").write_text("raise SystemExit('ran')")
    with pytest.raises(UserError, match="never runs"):
        load_base(resolve(str(folder)), probe(), four_bit=False)


def test_a_tokenizer_without_padding_gets_the_end_token(tiny_model, tmp_path):
    import json

    folder = tmp_path / "unpadded"
    shutil.copytree(tiny_model, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(resolve(str(folder)))
    assert tokenizer.pad_token == tokenizer.eos_token
