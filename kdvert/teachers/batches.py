"""Jobs of a teacher on this machine: batches cut from the sorted list of all requests that are open."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence

from kdvert.progress import Progress
from kdvert.teachers.asking import CallFailed, Halted, Job, T
from kdvert.teachers.faults import Fault
from kdvert.teachers.meeting import Meeting, Waiting
from kdvert.teachers.protocol import Reply, TeacherRequest
from kdvert.teachers.run import Run


class Batches:
    """Runs jobs until each waits, computes what they wait for, and goes on."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run = run
        self.progress = progress

    async def results(self, jobs: Sequence[Job[T]]) -> dict[int, T]:
        """Return the results of ``jobs`` by their number; those that were not done when the run ended are missing."""
        results: dict[int, T] = {}
        meeting = Meeting(len(jobs))

        async def work(number: int, job: Job[T]) -> None:
            results[number] = await job(meeting.ask)

        runs = [functools.partial(work, number, job) for number, job in enumerate(jobs)]
        tasks = [asyncio.create_task(meeting.attend(run)) for run in runs]
        try:
            while jobs and (waiting := await meeting.everyone()):
                await self._answer(waiting)
        except Halted:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return results

    async def _answer(self, asked: Sequence[Waiting]) -> None:
        requests = {r.id: r for r, _ in asked}
        ordered = sorted(requests.values(), key=lambda r: (r.step, r.prompt.text, r.id))
        outcomes: dict[str, Reply | CallFailed] = {}
        with self.progress.bar(f"teacher: {ordered[0].step}", len(ordered)) as bar:
            for start in range(0, len(ordered), self.run.teacher.batch_size):
                batch = ordered[start : start + self.run.teacher.batch_size]
                outcomes |= await self._compute(batch)
                bar.advance(len(batch))
                await asyncio.sleep(0)  # let a cancellation in
        for request, future in asked:
            outcome = outcomes[request.id]
            if isinstance(outcome, CallFailed):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _compute(self, batch: list[TeacherRequest]) -> dict[str, Reply | CallFailed]:
        run = self.run
        kept = run.store.find([r.id for r in batch])
        if len(kept) == len(batch):
            for reply in kept.values():
                run.usage.add(reply, cached=True)
            return dict(kept)
        outcomes: dict[str, Reply | CallFailed] = {r.id: e for r in batch if (e := self._refused(r))}
        sent = [r for r in batch if r.id not in outcomes]
        if not sent:
            return outcomes
        run.may_call(len(sent))
        raw = await run.teacher.complete(sent)
        run.budget.came_back(len(sent))
        written = [r for r in raw if not isinstance(r, Fault)]
        for found, reply in zip(written, run.store.keep(written), strict=True):
            run.paid(found, reply)
            outcomes[reply.request_id] = reply
        for request, fault in zip(sent, raw, strict=True):
            if isinstance(fault, Fault):
                run.usage.faults[fault.reason] += 1
                outcomes[request.id] = run.failed(request, fault)
        return outcomes

    def _refused(self, request: TeacherRequest) -> CallFailed | None:
        """Return the failure of a request that may not be read, or None."""
        reason = self.run.gate([t for t in (request.prompt, request.continuation) if t is not None])
        return self.run.held_back(request, reason) if reason else None
