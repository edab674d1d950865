"""A teacher that answers from a cassette, and only what was recorded."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.errors import WorkFailed
from kdvert.teachers import logprobs
from kdvert.teachers.cassette import Cassette, fault, read
from kdvert.teachers.faults import Fault
from kdvert.teachers.protocol import RawReply, TeacherRequest
from kdvert.teachers.settings import REPLAY, TeacherSettings


@dataclass(frozen=True)
class ReplayTeacher:
    """Stands in for the teacher that was recorded, under its name and identity, so that records come out the same."""

    path: Path
    cassette: Cassette
    key_variable: str | None = None

    @property
    def recorded(self) -> dict[str, Any]:
        """What the cassette says of the teacher."""
        return self.cassette.teacher

    @property
    def name(self) -> str:
        """The recorded teacher's name."""
        return str(self.recorded["name"])

    @property
    def route(self) -> str:
        """How the recorded teacher was reached."""
        return str(self.recorded["route"])

    @property
    def identity(self) -> str:
        """The recorded teacher's identity: request ids are the same."""
        return str(self.recorded["identity"])

    @property
    def local(self) -> bool:
        """Whether the recorded teacher computed on its user's machine."""
        return bool(self.recorded["local"])

    @property
    def batch_size(self) -> int:
        """The recorded teacher's."""
        return int(self.recorded["batch_size"])

    @property
    def where(self) -> str:
        """The file."""
        return f"the cassette {self.path.name}"

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Give what was recorded.

        Raises:
            WorkFailed: a call was not recorded.
        """
        return [self._one(request) for request in requests]

    async def close(self) -> None:
        """Nothing is open."""

    def _one(self, request: TeacherRequest) -> RawReply | Fault:
        if request.id in self.cassette.failures:
            return fault(*self.cassette.failures[request.id])
        row = self.cassette.replies.get(request.id)
        if row is None:
            raise WorkFailed(
                f"{self.where} holds no reply to a call of the step '{request.step}' ({request.id[:12]}…): "
                f"it answers only what was recorded.{self._why(request)}",
                hint="Repeat a run with the documents, settings, templates and versions that it was recorded with, or "
                "ask the teacher again and save a new cassette.",
            )
        return _raw(row)

    def _why(self, request: TeacherRequest) -> str:
        policy = set(request.prompt.scrubbed_by.split("+"))
        if self.cassette.policies and not policy & self.cassette.policies:
            return " The privacy policy is another one than when it was recorded."
        return ""


def opened(settings: TeacherSettings, root: Path) -> ReplayTeacher:
    """Open the cassette that ``settings`` name. See `kdvert.teachers.kinds.open_teacher`."""
    path = cassette_path(settings.model, root)
    return ReplayTeacher(path, read(path))


def cassette_path(model: str, root: Path) -> Path:
    """Return the file that ``replay:FILE`` names; relative ones start from the project."""
    return root / Path(model.removeprefix(REPLAY)).expanduser()


def _raw(row: dict[str, Any]) -> RawReply:
    packed = row.get("logprobs")
    return RawReply(
        request_id=row["id"],
        text=row["text"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        truncated=row["truncated"],
        score=row.get("score"),
        logprobs=logprobs.unpack(base64.b64decode(packed)) if packed else None,
        model=row.get("model"),
        endpoint=row.get("endpoint"),
    )
