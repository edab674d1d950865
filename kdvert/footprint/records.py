"""What a plan says of a training: data without behavior, as it is written into ``plan.json``."""

from __future__ import annotations

from pydantic import Field

from kdvert.records import Record


class Part(Record):
    """A part of the memory at the fullest moment of a step."""

    name: str
    bytes: int
    about: str


class Footprint(Record):
    """What a step of training takes on a machine.

    Attributes:
        machine: its name.
        precision: how the base is held.
        objective: the one that takes most.
        batch: records a step.
        length: tokens of each, padding included.
        parts: that add up to ``peak_bytes``; without activations if ``unknown`` says why they are not known.
        peak_bytes: at the fullest moment of a step, beyond what Python and its libraries take.
        loading_bytes: at the fullest moment of loading the base.
        mapped_bytes: of the weights' file that stay mapped beside it; the system takes them back where memory is short.
        usable_bytes: memory of the machine that a training may take.
        unknown: why the activations are not known.
    """

    machine: str
    precision: str
    objective: str
    batch: int
    length: int
    parts: list[Part]
    peak_bytes: int
    loading_bytes: int
    mapped_bytes: int = 0
    usable_bytes: int
    unknown: str | None = None

    @property
    def fits(self) -> bool | None:
        """Whether it fits; None if that is not known."""
        needed = max(self.peak_bytes, self.loading_bytes)
        if needed > self.usable_bytes:
            return False
        return None if self.unknown else True


class Fit(Record):
    """What fits on a machine.

    Attributes:
        memory_bytes: of the machine.
        peak_bytes: for the batch and the length that were asked about.
        batch: the largest batch at the length asked about; 0: not even one record.
        length: the longest record at the batch asked about, at most what the model reads; 0: none.
    """

    machine: str
    precision: str
    memory_bytes: int
    usable_bytes: int
    peak_bytes: int
    batch: int
    length: int


class Parameters(Record):
    """Numbers of a student.

    Attributes:
        base: in the base.
        linear: of them in linear layers.
        trainable: in the adapter.
        layers: of the transformer.
        context: tokens that the model reads at most.
        vocabulary: tokens.
    """

    base: int
    linear: int
    trainable: int
    layers: int
    context: int
    vocabulary: int


class TrainingPlan(Record):
    """What training a student will take.

    Attributes:
        student: model reference of the base.
        config_sha256: of its config, as transformers reads it.
        parameters: of base and adapter.
        here: on this machine, by part.
        fits: what fits here and on common GPUs.
        notes: what a reader must know, in sentences.
    """

    student: str
    config_sha256: str
    parameters: Parameters
    here: Footprint
    fits: list[Fit]
    notes: list[str] = Field(default_factory=list)
