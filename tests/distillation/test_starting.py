"""An adapter that starts at what 4 bits took from the base."""

from __future__ import annotations

import shutil

import pytest
import torch

from kdvert.configuration import validate
from kdvert.distillation import qlora, starting
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.hardware import probe
from kdvert.students.models import load_base, with_adapter

pytestmark = pytest.mark.skipif(not probe().four_bit, reason="no 4 bits on this machine")


def distance(model, plain):
    """Return how far the linear layers with their adapter are from the unrounded ones, summed squares."""
    layers = dict(plain.named_modules())
    total = 0.0
    for name, module in model.get_base_model().named_modules():
        if hasattr(module, "lora_A"):
            now = starting._unrounded(module.base_layer) + module.get_delta_weight("default")
            total += float((now - layers[name].weight).square().sum())
    return total


@pytest.mark.parametrize("variant", ["lora", "rslora"])
@pytest.mark.parametrize("unpack", [True, False])
def test_it_starts_nearer_to_the_unrounded_base(weights, variant, unpack):
    plain = load_base(weights, probe(), four_bit=False)
    found = []
    for start in ("zero", "loftq"):
        base = load_base(weights, probe(), four_bit=True)
        model = qlora._adapted(base.dequantize(torch.float32) if unpack else base, Settings(rank=8, variant=variant))
        if start == "loftq":
            starting.make_up_for_rounding(model, weights)
        found.append(distance(model, plain))
    assert found[1] < 0.8 * found[0]


def test_a_student_that_hardly_learns_is_nearer_to_the_unrounded_base_than_the_rounded_one(
    material, train, tmp_path, weights
):
    """Through training, saving and loading on the base as evaluation holds it."""
    train(material(start="loftq", epochs=1, learning_rate=1e-9, rank=32), "sft")
    plain, rounded = (load_base(weights, probe(), four_bit=bits) for bits in (False, True))
    ids = torch.arange(100, 140)[None]
    with torch.no_grad():
        wanted, before = (one(ids).logits for one in (plain, rounded))
        after = with_adapter(rounded, tmp_path / "adapter")(ids).logits
    assert float((after - wanted).square().sum()) < 0.5 * float((before - wanted).square().sum())


def test_a_base_in_full_precision_has_lost_nothing(weights):
    model = qlora._model(weights, probe(), Settings(rank=4, start="loftq"), four_bit=False, sharded=False)
    assert all(float(p.abs().sum()) == 0 for n, p in model.named_parameters() if "lora_B" in n)


def test_other_weights_are_named(weights, tmp_path):
    base = load_base(weights, probe(), four_bit=True)
    model = qlora._adapted(base, Settings(rank=4))
    empty = shutil.copytree(weights.path, tmp_path / "empty", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(UserError, match=r"(?s)hold no weights of model\.layers\.0\..*start: zero"):
        starting.make_up_for_rounding(model, type(weights)(weights.ref, empty, ""))


def test_dora_cannot_start_so():
    with pytest.raises(UserError, match="goes with the variants lora and rslora"):
        validate(Settings, {"start": "loftq", "variant": "dora"}, where="here")
