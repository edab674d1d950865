"""What a user may set about training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kdvert.configuration import ConfigBase
from kdvert.distillation import trackers
from kdvert.distillation.objective_settings import (
    BesideStudent,
    CachedTeacher,
    ContinuedPretraining,
    CrossTokenizer,
    HiddenStates,
    OnPolicy,
    Preference,
    Privileged,
    Reinforcement,
)
from kdvert.distillation.objectives import OBJECTIVES, known
from kdvert.distillation.packing import Setting as Packing
from kdvert.distillation.starting import Start
from kdvert.distillation.trackers import TRACKERS
from kdvert.students.models import FourBit
from kdvert.weights import DEFAULT_MODEL


class Canaries(ConfigBase):
    """Settings of the canaries, made-up secrets that show what a student keeps of single rows."""

    count: int = Field(4, ge=0, le=1000, description="canaries of each number of repeats; 0 leaves them out")
    repeats: list[Annotated[int, Field(ge=1, le=1000)]] = Field([1, 4], min_length=1, description="rows that a canary "
                                                                "has, each seen once an epoch")  # fmt: skip
    share: float = Field(0.1, gt=0, le=1, description="at most so many rows of canaries for each record; those with "
                         "the fewest repeats go first")  # fmt: skip


class Settings(ConfigBase):
    """Settings of ``distill``. The defaults suit about a hundred records on two CPU cores."""

    student: str = Field(DEFAULT_MODEL, description="model reference of the base: hf:…, pypi:… or a path")
    objective: list[str] = Field(["sft"], min_length=1, description="what is minimized, one after the other: "
                                 f"{', '.join(OBJECTIVES)}")  # fmt: skip
    epochs: int = Field(3, ge=1, description="how often the student sees each record")
    learning_rate: float = Field(7e-4, gt=0, lt=1, description="peak of the cosine schedule")
    warmup_share: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the rate rises")
    rank: int = Field(16, ge=1, le=512, description="rank of the adapter's matrices, on every linear layer")
    alpha: int = Field(32, ge=1, description="scale of the adapter: alpha / rank")
    variant: Literal["lora", "rslora", "dora"] = Field("lora", description="rslora: scale alpha / sqrt(rank); dora: "
                                                       "learns the lengths of the weights apart")  # fmt: skip
    start: Start = Field("zero", description="where the adapter starts: zero, so that the student is the base; loftq, "
                         "at what 4 bits took from the base (of a base in full precision nothing: zero)")  # fmt: skip
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout in front of the adapter")
    batch_size: int = Field(8, ge=1, description="records a step")
    max_length: int = Field(512, ge=16, description="longest record in tokens; longer ones are left out, with a reason")
    validation_share: float = Field(0.1, ge=0, le=0.5, description="share of records held out, by whole documents")
    packing: Packing = Field("auto", description="how records lie in a batch of sft and cpt: none pads them; "
                             "padding_free lays them end to end; packed fills rows of max_length, and a step takes "
                             "batch_size of them; auto: padding_free with flash attention, else none")  # fmt: skip
    report_to: list[str] = Field([], description="experiment trackers, offline unless your environment says "
                                 f"otherwise: none, {', '.join(TRACKERS)}")  # fmt: skip
    four_bit: FourBit = Field("auto", description="hold the base in 4 bits (nf4): auto | true | false")
    shard: Literal["auto"] | bool = Field("auto", description="cut the base into shards, one a process, where several "
                                          "processes train (FSDP); auto: if whole copies would take over half of the "
                                          "memory")  # fmt: skip
    seed: int = Field(7, ge=0, description="seed of split, adapter and order")
    checkpoint_steps: int = Field(10, ge=1, description="steps between checkpoints; a killed run goes on from the last")
    cpt: ContinuedPretraining = Field(default_factory=ContinuedPretraining)
    kl: CachedTeacher = Field(default_factory=CachedTeacher)
    preference: Preference = Field(default_factory=Preference)
    canaries: Canaries = Field(default_factory=Canaries)
    privileged: Privileged = Field(default_factory=Privileged)
    on_policy: OnPolicy = Field(default_factory=OnPolicy)
    cross_tokenizer: CrossTokenizer = Field(default_factory=CrossTokenizer)
    hidden: HiddenStates = Field(default_factory=HiddenStates)
    reinforce: Reinforcement = Field(default_factory=Reinforcement)

    @property
    def teachers(self) -> list[str]:
        """References of the models that stand beside the student while it learns."""
        return [own.teacher for _, own in self._beside() if own.teacher]

    def _beside(self) -> list[tuple[str, BesideStudent]]:
        found = ((name, getattr(self, name, None)) for name in self.objective)
        return [(name, own) for name, own in found if isinstance(own, BesideStudent)]

    @field_validator("objective", "report_to", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("objective")
    @classmethod
    def _is_known(cls, value: Sequence[str]) -> list[str]:
        return [known(name) for name in value]

    @field_validator("report_to")
    @classmethod
    def _are_trackers(cls, value: Sequence[str]) -> list[str]:
        return trackers.known(value)

    @model_validator(mode="after")
    def _can_start(self) -> Settings:
        if self.start == "loftq" and self.variant == "dora":
            raise ValueError("start: loftq goes with the variants lora and rslora; dora learns lengths of its own")
        return self

    @model_validator(mode="after")
    def _have_teachers(self) -> Settings:
        for name, own in self._beside():
            if own.teacher is None:
                raise ValueError(
                    f"the objective {name} needs {name}.teacher: a model reference, hf:…, pypi:… or a path"
                )
        return self
