"""What a training takes, from a config alone: held against real modules, real tensors and a real training."""

from __future__ import annotations

import json

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.footprint import tracing
from kdvert.footprint.estimate import Student, computing, footprint, held, mapped, phases
from kdvert.footprint.finding import config_folder
from kdvert.footprint.fitting import fit, growth
from kdvert.footprint.machines import GPUS, Machine, here
from kdvert.footprint.skeleton import Adapter, read_config
from kdvert.hardware import Capabilities, choose, probe

CPU = here(choose(Capabilities(cores=2, memory_bytes=16 * 2**30, bitsandbytes=True)))


@pytest.fixture(scope="module")
def config_only(tiny_model, tmp_path_factory):
    """A folder with the config.json of a six-layer Llama and nothing else."""
    folder = tmp_path_factory.mktemp("config")
    plain = json.loads((tiny_model / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(plain | {"num_hidden_layers": 6}))
    return folder


@pytest.fixture(scope="module")
def student(config_only):
    return Student("six", read_config(config_only, "six"), Adapter(rank=8))


def test_numbers_are_those_of_the_real_model_with_the_real_adapter(tiny_model):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    for variant in ("lora", "rslora", "dora"):
        counted = Student("tiny", read_config(tiny_model, "tiny"), Adapter(4, variant)).sizes
        model = AutoModelForCausalLM.from_pretrained(tiny_model)
        assert counted.base == model.num_parameters()
        assert counted.rest == model.num_parameters() - sum(
            p.numel() for n, p in model.named_parameters() if n.endswith("proj.weight")
        )
        config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", use_dora=variant == "dora")
        assert counted.adapter == get_peft_model(model, config).get_nb_trainable_parameters()[0]


def test_weights_in_four_bits_take_what_bitsandbytes_takes(tiny_model):
    from bitsandbytes.nn import Linear4bit

    from kdvert.students.models import load_base
    from kdvert.weights import resolve

    model = load_base(resolve(str(tiny_model)), probe(), four_bit=True)
    packed = [m for m in model.modules() if isinstance(m, Linear4bit)]
    assert packed
    states = [m.weight.quant_state for m in packed]
    real = sum(m.weight.numel() * m.weight.element_size() for m in packed) + sum(
        t.numel() * t.element_size()
        for s in states
        for t in (s.absmax, s.code, s.offset, s.state2.absmax, s.state2.code)
    )
    small = Machine("small", choose(Capabilities(cores=1, memory_bytes=2**20, bitsandbytes=True)))
    always = held(Student("tiny", read_config(tiny_model, "tiny"), Adapter()), small, four_bit=True)
    assert always.packed
    assert always.linear == pytest.approx(real, rel=0.01)


def test_a_base_that_training_unpacks_is_planned_unpacked(student):
    roomy = held(student, CPU, four_bit=True)
    assert not roomy.packed
    assert roomy.linear == 4 * student.sizes.linear
    assert roomy.unpacking == 0


def test_devices_hold_shards_and_what_is_gathered(student):
    """Four bits a weight are cut; the scales that unpack them, the adapter and its optimizer are whole everywhere."""
    gpu = GPUS[1]
    one, four = (held(student, gpu.times(count), four_bit=True) for count in (1, 4))
    linear, layer = student.sizes.linear, student.sizes.linear / 6
    assert one.gathered == 0
    assert one.linear - four.linear == pytest.approx(linear / 2 * 3 / 4, rel=0.01)
    assert four.rest == one.rest // 4
    assert (four.adapter, four.optimizer) == (one.adapter, one.optimizer)
    assert four.gathered > 2 * layer / 2 + student.sizes.outside * 2
    assert gpu.times(1) is gpu
    batches = [fit(student, gpu.times(count), four_bit=True, batch=4, length=64).batch for count in (1, 4)]
    assert batches[1] % 4 == 0


def test_embeddings_of_their_own_are_gathered_for_themselves(config_only, tmp_path):
    plain = json.loads((config_only / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(plain | {"tie_word_embeddings": False}))
    tied, apart = (Student("six", read_config(one, "six"), Adapter()).sizes for one in (config_only, tmp_path))
    assert apart.rest - tied.rest == 64 * tied.vocabulary
    assert apart.outside == tied.outside


def test_activations_are_those_that_autograd_really_keeps(tiny_model):
    """Each storage that a real step keeps for the way back is counted; the trace must say the same."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model, attn_implementation="sdpa")
    model = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    mask = torch.ones((4, 96), dtype=torch.long)
    mask[0, 60:] = 0  # as in a batch of records that are not alike in length
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        model.get_base_model().model(torch.zeros((4, 96), dtype=torch.long), attention_mask=mask)
    student = Student("tiny", read_config(tiny_model, "tiny"), Adapter(rank=8))
    found = phases(student, "sft", computing(CPU), 4, 96)["loss"]
    assert found["activations"] == pytest.approx(sum(size for size, _ in kept.values()), rel=0.03)


def test_a_deep_model_is_reckoned_from_two_short_ones(student, config_only):
    from kdvert.footprint.steps import STEPS

    whole = tracing._traced(student.config, "six", STEPS["sft"], student.adapter, 3, 80, computing(CPU))
    assert phases(student, "sft", computing(CPU), 3, 80) == whole


def test_checkpointing_keeps_less_and_a_longer_batch_takes_more(student):
    plain, checkpointed = (phases(student, "sft", computing(m), 4, 256) for m in (CPU, GPUS[1]))
    assert checkpointed["loss"]["activations"] < plain["loss"]["activations"] / 4
    assert footprint(student, CPU, four_bit=True, batch=8, length=256).peak_bytes > (
        footprint(student, CPU, four_bit=True, batch=4, length=256).peak_bytes
    )


def test_gaps_of_a_heap_are_counted_for_small_tensors_on_a_cpu_and_for_no_others(student):
    import dataclasses

    heap = computing(CPU)
    whole = phases(student, "sft", heap, 4, 256)["loss"]
    assert whole["gaps"] == pytest.approx(tracing.GAPS * whole["activations"], rel=0.02)
    none = phases(student, "sft", dataclasses.replace(heap, heap=0), 4, 256)["loss"]
    assert none == whole | {"gaps": 0}, "what tensors take does not change"
    some = phases(student, "sft", dataclasses.replace(heap, heap=4 * 256 * 64 * 4), 4, 256)["loss"]
    assert 0 < some["gaps"] < whole["gaps"], "tensors of that size and larger ones have pages of their own"
    assert computing(GPUS[1]).heap == 0


def test_a_file_stays_mapped_where_its_embeddings_are_used_as_they_lie_there(student):
    import torch

    config = student.config
    before = config.dtype
    try:
        config.dtype = torch.float32
        assert mapped(student, CPU, four_bit=True) == 4 * student.sizes.linear
        assert mapped(student, CPU, four_bit=False) == 0, "its pages are the weights"
        assert mapped(student, GPUS[1], four_bit=True) == 0
        config.dtype = torch.bfloat16
        assert mapped(student, CPU, four_bit=True) == 0, "copied into another dtype, and closed"
    finally:
        config.dtype = before


def test_parts_add_up_and_objectives_differ(student, config_only):
    import dataclasses

    peaks = {}
    for name in ("sft", "cpt", "kl", "preference"):
        planned = footprint(dataclasses.replace(student, objectives=(name,)), CPU, four_bit=False, batch=4, length=128)
        assert planned.peak_bytes == sum(p.bytes for p in planned.parts)
        assert planned.unknown is None
        peaks[name] = planned.peak_bytes
    assert peaks["cpt"] == peaks["sft"]
    assert peaks["preference"] > peaks["sft"], "two answers a record"
    both = footprint(dataclasses.replace(student, objectives=("sft", "kl")), CPU, four_bit=False, batch=4, length=128)
    assert both.objective == max(("sft", "kl"), key=peaks.__getitem__)


@pytest.mark.parametrize(
    "machine", [CPU, pytest.param(GPUS[0], marks=pytest.mark.slow)], ids=lambda m: m.hardware.device
)
def test_what_is_said_to_fit_fits_and_one_more_does_not(student, machine):
    small = Machine("small", choose(Capabilities(cores=2, memory_bytes=900_000_000, bitsandbytes=True)))
    machine = small if machine is CPU else machine
    found = fit(student, machine, four_bit=False, batch=4, length=512)
    grows = growth(student, computing(machine))
    direct = footprint(student, machine, four_bit=False, batch=found.batch, length=512)
    assert direct.peak_bytes <= machine.usable_bytes * 1.01
    always = held(student, machine, four_bit=False).total
    assert always + grows.at(found.batch, 512) == pytest.approx(direct.peak_bytes, rel=0.01)
    if machine is small:
        assert footprint(student, machine, four_bit=False, batch=found.batch + 1, length=512).fits is False


def test_what_is_too_large_for_a_machine_fits_in_no_batch(student):
    tiny = Machine("tiny", choose(Capabilities(cores=1, memory_bytes=2**20)))
    found = fit(student, tiny, four_bit=False, batch=1, length=16)
    assert (found.batch, found.length) == (0, 0)


def test_a_folder_with_only_a_config_is_enough_and_what_is_missing_is_said(config_only, tmp_path):
    assert config_folder(str(config_only)) == config_only
    with pytest.raises(UserError, match=r"holds no config\.json"):
        config_folder(str(tmp_path))
    with pytest.raises(WorkFailed, match=r"not on this machine") as caught:
        config_folder("hf:nobody/has-this-model-here")
    assert "No weights are needed" in caught.value.hint
    with pytest.raises(UserError, match="not of the form"):
        config_folder("hf:one-word")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        read_config(tmp_path, "cut off")


def test_a_model_that_writes_no_text_is_named(tmp_path):
    from kdvert.footprint.skeleton import sizes

    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(UserError, match="No model can be built"):
        sizes(read_config(tmp_path, "vit"), "vit", Adapter())
