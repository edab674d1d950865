"""What a user may set about single objectives: a class each, and a field each of the settings of `distill`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.distillation.rewards import REWARDS
from kdvert.features.divergence import Kind
from kdvert.registry import suggest
from kdvert.students.models import FourBit


class ContinuedPretraining(ConfigBase):
    """Settings of the objective ``cpt``."""

    epochs: int = Field(1, ge=1, description="how often the student reads each passage")
    records: bool = Field(True, description="read question and answer of each record as text too, behind its passage")
    replay: float = Field(0.25, ge=0, lt=1, description="share of the rows that are records in the chat form, so that "
                          "the student does not forget how to answer")  # fmt: skip


class CachedTeacher(ConfigBase):
    """Settings of the objective ``kl``."""

    divergence: Kind = Field("forward", description="forward: KL(teacher | student); reverse; jensen_shannon")
    answer_share: float = Field(0.0, ge=0, le=1, description="weight of the loss on the teacher's own words, "
                                "beside the divergence")  # fmt: skip
    fall_back: bool = Field(False, description="train on the words alone where there are no distributions, or "
                            "of other tokens, instead of stopping; what is damaged stops in any case")  # fmt: skip


class Preference(ConfigBase):
    """Settings of the objective ``preference``."""

    loss: Literal["dpo", "kto"] = Field("dpo", description="dpo looks at pairs, kto at single answers")
    beta: float = Field(0.1, gt=0, description="how strongly the student is held to what it was before")
    epochs: int = Field(1, ge=1, description="how often the student sees each pair")
    learning_rate: float = Field(5e-5, gt=0, lt=1, description="peak of the cosine schedule")


class Privileged(ConfigBase):
    """Settings of the objective ``privileged``."""

    divergence: Kind = Field("forward", description="from the base that sees the passages: forward; reverse; "
                             "jensen_shannon")  # fmt: skip
    topk: int | None = Field(100, ge=1, description="compare the student's likeliest tokens, and all others as one; "
                             "null compares the whole vocabulary")  # fmt: skip
    writer: Literal["student", "teacher"] = Field("student", description="who writes the answers that both read: the "
                                                  "student, or the base that sees the passages")  # fmt: skip
    temperature: float = Field(1.0, gt=0, description="of writing, and of the distributions that are compared")
    max_new_tokens: int = Field(64, ge=1, description="longest answer that is written, in tokens")
    max_length: int = Field(1024, ge=16, description="longest question with passages and answer, in tokens; longer "
                            "ones are left out, with a reason")  # fmt: skip
    epochs: int = Field(3, ge=1, description="how often each question is asked")
    learning_rate: float = Field(3e-4, gt=0, lt=1, description="peak of the cosine schedule")


class Reinforcement(ConfigBase):
    """Settings of the objective ``reinforce``."""

    algorithm: Literal["grpo", "rloo"] = Field("grpo", description="grpo weighs an answer by all to its question; rloo "
                                               "by all others")  # fmt: skip
    rewards: Mapping[str, float] = Field({"evidence": 1.0, "refusal": 1.0, "domain": 0.5, "format": 0.25}, description=
                                         "weight of each reward; 0, or left out, and it is not asked: "
                                         f"{', '.join(REWARDS)}")  # fmt: skip
    generations: int = Field(4, ge=2, description="answers to a question; distill.batch_size is a multiple of it")
    max_new_tokens: int = Field(64, ge=1, description="longest answer that is written, in tokens")
    temperature: float = Field(1.0, gt=0, description="of writing")
    beta: float = Field(0.04, ge=0, description="how strongly the student is held to what it was before")
    epochs: int = Field(1, ge=1, description="how often each question is asked")
    learning_rate: float = Field(5e-5, gt=0, lt=1, description="peak of the cosine schedule")

    @property
    def weighed(self) -> dict[str, float]:
        """The rewards that are asked, in the order of their table."""
        return {name: self.rewards[name] for name in REWARDS if self.rewards.get(name)}

    @field_validator("rewards")
    @classmethod
    def _are_known(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for name, weight in value.items():
            if name not in REWARDS:
                raise ValueError(f"unknown reward '{name}'. {suggest(name, REWARDS)}")
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of '{name}' is {weight}; allowed are numbers from 0")
        if not any(value.values()):
            raise ValueError(f"no reward has a weight. Weigh one of {', '.join(REWARDS)}")
        return value


class BesideStudent(ConfigBase):
    """Settings of an objective whose teacher is a model that stands beside the student."""

    teacher: str | None = Field(None, description="model reference of the teacher: hf:…, pypi:… or a path")
    four_bit: FourBit = Field(False, description="hold the teacher in 4 bits (nf4): auto | true | false")
    fall_back: bool = Field(False, description="train on the words of the records where the teacher's tokens do not "
                            "fit, instead of stopping")  # fmt: skip


class OnPolicy(BesideStudent):
    """Settings of the objective ``on_policy``. Its teacher has the student's tokenizer."""

    divergence: Kind = Field("forward", description="from the teacher, at each token of the student's answers: "
                             "forward; reverse; jensen_shannon")  # fmt: skip
    temperature: float = Field(1.0, gt=0, description="of writing, and of the distributions that are compared")
    max_new_tokens: int = Field(64, ge=1, description="longest answer that the student writes, in tokens")
    epochs: int = Field(1, ge=1, description="how often each question is asked")
    learning_rate: float = Field(3e-4, gt=0, lt=1, description="peak of the cosine schedule")


class HiddenStates(BesideStudent):
    """Settings of the objective ``hidden``. Its teacher has the student's tokenizer, and any depth and width."""

    layers: int = Field(4, ge=1, description="how many layers of the student are compared, the last and others evenly "
                        "spaced, each with the teacher's at the same height")  # fmt: skip
    similarity: Literal["cosine", "mse"] = Field("cosine", description="of hidden states before each token of an "
                                                 "answer: cosine; mse, over the teacher's square")  # fmt: skip
    answer_share: float = Field(0.5, ge=0, le=1, description="weight of the loss on the teacher's words, beside "
                                "that on hidden states")  # fmt: skip
    epochs: int = Field(3, ge=1, description="how often the student sees each record")
    learning_rate: float = Field(3e-4, gt=0, lt=1, description="peak of the cosine schedule")


class CrossTokenizer(BesideStudent):
    """Settings of the objective ``cross_tokenizer``. Both tokenizers are byte-level."""

    divergence: Kind = Field("jensen_shannon", description="from the teacher, over tokens that both vocabularies have: "
                             "forward; reverse; jensen_shannon")  # fmt: skip
    student_share: float = Field(1.0, ge=0, le=1, description="share of the batches whose answers the student writes; "
                                 "the others hold those of the records")  # fmt: skip
    temperature: float = Field(1.0, gt=0, description="of writing")
    max_new_tokens: int = Field(64, ge=1, description="longest answer that the student writes, in tokens")
    epochs: int = Field(1, ge=1, description="how often each question is asked")
    learning_rate: float = Field(3e-4, gt=0, lt=1, description="peak of the cosine schedule")
