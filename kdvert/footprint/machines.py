"""Machines that people train on, and the choices that `kdvert.hardware` makes for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kdvert.hardware import Capabilities, Hardware, choose

GIB = 1024**3
_USABLE = {"cuda": 0.9, "mps": 0.7, "cpu": 0.8}
"""Share of the memory that tensors may take: CUDA's own context, the allocator's gaps and, where it is the machine's
memory, the system and Python's libraries have the rest."""


@dataclass(frozen=True)
class Machine:
    """A machine by name.

    Attributes:
        name: of it.
        hardware: of each device.
        count: devices, each with a process and its memory; over several the base is sharded (FSDP).
    """

    name: str
    hardware: Hardware
    count: int = 1

    @property
    def usable_bytes(self) -> int:
        """Memory of a device that a training may take."""
        return int(_USABLE[self.hardware.device] * self.hardware.memory_bytes)

    def times(self, count: int) -> Machine:
        """Return so many of its devices."""
        return replace(self, name=f"{count} x {self.name}", count=count) if count > 1 else self


def _gpu(name: str, gib: float, capability: tuple[int, int]) -> Machine:
    facts = Capabilities(
        cores=8,
        memory_bytes=64 * GIB,
        cuda_capability=capability,
        cuda_name=name,
        cuda_memory_bytes=int(gib * GIB),
        bitsandbytes=True,
    )
    return Machine(name, choose(facts))


# What the driver reports, which is a little less than the name says (NVIDIA's data sheets; nvidia-smi).
GPUS = (
    _gpu("T4 16 GB", 15.0, (7, 5)),
    _gpu("L4 24 GB", 22.5, (8, 9)),
    _gpu("RTX 4090 24 GB", 24.0, (8, 9)),
    _gpu("A100 40 GB", 40.0, (8, 0)),
    _gpu("A100 80 GB", 80.0, (8, 0)),
    _gpu("H100 80 GB", 80.0, (9, 0)),
    _gpu("H200 141 GB", 140.4, (9, 0)),
)
"""GPUs for which a plan says what fits."""


def here(hardware: Hardware) -> Machine:
    """Return the machine that is at hand."""
    return Machine("this machine", hardware)
