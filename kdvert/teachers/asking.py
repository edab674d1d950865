"""What jobs and the scheduler say to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kdvert.teachers.protocol import Reply, TeacherRequest

T = TypeVar("T")
Ask = Callable[[TeacherRequest], Awaitable[Reply]]
Job = Callable[[Ask], Awaitable[T]]


class CallFailed(Exception):
    """A request that got no reply although the run goes on. ``reason`` is a stable short code."""

    def __init__(self, request_id: str, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.request_id = request_id
        self.reason = reason
        self.detail = detail


class Halted(Exception):
    """The run is over; nothing more is asked."""
