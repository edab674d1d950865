"""FSDP with QLoRA: the frozen base lies in shards, one a process; a layer is gathered while it computes.

By torch's `fully_shard` (FSDP2, arXiv 2304.11277), which runs on GPUs (NCCL) and on a CPU (gloo). The adapter is not
sharded: it is about a hundredth of the base, and whole in each process it is saved, resumed, merged and held to a
reference as if there were no shards. Its gradients are averaged, as data parallel training does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kdvert.distillation import processes
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.footprint.estimate import Student, held
from kdvert.footprint.machines import here
from kdvert.footprint.skeleton import Adapter, read_config
from kdvert.hardware import Hardware
from kdvert.students import structure
from kdvert.weights import Weights

if TYPE_CHECKING:
    from torch.nn import Module, Parameter
    from transformers import Trainer

_OURS = "is_distributed_loading_by_transformers"
"""What tells transformers' trainer that the model places itself: it averages the gradients of parameters that are in no
shard, and does not wrap the model for data parallel training, which shards do not allow."""


def choose(settings: Settings, weights: Weights, hardware: Hardware, *, four_bit: bool) -> bool:
    """Return whether the base is sharded over the processes of this training."""
    count = processes.current().count
    if settings.shard != "auto" or count == 1:
        return settings.shard is True and count > 1
    adapter = Adapter(settings.rank, settings.variant)
    student = Student(weights.ref, read_config(weights.path, weights.ref), adapter, tuple(settings.objective))
    return crowded(held(student, here(hardware), four_bit=four_bit).total, hardware, count)


def crowded(held_bytes: int, hardware: Hardware, count: int) -> bool:
    """Return whether whole copies of what training holds would take over half of the memory.

    Args:
        held_bytes: in a process with a whole copy.
        hardware: on a CPU all processes share its memory; else each has a device of its own.
        count: of processes.
    """
    return held_bytes * (count if hardware.device == "cpu" else 1) > hardware.memory_bytes / 2


@contextmanager
def in_turn() -> Iterator[None]:
    """Let the processes through one after the other: the host's memory need not hold several bases at once."""
    own = processes.current()
    for _ in range(own.rank):
        processes.wait()
    yield
    for _ in range(own.rank, own.count):
        processes.wait()


def shard(model: Any, hardware: Hardware) -> None:
    """Cut the frozen parameters of a model into shards, and move what is this process's to its device.

    Each layer of the transformer is gathered for itself, and so are embeddings; the output layer, with embeddings that
    share its weights, for as long as the model computes.

    Args:
        model: with an adapter or without, in the host's memory.
        hardware: what this machine can do.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    mesh = init_device_mesh(hardware.device, (processes.current().count,))
    whole: set[Parameter] = {p for p in model.parameters() if p.requires_grad}
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    for module in _units(base):
        fully_shard(module, mesh=mesh, ignored_params=whole)
    fully_shard(model, mesh=mesh, ignored_params=whole)
    for parameter in whole:
        parameter.data = parameter.data.to(mesh.device_type)
    register_fsdp_forward_method(model, "generate")  # which computes past the forward of the adapter's model
    base._is_fsdp_managed_module = True  # answers have lengths of their own: all processes go on until the last is done


def _units(base: Any) -> list[Module]:
    """Return what is gathered for itself.

    Raises:
        UserError: the transformer's layers cannot be told from the rest of the model.
    """
    found = structure.layers(base)
    if not found:
        raise UserError(
            f"The layers of {type(base).__name__} cannot be found, so its base cannot be sharded.",
            hint="Set distill.shard: false: each process then holds all of the base.",
        )
    return [*found, *structure.own_embeddings(base)]


def drive(trainer: Trainer) -> None:
    """Let a trainer train a sharded model.

    Only after it was made may it know: for a model that transformers has sharded itself it refuses checkpoints, since
    shards of what is trained cannot be resumed. Here nothing that is trained is sharded.

    Raises:
        UserError: the installed transformers cannot.
    """
    if not hasattr(trainer, _OURS):
        raise UserError(
            "The installed transformers cannot train beside a base that is sharded.",
            hint="pip install --upgrade transformers, or set distill.shard: false.",
        )
    setattr(trainer, _OURS, True)
