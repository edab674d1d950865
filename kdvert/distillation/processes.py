"""Which of several processes this is, where one training runs in many: the first writes files, the others compute.

A launcher says so in the environment, as torchrun and ``accelerate launch`` do. All processes see the same files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from kdvert.errors import UserError
from kdvert.hardware import Hardware


@dataclass(frozen=True)
class Processes:
    """The number of this process, from 0, and how many there are."""

    rank: int = 0
    count: int = 1

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def share(self, batch_size: int) -> int:
        """Return how many records of a step are this process's.

        Raises:
            UserError: they cannot be shared out evenly.
        """
        if batch_size % self.count:
            raise UserError(
                f"distill.batch_size is {batch_size}, and {self.count} processes cannot share that evenly.",
                hint=f"Set distill.batch_size to a multiple of {self.count}, or launch another number of processes.",
            )
        return batch_size // self.count


def current() -> Processes:
    """Return what the launcher says of this process; without one it is alone."""
    return Processes(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))


def join(hardware: Hardware) -> Processes:
    """Meet the other processes, and take a device of one's own, before a model is loaded."""
    found = current()
    if found.count > 1:
        from accelerate import PartialState

        PartialState(cpu=hardware.device == "cpu")
    return found


def wait() -> None:
    """Wait until every process is here."""
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
