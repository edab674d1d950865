"""How a training is started in several processes: the file that says how, and the command, both of accelerate."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from kdvert.errors import UserError
from kdvert.hardware import Hardware
from kdvert.store import write_text


def gpus() -> int:
    """Return how many GPUs this machine has."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def configuration(hardware: Hardware, processes: int) -> dict[str, Any]:
    """Return accelerate's configuration for ``processes`` on this machine, each with a copy of the base in nf4.

    On a CPU it says so beside ``MULTI_GPU``: by that name accelerate takes torchrun, else it would ask for MPI.

    Raises:
        UserError: there are fewer GPUs than processes.
    """
    if processes < 1:
        raise UserError(f"--processes is {processes}; allowed are numbers from 1.")
    if hardware.device == "cuda" and processes > (found := gpus()):
        raise UserError(
            f"--processes is {processes}, and this machine has {found} GPU{'' if found == 1 else 's'}: each process "
            "needs one of its own.",
            hint=f"kdvert distill --launch --processes {found}",
        )
    return {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "MULTI_GPU" if processes > 1 else "NO",
        "use_cpu": hardware.device != "cuda",
        "num_machines": 1,
        "num_processes": processes,
        "machine_rank": 0,
        "mixed_precision": "no",  # the training says for itself what it computes in
        "dynamo_backend": "no",
        "debug": False,
    }


def write(path: Path, configured: dict[str, Any]) -> Path:
    """Write a configuration and return where it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, yaml.safe_dump(configured, sort_keys=False))
    return path


def command(path: Path, arguments: Sequence[str], *, port: int) -> list[str]:
    """Return the command that runs ``kdvert`` with ``arguments`` in each process.

    Args:
        path: of accelerate's configuration.
        arguments: of kdvert.
        port: on which the processes find each other; 0 takes a free one.
    """
    own = ["--config_file", str(path), "--main_process_port", str(port), "--module", "kdvert"]
    return [sys.executable, "-m", "accelerate.commands.launch", *own, *arguments]
