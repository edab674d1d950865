"""Where the jobs of a local teacher meet: all run until each waits for a reply or is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kdvert.teachers.protocol import Reply, TeacherRequest

Waiting = tuple[TeacherRequest, asyncio.Future[Reply]]


class Meeting:
    """Counts who still runs among ``count`` jobs, and collects what the others wait for."""

    def __init__(self, count: int) -> None:
        self._running = count
        self._waiting: list[Waiting] = []
        self._nobody_runs = asyncio.Event()
        self._broken: list[Exception] = []

    async def ask(self, request: TeacherRequest) -> Reply:
        """Wait for the reply to ``request``."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._one_less()
        return await future

    async def attend(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run one job."""
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - `everyone` raises it: a job that breaks ends the run
            self._broken.append(error)
            self._nobody_runs.set()
        else:
            self._one_less()

    async def everyone(self) -> list[Waiting]:
        """Return what all jobs wait for once none runs; empty when all are done. Who is answered runs again.

        Raises:
            Exception: the error of a job that broke.
        """
        await self._nobody_runs.wait()
        if self._broken:
            raise self._broken[0]
        waiting, self._waiting = self._waiting, []
        self._running = len(waiting)
        self._nobody_runs.clear()
        return waiting

    def _one_less(self) -> None:
        self._running -= 1
        if self._running <= 0:
            self._nobody_runs.set()
