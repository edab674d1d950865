"""What elicit leaves for the stage features: whose distributions are asked for, and what an endpoint told."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from kdvert.records import Example, Record, sha256_text
from kdvert.store import read_json, write_json
from kdvert.teachers import logprobs
from kdvert.teachers.logprobs import TokenLogprobs
from kdvert.teachers.protocol import Reply

ASKED, TOLD = "features_asked.json", "token_logprobs.jsonl"

MOST = 20
"""Likeliest tokens that an endpoint is asked for at each position: OpenAI and vLLM as it is set up give no more."""


class Wanted(Record):
    """One entry of the mix: of which skill, and how many of its accepted records (neither: all)."""

    skill: str
    count: int | None = None
    share: float | None = None


class Asked(Record):
    """What is asked for.

    Attributes:
        teacher: the model reference.
        identity: of the teacher; for local weights over their bytes.
        source: ``forced`` if the teacher runs on this machine, else ``generated``.
        seed: draws the records.
        wanted: entries of the mix.
    """

    teacher: str
    identity: str
    source: Literal["forced", "generated"]
    seed: int
    wanted: list[Wanted]

    def write(self, folder: Path) -> None:
        """Write it into the folder of elicit."""
        write_json(folder / ASKED, self.model_dump())

    @classmethod
    def read(cls, folder: Path) -> Asked | None:
        """Return what a folder of elicit says; None if nothing is asked for."""
        path = folder / ASKED
        return cls.model_validate(read_json(path)) if path.is_file() else None

    def drawn(self, accepted: Sequence[Example]) -> list[Example]:
        """Return the records that distributions are asked for, sorted by id."""
        found: dict[str, Example] = {}
        for entry in self.wanted:
            own = [e for e in accepted if e.skill == entry.skill]
            count = round(entry.share * len(own)) if entry.share is not None else entry.count
            found |= {e.id: e for e in sorted(own, key=lambda e: sha256_text(f"{self.seed}:{e.id}"))[:count]}
        return [found[name] for name in sorted(found)]


class Told(Record):
    """The reply that a record came from, with its log-probabilities packed."""

    record_id: str
    request_id: str
    text: str
    packed: str

    @classmethod
    def of(cls, record: Example, reply: Reply) -> Told | None:
        """Return what ``reply`` tells of ``record``; None if it has no log-probabilities."""
        if not reply.logprobs:
            return None
        packed = base64.b64encode(logprobs.pack(reply.logprobs)).decode()
        return cls(record_id=record.id, request_id=reply.request_id, text=reply.text.text, packed=packed)

    @property
    def tokens(self) -> TokenLogprobs:
        """The tokens of the reply."""
        return logprobs.unpack(base64.b64decode(self.packed))
