"""What a user states for the files that a glob names: one entry of ``ingest.sources`` in ``kdvert.yaml``."""

from __future__ import annotations

import codecs
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.knowledge.listing import FOLDER


class Rule(ConfigBase):
    """What holds for the files that a glob names.

    Attributes:
        path: glob relative to the project folder; ``**`` stands for any depth.
        license: SPDX expression. May be left out for JSON lines that state their own, which wins.
        publisher: whom to name as the origin.
        retrieved: the day the files were fetched.
        title: for a rule that names a single document.
        edition: of a book or data set whose license differs by edition; it is named with the title.
        written_by: models that wrote the texts (``openai:gpt-4``, ``hf:ORG/NAME``). Their terms then count like those
            of the teacher.
        settled: differences between the stated license and the one that documents show, each as
            ``"<license shown>: <why the stated one holds>"``. Reports show them.
        encoding: of text files, for one that is guessed wrongly. UTF-8, UTF-16 with a mark and what HTML declares
            need no word.
    """

    path: str = Field(min_length=1)
    license: str | None = None
    publisher: str | None = None
    retrieved: date | None = None
    title: str | None = None
    edition: str | None = None
    written_by: list[str] = Field(default_factory=list)
    settled: list[str] = Field(default_factory=list)
    encoding: str | None = None

    @field_validator("written_by", "settled", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("settled")
    @classmethod
    def _gives_a_reason(cls, values: list[str]) -> list[str]:
        for value in values:
            shown, _, reason = value.partition(":")
            if not shown.strip() or len(reason.strip()) < 3:
                raise ValueError('must read "<license shown>: <why the stated one holds>", or "unrecognized: <why>"')
        return values

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        try:
            return codecs.lookup(value).name if value else None
        except LookupError:
            raise ValueError("not an encoding that Python knows, such as utf-8, cp1250, shift_jis") from None

    @field_validator("path")
    @classmethod
    def _is_inside(cls, value: str) -> str:
        if PurePosixPath(value).is_absolute() or ".." in PurePosixPath(value).parts:
            raise ValueError(f"must lie inside the project folder; link or copy the files into {FOLDER}/")
        return value
