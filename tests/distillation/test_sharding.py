"""The base in shards: when it is cut, and that two processes with a half each compute what one with all of it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdvert.distillation import qlora, sharding
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Phase
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.hardware import Capabilities, choose, probe
from kdvert.progress import Silent
from kdvert.weights import resolve
from tests.distillation.small import FAST, adapter_of

GIB = 2**30
CPU = choose(Capabilities(cores=2, memory_bytes=16 * GIB, bitsandbytes=True))
GPU = choose(Capabilities(8, 64 * GIB, cuda_capability=(8, 0), cuda_memory_bytes=24 * GIB, bitsandbytes=True))


def processes_are(count, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", str(count))


@pytest.mark.parametrize(
    ("setting", "count", "expected"), [(True, 2, True), (True, 1, False), (False, 2, False), ("auto", 1, False)]
)
def test_only_several_processes_can_have_shards(setting, count, expected, weights, monkeypatch):
    processes_are(count, monkeypatch)
    assert sharding.choose(Settings(shard=setting), weights, GPU, four_bit=True) is expected


def test_by_itself_it_cuts_what_would_crowd_the_memory(weights, monkeypatch):
    processes_are(4, monkeypatch)
    assert not sharding.choose(Settings(), weights, GPU, four_bit=True), "a tiny model fits a GPU many times"
    tight = replace(GPU, memory_bytes=1_000_000)
    assert sharding.choose(Settings(), weights, tight, four_bit=True)


@pytest.mark.parametrize(
    ("hardware", "held", "expected"), [(GPU, 11, False), (GPU, 13, True), (CPU, 3, True), (CPU, 1, False)]
)
def test_processes_share_the_memory_of_a_cpu_and_each_has_a_gpu(hardware, held, expected):
    assert sharding.crowded(held * GIB, hardware, 4) is expected


def test_layers_are_found_or_their_lack_is_named(weights):
    import torch

    from kdvert.students.models import load_base

    base = load_base(weights, probe(), four_bit=False)
    assert sharding._units(base) == list(base.model.layers), "embeddings that the output shares are no unit"
    base.model.layers.append(torch.nn.Identity())
    with pytest.raises(UserError, match=r"(?s)layers of LlamaForCausalLM cannot be found.*shard: false"):
        sharding._units(base)


def test_embeddings_are_cut_for_themselves_unless_the_output_shares_them(weights):
    import torch

    from kdvert.students.models import load_base

    base = load_base(weights, probe(), four_bit=False)
    base.lm_head.weight = torch.nn.Parameter(base.lm_head.weight.clone())
    assert sharding._units(base) == [*base.model.layers, base.model.embed_tokens]


def test_an_older_transformers_is_told_apart_in_words():
    with pytest.raises(UserError, match=r"(?s)cannot train beside a base that is sharded.*upgrade transformers"):
        sharding.drive(SimpleNamespace())


def test_for_shards_the_base_is_loaded_into_the_memory_of_the_host(weights, monkeypatch):
    """On a machine with GPUs, too: one alone need not hold all of it, and packed weights must be of a kind to cut."""
    from transformers import AutoModelForCausalLM

    from kdvert.students.models import load_base

    asked = {}
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda path, **options: asked.update(options))
    monkeypatch.setattr("kdvert.students.models._compute_as_told", lambda model: None)
    load_base(weights, GPU, four_bit=True, to_shard=True)
    assert asked["device_map"] == {"": "cpu"}
    quantization = asked["quantization_config"]
    assert quantization.bnb_4bit_quant_storage == quantization.bnb_4bit_compute_dtype == GPU.torch_dtype
    load_base(weights, GPU, four_bit=True)
    assert asked["device_map"] == {"": "cuda"}


@pytest.fixture
def rows(material):
    return [dict(row) for row in sft.rows(material().train)]


@pytest.fixture
def untied(tiny_model, tmp_path):
    """A folder with the tiny model, its output layer apart from its embeddings."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    config = LlamaConfig.from_pretrained(tiny_model, tie_word_embeddings=False)
    AutoModelForCausalLM.from_pretrained(tiny_model, config=config).save_pretrained(tmp_path / "untied")
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path / "untied")
    return tmp_path / "untied"


@pytest.fixture
def together(rows, tiny_model, tmp_path):
    """Return what trains two phases on the rows in two processes, with shards, and says what came of it."""

    def run(stop=None, model=tiny_model, **arguments):
        settings = FAST | {"shard": True, "dropout": 0.0}
        job = {"folder": str(tmp_path), "settings": settings, "model": str(model), "rows": rows, "stop": stop}
        (tmp_path / "job.json").write_text(json.dumps(job | {"arguments": arguments}))
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
        done = subprocess.run(
            [*command, str(Path(__file__).with_name("sharded.py")), str(tmp_path / "job.json")],
            capture_output=True, text=True, timeout=240, check=False,
            env={k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")} | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads((tmp_path / "said.json").read_text())

    return run


@pytest.fixture
def alone(rows, weights, tmp_path):
    """Train the same in this process."""

    def run(weights=weights):
        settings = Settings(**FAST)
        phases = [Phase(n, rows, rows[:2], sft.trainer, settings.epochs, settings.learning_rate) for n in ("a", "b")]
        return qlora.train(
            phases, validation=rows[:2], weights=weights, hardware=probe(), four_bit=True, settings=settings,
            checkpoints=tmp_path / "alone", adapter=tmp_path / "one", progress=Silent(),
        )  # fmt: skip

    return run


def same(said, trained, tmp_path):
    """Hold losses and adapters of two trainings against each other."""
    names = ("loss", "eval_loss")
    first, second = ([row[n] for row in h for n in names if n in row] for h in (said["history"], trained.history))
    assert first == pytest.approx(second, rel=1e-4)
    two, one = adapter_of(tmp_path), adapter_of(tmp_path, "one")
    assert two.keys() == one.keys()
    assert max(float((two[name] - one[name]).abs().max()) for name in one) < 1e-3


@pytest.mark.skipif(not probe().four_bit, reason="no 4 bits on this machine")
def test_two_processes_with_half_a_base_each_train_as_one_does_and_go_on_when_killed(together, alone, tmp_path):
    said = together(stop=9)  # in the second phase, behind its checkpoint
    assert said["sharded"]
    assert said["apart"] == 0, "logits"
    assert said["mine"] * 2 == pytest.approx(said["cut"], rel=0.01)
    assert said["resumed_at"] == 8
    same(said, alone(), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not probe().four_bit, reason="no 4 bits on this machine")
def test_layers_can_be_computed_again_on_the_way_back(together, alone, untied, tmp_path):
    """As on a GPU: a layer that was given back is gathered a second time. Here with embeddings of their own."""
    said = together(model=untied, gradient_checkpointing=True)
    assert said["apart"] == 0
    same(said, alone(resolve(str(untied))), tmp_path)
