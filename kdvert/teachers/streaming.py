"""Jobs of a remote teacher: as many at once as the endpoints bear, each going its own way through its steps."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

from kdvert.progress import Bar, Progress
from kdvert.records import ScrubbedText
from kdvert.teachers import endings
from kdvert.teachers.asking import Ask, Halted, Job, T
from kdvert.teachers.backroom import Backroom
from kdvert.teachers.faults import EMPTY, Fault
from kdvert.teachers.fleet import members
from kdvert.teachers.lanes import Lane, Lanes
from kdvert.teachers.protocol import RawReply, Reply, TeacherRequest
from kdvert.teachers.run import Run

_LONGEST_BACKOFF_S = 60.0


class Streaming:
    """Runs jobs. More are open than calls may be under way, so that a free place is filled at once."""

    def __init__(self, run: Run, backroom: Backroom) -> None:
        self.run = run
        self.backroom = backroom
        self.lanes = Lanes(members(run.teacher), run.limits.concurrency, time.monotonic)
        self._underway: dict[str, asyncio.Task[Reply]] = {}

    async def results(self, jobs: Sequence[Job[T]], progress: Progress) -> dict[int, T]:
        """Return the results of ``jobs`` by their number; those that were not done when the run ended are missing."""
        results: dict[int, T] = {}
        waiting = iter(enumerate(jobs))
        calls = self.lanes.room
        with progress.bar("asking the teacher", len(jobs)) as bar:
            closing = asyncio.create_task(self._close_when_halted())
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(calls + calls // 4 + 2, len(jobs))):
                        group.create_task(self._work(waiting, results, bar))
            finally:
                closing.cancel()
        self.run.usage.most_at_once = sum(lane.throttle.peak for lane in self.lanes.lanes)
        return results

    async def _close_when_halted(self) -> None:
        await self.run.halted.wait()
        self.lanes.close()

    async def _work(self, waiting: Iterator[tuple[int, Job[T]]], results: dict[int, T], bar: Bar) -> None:
        for number, job in waiting:
            try:
                results[number] = await job(self._asker())
            except Halted:
                return
            bar.advance()

    def _asker(self) -> Ask:
        """Return how one job asks; it goes before the others once it has had a reply."""
        begun = False

        async def ask(request: TeacherRequest) -> Reply:
            nonlocal begun
            reply = await self._ask(request, begun=begun)
            begun = True
            return reply

        return ask

    async def _ask(self, request: TeacherRequest, *, begun: bool) -> Reply:
        kept = self.run.store.find([request.id]).get(request.id)
        if kept:
            self.run.usage.add(kept, cached=True)
            return kept
        if request.id not in self._underway:  # two passages with the same text are one call
            self._underway[request.id] = asyncio.create_task(self._fetch(request, begun=begun))
        return await self._underway[request.id]

    async def _fetch(self, request: TeacherRequest, *, begun: bool) -> Reply:
        if self.run.halted.is_set():
            raise Halted
        texts = [t for t in (request.prompt, request.continuation) if t is not None]
        if reason := await self.backroom.refusal(texts):
            raise self.run.held_back(request, reason)
        attempt = 0
        while True:
            lane, found = await self._call(request, begun=begun)
            if not isinstance(found, Fault):
                return found
            attempt += await self._after(request, lane, found, attempt)

    async def _call(self, request: TeacherRequest, *, begun: bool) -> tuple[Lane, Reply | Fault]:
        """Make one call as soon as a lane has room for it; a reply is kept when this returns."""
        lane = await self._enter(request, begun=begun)
        try:
            self.run.may_call()
        except Halted:
            self.lanes.give_up(lane)
            raise
        try:
            raw = await self._send(request, lane)
            if isinstance(raw, Fault):
                self.run.usage.faults[raw.reason] += 1
                return lane, raw
            if raw.score is None and not raw.text.strip():
                return lane, self._empty(raw)
            reply = await self.backroom.keep(raw)
            self.run.paid(raw, reply)
            return lane, reply
        finally:
            self.run.budget.came_back()  # not before it is paid: until then its cost is only expected

    def _empty(self, raw: RawReply) -> Fault:
        """Pay for a reply without text, which is not kept: kept, it would be the reply of every later run too."""
        nothing = ScrubbedText("", "package")
        self.run.paid(raw, Reply(raw.request_id, nothing, raw.input_tokens, raw.output_tokens, raw.truncated))
        self.run.usage.faults[EMPTY] += 1
        return Fault("refused", EMPTY, "cut off" if raw.truncated else "no text")

    async def _send(self, request: TeacherRequest, lane: Lane) -> RawReply | Fault:
        started = self.lanes.now()
        try:
            raw = (await lane.teacher.complete([request]))[0]
        except BaseException:
            self.lanes.give_up(lane)
            raise
        self.lanes.leave(lane, raw if isinstance(raw, Fault) else None, started)
        return raw

    async def _enter(self, request: TeacherRequest, *, begun: bool) -> Lane:
        if self.run.halted.is_set():
            raise Halted
        try:
            return await self.lanes.enter(begun=begun, text=request.prompt.text)
        except asyncio.CancelledError:
            if self.run.halted.is_set():  # `Lanes.close` sends all away
                raise Halted from None
            raise

    async def _after(self, request: TeacherRequest, lane: Lane, fault: Fault, attempt: int) -> int:
        """Wait before the next attempt, or raise what ends this request or the run.

        Returns:
            1 if the attempt counts as one of the retries, else 0.
        """
        if self.run.halted.is_set():
            raise Halted
        if fault.at_once:
            return 0
        if fault.kind in ("auth", "not_found"):
            self._end_if(self.lanes.all_shut(), fault, lane)
            return 0  # another endpoint takes over
        if fault.kind == "down" and self.lanes.has_other(lane):
            return 0
        last = attempt >= self.run.limits.retries
        self._end_if(fault.kind == "down" and last, fault, lane)
        if last or not fault.worth_retrying:
            raise self.run.failed(request, fault)
        if fault.retry_after is None:  # a lane that asks to wait is closed so long
            await self._pause(request, attempt)
        return 1

    def _end_if(self, over: bool, fault: Fault, lane: Lane) -> None:
        if over:
            run = self.run
            run.end(lambda: endings.explain(fault, lane.teacher, run.teacher.name, run.usage))
            raise Halted

    async def _pause(self, request: TeacherRequest, attempt: int) -> None:
        jitter = random.Random(f"{request.id}{attempt}").uniform(0.5, 1.5)  # apart from each other, the same each time
        seconds = jitter * min(self.run.limits.backoff_s * 2.0**attempt, _LONGEST_BACKOFF_S)
        try:
            await asyncio.wait_for(self.run.halted.wait(), seconds)
        except TimeoutError:
            return
        raise Halted
