"""Several endpoints that serve one model, as one teacher."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.teachers.faults import Fault
from kdvert.teachers.protocol import RawReply, Teacher, TeacherRequest


@dataclass(frozen=True)
class Fleet:
    """One model on several endpoints. The scheduler deals calls out to ``members``; alone, the first answers.

    Attributes:
        name: the model, as in the settings.
        identity: that of the model; it does not depend on who answers.
        members: the endpoints and their weights: one with weight 2 gets twice as many calls as one with 1.
    """

    name: str
    identity: str
    members: Sequence[tuple[Teacher, float]]
    batch_size: int = 1
    local: bool = False

    @property
    def route(self) -> str:
        """How the members are reached, each route once."""
        return "+".join(dict.fromkeys(teacher.route for teacher, _ in self.members))

    @property
    def where(self) -> str:
        """The addresses."""
        return ", ".join(dict.fromkeys(teacher.where for teacher, _ in self.members))

    @property
    def key_variable(self) -> str | None:
        """The first variable that holds a key."""
        return next((teacher.key_variable for teacher, _ in self.members if teacher.key_variable), None)

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Let the first member answer."""
        return await self.members[0][0].complete(requests)

    async def close(self) -> None:
        """Close the connections of all."""
        await asyncio.gather(*(teacher.close() for teacher, _ in self.members))


def members(teacher: Teacher) -> Sequence[tuple[Teacher, float]]:
    """Return who answers calls to ``teacher``, with weights."""
    return teacher.members if isinstance(teacher, Fleet) else [(teacher, 1.0)]
