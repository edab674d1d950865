"""What a project asks of its reviewers: the settings ``review`` of ``kdvert.yaml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdvert.configuration import ConfigBase

Stratum = Literal["skill", "source", "license", "strategy"]


class Policy(ConfigBase):
    """What people must have looked at, and who must sign, before the student is trained.

    Attributes:
        look_at: ``nothing``; a ``sample`` that is large enough for ``bound``; or ``all`` records.
        undecided: whether records that nobody decided about are kept (``keep``) or left out of training (``drop``).
        sign_off: ``training`` waits for an approver's signature before the student is trained.
        bound: the share of wrong records that a sample must show not to be exceeded.
        confidence: how sure that must be.
        strata: what a sample is spread over.
        seed: of the sample.
        double: share of a sample that two people judge, each without seeing the other's decision.
        planted: fewest known errors, hidden among the records, that reviewers must have met before a sign-off; they
            show how many errors reviewers miss. 0 asks for none.
        two_persons: who signs off has decided about none of the records and is not the owner of the run.
        owner: name of the person who runs this project, as ``signers.yaml`` has it.
    """

    look_at: Literal["nothing", "sample", "all"] = "nothing"
    undecided: Literal["keep", "drop"] = "keep"
    sign_off: Literal["none", "training"] = "none"
    bound: float = Field(default=0.01, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    strata: tuple[Stratum, ...] = ("skill",)
    seed: int = 0
    double: float = Field(default=0.1, ge=0, le=1)
    planted: int = Field(default=0, ge=0)
    two_persons: bool = True
    owner: str | None = None
