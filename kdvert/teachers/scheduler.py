"""The one place that calls teachers: what to batch, what to send at once, when to wait, when to stop.

A job is a coroutine that makes one record and asks the teacher as often as it needs.

- A **remote** teacher gets as many calls at a time as its endpoints bear, at most ``concurrency``; the steps of one
  record overlap with those of others (`kdvert.teachers.streaming`).
- A **local** teacher computes batches (`kdvert.teachers.batches`). All jobs run until each waits for a reply; then
  their requests are sorted, cut into batches and computed. A batch is cut from the full list whether its replies are
  kept already or not, and is computed as a whole if one is missing: padding changes the last bits of a result, so a
  resumed run must not pad differently than an undisturbed one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from kdvert.hardware import one_thread
from kdvert.progress import Progress
from kdvert.teachers.asking import Ask, CallFailed, Job, T
from kdvert.teachers.backroom import Backroom, Gate
from kdvert.teachers.batches import Batches
from kdvert.teachers.budget import Limits, Usage
from kdvert.teachers.cassette import facts
from kdvert.teachers.protocol import Teacher
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.run import Run
from kdvert.teachers.streaming import Streaming

__all__ = ["Ask", "CallFailed", "Gate", "Job", "Limits", "Scheduler", "Usage"]


class Scheduler:
    """Runs jobs against one teacher.

    Args:
        teacher: whom to ask.
        store: where replies are kept and found.
        limits: concurrency, retries and budget.
        progress: where to show how far it is.
        gate: asked before every call; what it refuses is not sent.
    """

    def __init__(self, teacher: Teacher, store: ReplyStore, limits: Limits, progress: Progress, gate: Gate) -> None:
        self.teacher = teacher
        self.progress = progress
        self._run = Run(teacher, store, limits, gate)

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        return self._run.usage

    def run(self, jobs: Sequence[Job[T]]) -> list[T]:
        """Run every job and return the results in the order of ``jobs``. It may be called again; the budget is one.

        Raises:
            UserError: the teacher refuses the key, or does not know the model.
            WorkFailed: the teacher cannot be reached, no request succeeded, or the budget is spent. Replies that
                arrived are kept in each case.
        """
        self._run.begin()
        self._run.store.asked_of(self.teacher.identity, facts(self.teacher))
        start = time.monotonic()
        try:
            with one_thread():  # once for all prompts and replies: to switch back and forth costs more than it saves
                results = asyncio.run(self._results(jobs))
        except BaseExceptionGroup as group:  # from the task group; one error is what a caller can handle
            raise group.exceptions[0] from group
        finally:
            self.usage.seconds += time.monotonic() - start
        if ending := self._run.ending():
            raise ending
        return [results[number] for number in range(len(jobs))]

    async def _results(self, jobs: Sequence[Job[T]]) -> dict[int, T]:
        run = self._run
        if self.teacher.local:
            return await Batches(run, self.progress).results(jobs)
        try:
            async with Backroom(run.gate, run.store) as backroom:
                return await Streaming(run, backroom).results(jobs, self.progress)
        finally:
            await self.teacher.close()
