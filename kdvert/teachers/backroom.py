"""Where prompts are checked and replies are scrubbed and kept: in one thread beside the event loop, in small groups.

Both cost milliseconds of computing, and a commit costs more than a row. In the event loop they would hold up every
other call; and while the thread is busy with one group, the next one gathers. A reply is handed on after its group is
committed, never before: what a record was made of is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from kdvert.records import ScrubbedText
from kdvert.teachers.protocol import RawReply, Reply
from kdvert.teachers.replies import ReplyStore

Gate = Callable[[Sequence[ScrubbedText]], str | None]
"""Says why these texts may not be sent, as a reason code, or None if they may."""

_GROUP = 32
"""Most items of one group: small, so that the first of them does not wait long for the last."""


@dataclass
class _Group:
    """Items that are worked on together."""

    work: Callable[[list[Any]], list[Any]]
    items: list[tuple[Any, asyncio.Future[Any]]]

    def done(self) -> list[Any] | Exception:
        """Do the work, in the thread."""
        try:
            return self.work([item for item, _ in self.items]) if self.items else []
        except Exception as error:  # noqa: BLE001 - handed on to everyone who waits for this group
            return error

    def answer(self, outcome: list[Any] | Exception) -> None:
        """Tell those who wait, in the event loop."""
        for number, (_, future) in enumerate(self.items):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome[number])


@dataclass
class _Desk:
    """One kind of work, and the items that wait for it."""

    work: Callable[[list[Any]], list[Any]]
    waiting: list[tuple[Any, asyncio.Future[Any]]] = field(default_factory=list)

    def take(self) -> _Group:
        """Return the next group; it may be empty."""
        taken, self.waiting = self.waiting[:_GROUP], self.waiting[_GROUP:]
        return _Group(self.work, taken)


class Backroom:
    """The thread. Use it as an async context manager."""

    def __init__(self, gate: Gate, store: ReplyStore) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kdvert-replies")
        self._checks = _Desk(lambda groups: [gate(texts) for texts in groups])
        self._replies = _Desk(store.keep)
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Backroom:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._worker:
            await self._worker
        self._thread.shutdown()

    async def refusal(self, texts: Sequence[ScrubbedText]) -> str | None:
        """Return why the gate holds these texts back, or None."""
        reason: str | None = await self._put(self._checks, texts)
        return reason

    async def keep(self, raw: RawReply) -> Reply:
        """Return the reply as it is kept, once it is."""
        reply: Reply = await self._put(self._replies, raw)
        return reply

    def _put(self, desk: _Desk, item: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        desk.waiting.append((item, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        while self._replies.waiting or self._checks.waiting:
            await asyncio.sleep(0)  # whoever is ready now joins this group
            replies, checks = self._replies.take(), self._checks.take()
            done = await asyncio.get_running_loop().run_in_executor(self._thread, _worked, replies, checks)
            for group, outcome in zip((replies, checks), done):
                group.answer(outcome)


def _worked(*groups: _Group) -> list[list[Any] | Exception]:
    return [group.done() for group in groups]
