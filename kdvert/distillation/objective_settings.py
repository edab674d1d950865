"""What a user may set about single objectives: a class each, and a field each of the settings of `distill`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.features.divergence import Kind


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
