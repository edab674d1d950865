"""What a store of token distributions says of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdvert.features.coding import Coding
from kdvert.records import Record

FORMAT = 1
"""Raised when older stores can no longer be read."""


class FileFacts(Record):
    """Length and SHA-256 of a file."""

    bytes: int
    sha256: str


class Header(Record):
    """Whose distributions these are, and how they are coded.

    Attributes:
        format: of the store.
        teacher: the model reference.
        teacher_identity: hash that tells teachers apart; for local weights over their bytes.
        source: ``forced``: a local teacher read the answer; ``generated``: an endpoint told them as it wrote it.
        tokenizer_sha256: of the teacher's tokenizer, see `kdvert.features.vocabulary`; None if it is not known. Ids are
            then places in the store's own list of tokens.
        vocabulary: how many tokens ids count.
        k: likeliest tokens kept of each position.
        samples: tokens drawn from the others.
        power: how they were drawn, see `kdvert.features.tails`.
        coding: of log-probabilities.
        prompt_sha256: of the templates that the answer was read behind; None for ``generated``.
        passages: whether the teacher saw the passages that the record rests on, and the student will not.
        records: how many there are.
        tokens: positions in all.
        files: every other file by its name.
    """

    format: int = FORMAT
    teacher: str
    teacher_identity: str
    source: Literal["forced", "generated"]
    tokenizer_sha256: str | None
    vocabulary: int = Field(ge=1)
    k: int = Field(ge=1)
    samples: int = Field(ge=0)
    power: float = 0.0
    coding: Coding
    prompt_sha256: str | None
    passages: bool
    records: int = 0
    tokens: int = 0
    files: dict[str, FileFacts] = Field(default_factory=dict)
