"""Memory of a training by part: what is held is reckoned from counts, what comes and goes is traced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kdvert.errors import UserError
from kdvert.footprint import tracing
from kdvert.footprint.machines import Machine
from kdvert.footprint.records import Footprint, Part
from kdvert.footprint.skeleton import Adapter, Sizes, sizes
from kdvert.footprint.steps import STEPS
from kdvert.footprint.tracing import Computing, Moment
from kdvert.students.models import precision, stays_packed

if TYPE_CHECKING:
    from transformers import PretrainedConfig

NF4 = 1 / 2 + 1 / 64 + 4 / (64 * 256)
"""Bytes a weight: four bits, a scale of 8 bits for 64 weights, and a scale of 32 bits for 256 of these scales (double
quantization, arXiv 2305.14314)."""

CODES = (16 + 256 + 1) * 4
"""Bytes of tables and offset that each matrix in nf4 brings along."""

ADAM, ADAM_8_BIT = 8, 2 * (1 + 4 / 256)
"""Bytes of AdamW's two moments for a number that is trained: in float32, or in 8 bits with a scale for 256 of them."""


GATHERED = 2
"""Layers of a sharded base that are whole at once: one computes, the next one comes in."""

HEAP = 32 * 2**20
"""Larger tensors get pages of their own from Linux, on a CPU, and give them back whole: ``M_MMAP_THRESHOLD`` of glibc
rises up to it (mallopt(3))."""


@dataclass(frozen=True)
class Student:
    """A base and the adapter to train on it.

    Attributes:
        ref: what the user calls the base.
        config: of the base.
        adapter: to train.
        objectives: names in `kdvert.footprint.steps.STEPS`.
    """

    ref: str
    config: PretrainedConfig
    adapter: Adapter
    objectives: tuple[str, ...] = ("sft",)

    def __hash__(self) -> int:
        """Leave the config out: it cannot be hashed, but it is compared."""
        return hash((self.ref, self.adapter, self.objectives))

    @cached_property
    def sizes(self) -> Sizes:
        """Counts of numbers."""
        return sizes(self.config, self.ref, self.adapter)


@dataclass(frozen=True)
class Held:
    """What lies in memory all the time, in bytes."""

    linear: int
    rest: int
    adapter: int
    reference: int
    optimizer: int
    unpacking: int
    gathered: int
    packed: bool
    eight_bit: bool

    @property
    def total(self) -> int:
        """All of it."""
        held = self.linear + self.rest + self.adapter + self.reference + self.optimizer
        return held + self.unpacking + self.gathered


def held(student: Student, machine: Machine, *, four_bit: bool) -> Held:
    """Return what a device holds from the first step to the last."""
    count, item = student.sizes, machine.hardware.torch_dtype.itemsize
    sharded = machine.count > 1
    packed = four_bit and (sharded or stays_packed(count.base, machine.hardware))
    eight_bit = machine.hardware.device == "cuda" and machine.hardware.four_bit
    linear = _packed(count) if packed else count.linear * item
    layer = (linear + (count.rest - count.outside) * item) / count.layers
    scales = _packed(count) - count.linear // 2 if packed else 0  # what unpacks the weights is in no shard
    return Held(
        linear=scales + (linear - scales) // machine.count,
        rest=count.rest * item // machine.count,
        gathered=round(count.outside * item + GATHERED * layer) if sharded else 0,
        adapter=count.adapter * 4,
        reference=count.adapter * 4 if any(STEPS[name].reference for name in student.objectives) else 0,
        optimizer=round(count.adapter * (ADAM_8_BIT if eight_bit else ADAM)),
        unpacking=count.largest * item if packed else 0,
        packed=packed,
        eight_bit=eight_bit,
    )


def _packed(count: Sizes) -> int:
    return round(count.linear * NF4) + count.matrices * CODES


def loading(student: Student, machine: Machine, *, four_bit: bool) -> int:
    """Return the bytes at the fullest moment of loading the base.

    A base that is unpacked lies there packed too, until its last layer is unpacked. The files, which are mapped into
    memory while they are read, are not counted: the system takes that memory back where it is short.
    """
    count, item = student.sizes, machine.hardware.torch_dtype.itemsize
    if machine.count > 1:  # it is loaded into the host's memory and comes to the devices in shards, layer by layer
        always = held(student, machine, four_bit=four_bit)
        return always.linear + always.rest + always.gathered
    if not four_bit:
        return count.base * item
    packed = _packed(count) + count.rest * item
    return packed if stays_packed(count.base, machine.hardware) else packed + (count.linear + count.largest) * item


def mapped(student: Student, machine: Machine, *, four_bit: bool) -> int:
    """Return bytes of the weights' file that stay mapped into memory on a CPU.

    Embeddings and norms are used where they lie in the file, if it has the dtype that is computed in; so the file stays
    mapped, with those pages too that linear layers in 4 bits were made of. Nothing changes them: the system takes them
    back where memory is short, and until then they count as the process's.
    """
    kept = machine.hardware.device == "cpu" and student.config.get_text_config().dtype == machine.hardware.torch_dtype
    return student.sizes.linear * machine.hardware.torch_dtype.itemsize if four_bit and kept else 0


def computing(machine: Machine) -> Computing:
    """Return how a machine computes a step; this mirrors `kdvert.distillation.qlora`."""
    on_gpu = machine.hardware.device == "cuda"
    heap = HEAP if machine.hardware.device == "cpu" else 0
    return Computing(machine.hardware.torch_dtype, autocast=on_gpu, checkpointing=on_gpu, in_place=on_gpu, heap=heap)


def footprint(student: Student, machine: Machine, *, four_bit: bool, batch: int, length: int) -> Footprint:
    """Return what a step takes: of several objectives, that which takes most.

    Args:
        student: base, adapter, objectives.
        machine: to train on.
        four_bit: whether the base is held in nf4.
        batch: records a step, shared out over the devices.
        length: tokens of the longest record.
    """
    always = held(student, machine, four_bit=four_bit)
    unknown, name, moment = None, student.objectives[0], dict.fromkeys(tracing.KINDS, 0.0)
    try:
        name, moment = _fullest(student, machine, batch // machine.count, length)
    except UserError as error:
        unknown = f"{error.message}"
    parts = _parts(student, machine, always, moment)
    return Footprint(
        machine=machine.name,
        precision=precision(machine.hardware, four_bit=four_bit),
        objective=name,
        batch=batch,
        length=length,
        parts=parts,
        peak_bytes=sum(part.bytes for part in parts),
        loading_bytes=loading(student, machine, four_bit=four_bit),
        mapped_bytes=mapped(student, machine, four_bit=four_bit),
        usable_bytes=machine.usable_bytes,
        unknown=unknown,
    )


def _fullest(student: Student, machine: Machine, batch: int, length: int) -> tuple[str, Moment]:
    """Return the objective that takes most, and its fullest moment."""
    moments = [
        (name, moment)
        for name in student.objectives
        for moment in phases(student, name, computing(machine), batch, length).values()
    ]
    return max(moments, key=lambda row: sum(row[1].values()))


def phases(student: Student, objective: str, how: Computing, batch: int, length: int) -> dict[str, Moment]:
    """Return the fullest moment of each phase of a step. See `kdvert.footprint.tracing.trace`."""
    return tracing.trace(
        student.config, student.ref, step=STEPS[objective], adapter=student.adapter, batch=batch, length=length,
        computing=how,
    )  # fmt: skip


def _parts(student: Student, machine: Machine, always: Held, moment: Moment) -> Sequence[Part]:
    dtype = machine.hardware.dtype
    form = "nf4, double quantization" if always.packed else dtype
    checkpointed = ", computed again on the way back" if computing(machine).checkpointing else ", kept for the way back"
    if machine.count > 1:
        form, dtype = f"{form}, 1 of {machine.count} shards", f"{dtype}, 1 of {machine.count} shards"
    rows = [
        ("weights of linear layers", always.linear, form),
        ("embeddings, norms, output layer", always.rest, dtype),
        ("gathered weights", always.gathered, f"the output layer, and {GATHERED} layers at a time"),
        ("a layer's weights, unpacked", always.unpacking, f"{machine.hardware.dtype}, one at a time"),
        ("adapter", always.adapter, f"float32, rank {student.adapter.rank}"),
        ("adapter as it was", always.reference, "what preference holds the student to"),
        ("optimizer", always.optimizer, f"AdamW, two {'8-bit numbers' if always.eight_bit else 'float32'} a number"),
        ("gradients", moment["gradients"], "float32, those there at the fullest moment"),
        ("activations", moment["activations"], f"{machine.hardware.dtype}{checkpointed}"),
        ("logits and loss", moment["logits"], f"over {student.sizes.vocabulary:,} tokens"),
        ("gaps between tensors", moment["gaps"], "freed, and too small for others"),
    ]
    return [Part(name=name, bytes=round(size), about=about) for name, size, about in rows if size]
