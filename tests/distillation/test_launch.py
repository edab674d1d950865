"""One training in several processes: how it is shared out and started, and that two processes learn what one learns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from kdvert.cli.main import cli
from kdvert.distillation import launching
from kdvert.distillation.processes import Processes, current
from kdvert.errors import UserError
from kdvert.hardware import Capabilities, choose

CPU = choose(Capabilities(cores=2, memory_bytes=8 << 30))
GPUS = choose(Capabilities(8, 64 << 30, cuda_capability=(8, 0), bitsandbytes=True))


def test_a_process_knows_its_place(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert current() == Processes(0, 1)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert current() == Processes(1, 4)
    assert not current().writes


def test_the_batch_is_shared_out_or_refused():
    assert Processes(0, 4).share(8) == 2
    with pytest.raises(UserError, match=r"(?s)batch_size is 8, and 3 processes.*multiple of 3"):
        Processes(0, 3).share(8)


def test_accelerate_is_told_what_the_machine_is(monkeypatch):
    monkeypatch.setattr(launching, "gpus", lambda: 4)
    told = launching.configuration(GPUS, 4)
    assert (told["distributed_type"], told["use_cpu"], told["num_processes"]) == ("MULTI_GPU", False, 4)
    assert launching.configuration(GPUS, 1)["distributed_type"] == "NO"
    assert launching.configuration(CPU, 2)["use_cpu"]
    with pytest.raises(UserError, match=r"(?s)--processes is 5, and this machine has 4 GPUs"):
        launching.configuration(GPUS, 5)
    with pytest.raises(UserError, match="--processes is 0"):
        launching.configuration(CPU, 0)


def test_accelerate_reads_the_file(tmp_path):
    from accelerate.commands.config.config_args import load_config_from_file

    path = launching.write(tmp_path / "launch" / "accelerate.yaml", launching.configuration(CPU, 2))
    read = load_config_from_file(str(path))
    assert (read.num_processes, read.use_cpu, read.distributed_type) == (2, True, "MULTI_GPU")


@pytest.fixture
def project(finished_student, tmp_path):
    """A project whose student is to be trained anew."""
    return shutil.copytree(finished_student, tmp_path / "project")


SETTINGS = ["epochs=1", "batch_size=4", "rank=4", "checkpoint_steps=2", "validation_share=0.2", "four_bit=false"]
SET = [part for one in SETTINGS for part in ("--set", f"distill.{one}")]


def test_the_command_is_printed_and_nothing_runs(project):
    arguments = ["distill", "--project", str(project), "--launch", "--processes", "2", "--print", "--json", *SET]
    found = json.loads(CliRunner().invoke(cli, arguments).stdout)
    assert found["ran"] is False
    assert found["command"][:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    told = yaml.safe_load((project / "work/launch/accelerate.yaml").read_text())
    assert told["num_processes"] == 2
    assert [found["command"][i + 1] for i, part in enumerate(found["command"]) if part == "--set"] == SET[1::2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--processes", "2"], r"go with --launch"),
        (["--launch", "--processes", "3", *SET], r"3 processes cannot share"),
        (["--launch", "--processes", "0", *SET], r"--processes is 0"),
    ],
)
def test_what_cannot_be_is_refused(options, said, project):
    done = CliRunner().invoke(cli, ["distill", "--project", str(project), *options])
    assert done.exit_code == 2
    assert said in done.stderr.replace("\n", " ")


@pytest.fixture
def runs(project):
    """Return what trains the project's student with options, and gives adapter, history and adapter.json."""
    from safetensors.torch import load_file

    environment = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")} | {"OMP_NUM_THREADS": "1"}

    def run(*options):
        command = [sys.executable, "-m", "kdvert", "distill", "--project", str(project), "--force", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
        out = project / "work/distill"
        history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
        told = json.loads((out / "adapter.json").read_text())
        return load_file(out / "adapter/adapter_model.safetensors"), history, told

    return run


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("distill.shard=true", "distill.four_bit=true")], ids=["copies", "shards"])
def test_two_processes_learn_what_one_learns(project, runs, more):
    import torch

    # twelve records are three full steps: accelerate fills a last one that is not full with records from the front
    accepted = project / "work/review/accepted.jsonl"
    accepted.write_text("".join(accepted.read_text().splitlines(keepends=True)[::20][:12]))
    settings = [*SETTINGS, "validation_share=0", "canaries.count=0"]
    whole = [part for one in [*(f"distill.{s}" for s in settings), *more] for part in ("--set", one)]
    found = [runs(*options, *whole) for options in (["--launch", "--processes", "2"], [])]
    adapters, histories, told = zip(*found, strict=True)
    assert [(one["processes"], one["sharded"]) for one in told] == [(2, bool(more)), (1, False)]
    two, one = (torch.cat([value.flatten() for value in adapter.values()]) for adapter in adapters)
    assert [row["step"] for row in histories[0]] == [row["step"] for row in histories[1]]
    assert [row["tokens"] for row in histories[0]] == [row["tokens"] for row in histories[1]]
    losses = [[row["loss"] for row in rows if "loss" in row] for rows in histories]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert float(torch.cosine_similarity(one, two, dim=0)) > 0.999
    assert len(list((project / "work/logs").glob("*-distill.log"))) == 2, "one of each run, not of each process"
