"""What this machine can do, and the one place that turns it into choices: device, dtype, 4-bit, attention.

The facts (`Capabilities`) are read apart from the choice (`choose`), so that the choice for a machine that is not
at hand can be tested.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kdvert.extras import have

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Capabilities:
    """Facts about a machine. Memory is in bytes; ``cuda_capability`` is (major, minor), or None without CUDA."""

    cores: int
    memory_bytes: int
    cuda_capability: tuple[int, int] | None = None
    cuda_name: str = ""
    cuda_memory_bytes: int = 0
    mps: bool = False
    bitsandbytes: bool = False
    flash_attention: bool = False


@dataclass(frozen=True)
class Hardware:
    """What kdvert uses on a machine.

    Attributes:
        device: ``cuda``, ``mps`` or ``cpu``.
        cores: CPU cores this process may use.
        memory_bytes: memory of the device that computes.
        dtype: name of the torch dtype to compute in (``float32``, ``float16``, ``bfloat16``).
        four_bit: whether a base model can be held in 4 bits (nf4).
        attention: the ``attn_implementation`` of transformers.
        notes: why a choice is not the obvious one, in sentences.
    """

    device: str
    cores: int
    memory_bytes: int
    dtype: str
    four_bit: bool
    attention: str
    notes: tuple[str, ...] = ()

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype as torch knows it."""
        import torch

        found: torch.dtype = getattr(torch, self.dtype)
        return found


def choose(facts: Capabilities) -> Hardware:
    """Return the choices for a machine with these facts."""
    if facts.cuda_capability:
        return _cuda(facts, facts.cuda_capability)
    if facts.mps:
        # bitsandbytes has no 4-bit training on Apple's GPU; adapters in float16 overflow there without a scaler
        note = "Apple GPU: no 4-bit training; the base is held in float32."
        return Hardware("mps", facts.cores, facts.memory_bytes, "float32", False, "sdpa", (note,))
    # Never bfloat16: on a processor without bf16 instructions one matrix product runs hundreds of times slower,
    # and a choice by a stopwatch would make the same run differ from day to day.
    notes = ["CPU: computing in float32; bfloat16 is fast on few processors and hundreds of times slower on others."]
    if not facts.bitsandbytes:
        notes.append("bitsandbytes is not installed: the base is held in float32 instead of 4 bits.")
    return Hardware("cpu", facts.cores, facts.memory_bytes, "float32", facts.bitsandbytes, "sdpa", tuple(notes))


def _cuda(facts: Capabilities, capability: tuple[int, int]) -> Hardware:
    modern = capability >= (8, 0)  # Ampere: the first with bfloat16 and FlashAttention 2
    notes = [f"GPU: {facts.cuda_name or 'CUDA'}, compute capability {capability[0]}.{capability[1]}."]
    if not modern:
        notes.append("It has no bfloat16: computing in float16.")
    if not facts.bitsandbytes:
        notes.append("bitsandbytes is not installed: the base is not held in 4 bits.")
    return Hardware(
        device="cuda",
        cores=facts.cores,
        memory_bytes=facts.cuda_memory_bytes,
        dtype="bfloat16" if modern else "float16",
        four_bit=facts.bitsandbytes,
        attention="flash_attention_2" if modern and facts.flash_attention else "sdpa",
        notes=tuple(notes),
    )


def measure() -> Capabilities:
    """Read the facts of this machine."""
    import psutil
    import torch

    capability, name, memory = None, "", 0
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        capability, name, memory = (properties.major, properties.minor), properties.name, properties.total_memory
    return Capabilities(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        cuda_capability=capability,
        cuda_name=name,
        cuda_memory_bytes=memory,
        mps=torch.backends.mps.is_available(),
        bitsandbytes=have("bitsandbytes"),
        flash_attention=have("flash_attn"),
    )


@cache
def probe() -> Hardware:
    """Return what to use on this machine. The machine is looked at once."""
    return choose(measure())


_lock = threading.Lock()
_limits: list[Any] = []
"""What restores the number of threads, once for each block of `one_thread` that is open."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the matrix libraries of numpy and scipy compute with one thread in the block.

    This is for small matrices, as those of the tagger and of spaCy. More threads wait for each other, busily: on two
    cores that other work shares, scrubbing a passage took 55 ms of CPU in place of 7.5. The setting is the whole
    process's; of blocks that overlap, in any threads, the last one that ends restores what was before the first.
    """
    with _lock:
        _limits.append(_limits[0] if _limits else _libraries(_loaded()).limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


def _loaded() -> tuple[str, ...]:
    """Return which packages are here that bring a matrix library of their own: one may come after the first block."""
    return tuple(name for name in ("numpy", "scipy.linalg", "torch") if name in sys.modules)


@cache
def _libraries(loaded: tuple[str, ...]) -> Any:
    """Return the matrix libraries of this process, looked for anew when a package with one is loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
