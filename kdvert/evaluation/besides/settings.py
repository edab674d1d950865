"""What a user may set about the measures of what training did besides."""

from __future__ import annotations

from pydantic import Field

from kdvert.configuration import ConfigBase


class Verbatim(ConfigBase):
    """How much is given of a text, and how much of what follows must come back."""

    count: int = Field(32, ge=0, description="texts, drawn by seed; 0 leaves the measure out")
    given: int = Field(4, ge=1, le=256, description="first tokens that are given")
    asked: int = Field(10, ge=1, le=256, description="next tokens that must come back word for word")


class OfPassages(Verbatim):
    """The same for passages, which are longer than answers and have no question before them."""

    given: int = Field(32, ge=1, le=256, description="first tokens that are given")
    asked: int = Field(16, ge=1, le=256, description="next tokens that must come back word for word")


class Besides(ConfigBase):
    """Settings of the measures of what training did besides."""

    general: int | None = Field(None, ge=0, description="questions of other fields, drawn by seed; none: all; 0 leaves "
                                "them out")  # fmt: skip
    answers: Verbatim = Field(default_factory=Verbatim)
    passages: OfPassages = Field(default_factory=OfPassages)
    canaries: bool = Field(True, description="measure the exposure of canaries, if distill put some in")
