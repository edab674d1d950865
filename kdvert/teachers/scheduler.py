"""The one place that calls teachers: what to batch, what to send at once, when to wait, when to stop.

A job is a coroutine that makes one record and asks the teacher as often as it needs.

- A **remote** teacher gets ``concurrency`` jobs at a time; the steps of one record overlap with those of others.
- A **local** teacher computes batches. All jobs run until each waits for a reply; then their requests are sorted, cut
  into batches and computed. A batch is cut from the full list whether its replies are kept already or not, and is
  computed as a whole if one is missing: padding changes the last bits of a result, so a resumed run must not pad
  differently than an undisturbed one.
"""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kdvert.errors import KdvertError, UserError, WorkFailed
from kdvert.progress import Bar, Progress
from kdvert.records import ScrubbedText
from kdvert.teachers.faults import Fault
from kdvert.teachers.meeting import Meeting, Waiting
from kdvert.teachers.protocol import RawReply, Reply, Teacher, TeacherRequest
from kdvert.teachers.replies import ReplyStore

T = TypeVar("T")
Ask = Callable[[TeacherRequest], Awaitable[Reply]]
Job = Callable[[Ask], Awaitable[T]]
Gate = Callable[[Sequence[ScrubbedText]], str | None]
"""Says why these texts may not be sent, as a reason code, or None if they may."""

_LONGEST_BACKOFF_S = 60.0
_LONGEST_OBEYED_S = 600.0  # a server that asks for more is treated as if it asked for this


class CallFailed(Exception):
    """A request that got no reply although the run goes on. ``reason`` is a stable short code."""

    def __init__(self, request_id: str, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.request_id = request_id
        self.reason = reason
        self.detail = detail


class _Halted(Exception):
    """The run is over; nothing more is asked."""


@dataclass(frozen=True)
class Limits:
    """What a run may do. See `kdvert.teachers.settings.TeacherSettings` for the meaning of each."""

    concurrency: int = 8
    retries: int = 5
    max_requests: int | None = None
    max_tokens: int | None = None
    backoff_s: float = 1.0


@dataclass
class Usage:
    """What a run used.

    Attributes:
        requests: replies, kept ones included.
        cached: those of them that were kept from an earlier run.
        input_tokens: tokens read by the teacher for all replies; 0 where the endpoint does not say.
        output_tokens: the same for tokens written.
        failed: requests without a reply.
        new_tokens: tokens of this run's own calls.
        calls: this run's own calls, the failed ones included.
        seconds: wall time.
    """

    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    failed: int = 0
    new_tokens: int = 0
    calls: int = 0
    seconds: float = 0.0

    def add(self, reply: Reply, *, cached: bool) -> None:
        """Count one reply."""
        read, written = reply.input_tokens or 0, reply.output_tokens or 0
        self.requests += 1
        self.cached += cached
        self.input_tokens += read
        self.output_tokens += written
        self.new_tokens += 0 if cached else read + written


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
        self.gate = gate
        self.store = store
        self.limits = limits
        self.progress = progress
        self.usage = Usage()
        self._halt: KdvertError | None = None
        self._underway: dict[str, asyncio.Task[Reply]] = {}
        self._last_fault = ""

    def run(self, jobs: Sequence[Job[T]]) -> list[T]:
        """Run every job and return the results in the order of ``jobs``.

        Raises:
            UserError: the teacher refuses the key, or does not know the model.
            WorkFailed: the teacher cannot be reached, no request succeeded, or the budget is spent. Replies that
                arrived are kept in each case.
        """
        start = time.monotonic()
        try:
            results = asyncio.run(self._batched(jobs) if self.teacher.local else self._streamed(jobs))
        except BaseExceptionGroup as group:  # from the task group; one error is what a caller can handle
            raise group.exceptions[0] from group
        finally:
            self.usage.seconds = time.monotonic() - start
        if self._halt:
            raise self._halt
        if self.usage.failed and not self.usage.requests:
            raise self._nothing_worked()
        return [results[number] for number in range(len(jobs))]

    # --- remote: a fixed number of jobs at a time ----------------------------------------------------------------

    async def _streamed(self, jobs: Sequence[Job[T]]) -> dict[int, T]:
        results: dict[int, T] = {}
        waiting = iter(enumerate(jobs))
        with self.progress.bar("asking the teacher", len(jobs)) as bar:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.limits.concurrency, len(jobs))):
                    group.create_task(self._work(waiting, results, bar))
        return results

    async def _work(self, waiting: Iterator[tuple[int, Job[T]]], results: dict[int, T], bar: Bar) -> None:
        for number, job in waiting:
            try:
                results[number] = await job(self._ask_remote)
            except _Halted:
                return
            bar.advance()

    async def _ask_remote(self, request: TeacherRequest) -> Reply:
        kept = self.store.find([request.id]).get(request.id)
        if kept:
            self.usage.add(kept, cached=True)
            return kept
        if request.id not in self._underway:  # two passages with the same text are one call
            self._underway[request.id] = asyncio.create_task(self._fetch(request))
        return await self._underway[request.id]

    async def _fetch(self, request: TeacherRequest) -> Reply:
        if refused := self._refused(request):
            raise refused
        for attempt in range(self.limits.retries + 1):
            self._may_call(1)
            raw = (await self.teacher.complete([request]))[0]
            if not isinstance(raw, Fault):
                return self._kept([raw])[0]
            await self._after(request, raw, attempt)
        raise AssertionError("the last attempt either returns or raises")

    async def _after(self, request: TeacherRequest, fault: Fault, attempt: int) -> None:
        """Wait before the next attempt, or raise what ends this request or the run."""
        if self._halt:
            raise _Halted
        last = attempt == self.limits.retries
        if fault.kind in ("auth", "not_found") or (fault.kind == "down" and last):
            self._stop(self._explain(fault))
        if last or not fault.worth_retrying:
            raise self._failed(request, fault)
        await asyncio.sleep(self._pause(request, fault, attempt))
        if self._halt:
            raise _Halted

    def _pause(self, request: TeacherRequest, fault: Fault, attempt: int) -> float:
        if fault.retry_after is not None:
            return min(fault.retry_after, _LONGEST_OBEYED_S)
        jitter = random.Random(f"{request.id}{attempt}").uniform(0.5, 1.5)  # apart from each other, the same each time
        return jitter * min(self.limits.backoff_s * 2.0**attempt, _LONGEST_BACKOFF_S)

    # --- local: batches cut from the sorted list of all open requests ---------------------------------------------

    async def _batched(self, jobs: Sequence[Job[T]]) -> dict[int, T]:
        results: dict[int, T] = {}
        meeting = Meeting(len(jobs))

        async def work(number: int, job: Job[T]) -> None:
            results[number] = await job(meeting.ask)

        runs = [functools.partial(work, number, job) for number, job in enumerate(jobs)]
        tasks = [asyncio.create_task(meeting.attend(run)) for run in runs]
        try:
            while jobs and (waiting := await meeting.everyone()):
                await self._answer(waiting)
        except _Halted:
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
            for start in range(0, len(ordered), self.teacher.batch_size):
                batch = ordered[start : start + self.teacher.batch_size]
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
        kept = self.store.find([r.id for r in batch])
        if len(kept) == len(batch):
            for reply in kept.values():
                self.usage.add(reply, cached=True)
            return dict(kept)
        outcomes: dict[str, Reply | CallFailed] = {r.id: e for r in batch if (e := self._refused(r))}
        sent = [r for r in batch if r.id not in outcomes]
        self._may_call(len(sent))
        raw = await self.teacher.complete(sent) if sent else []
        replies = self._kept([r for r in raw if not isinstance(r, Fault)])
        outcomes |= {r.request_id: r for r in replies}
        for request, fault in zip(sent, raw, strict=True):
            if isinstance(fault, Fault):
                outcomes[request.id] = self._failed(request, fault)
        return outcomes

    # --- both ----------------------------------------------------------------------------------------------------

    def _refused(self, request: TeacherRequest) -> CallFailed | None:
        """Return the failure of a request that may not leave, or None."""
        reason = self.gate([t for t in (request.prompt, request.continuation) if t is not None])
        if reason is None:
            return None
        self.usage.failed += 1
        self._last_fault = f"{reason}: the egress gate holds the prompt back"
        return CallFailed(request.id, reason, "")

    def _kept(self, raw: Sequence[RawReply]) -> list[Reply]:
        replies = self.store.keep(raw)
        for reply in replies:
            self.usage.add(reply, cached=False)
            if self.limits.max_tokens and reply.input_tokens is None:
                self._halt = self._halt or UserError(
                    f"{self.teacher.name} does not report how many tokens it used, so max_tokens_total cannot be held.",
                    hint="Remove elicit.teacher.max_tokens_total, or set max_requests instead.",
                )
        return replies

    def _may_call(self, count: int) -> None:
        """Count ``count`` calls that are about to be made, or stop the run."""
        if self._halt:
            raise _Halted
        limits, usage = self.limits, self.usage
        if limits.max_requests is not None and usage.calls + count > limits.max_requests:
            self._stop(self._spent(f"{usage.calls} of {limits.max_requests} requests", "max_requests"))
        if limits.max_tokens is not None and usage.new_tokens >= limits.max_tokens:
            self._stop(self._spent(f"{usage.new_tokens} of {limits.max_tokens} tokens", "max_tokens_total"))
        usage.calls += count

    def _stop(self, error: KdvertError) -> None:
        """End the run with ``error``. Calls under way may finish, so that what was paid for is kept."""
        self._halt = self._halt or error
        raise _Halted

    def _failed(self, request: TeacherRequest, fault: Fault) -> CallFailed:
        self.usage.failed += 1
        self._last_fault = f"{fault.reason}: {fault.detail}"
        return CallFailed(request.id, fault.reason, fault.detail)

    def _spent(self, what: str, setting: str) -> WorkFailed:
        return WorkFailed(
            f"The teacher's budget is spent: {what} in this run. {self.usage.requests} replies are kept.",
            hint=f"Run again to go on with the same budget, or raise elicit.teacher.{setting}, or ask less "
            "(elicit.passages).",
        )

    def _nothing_worked(self) -> WorkFailed:
        return WorkFailed(
            f"None of the {self.usage.failed} requests to {self.teacher.where} succeeded. "
            f"The last one: {self._last_fault}.",
            hint="Check the model's name and the endpoint's log, then run again."
            if self.usage.calls
            else "Nothing was sent. Take personal data out of the project's own templates, then run again.",
        )

    def _explain(self, fault: Fault) -> KdvertError:
        where = self.teacher.where
        if fault.kind == "auth":
            variable = self.teacher.key_variable
            held = f"the key in {variable}" if variable else "the request without a key of its own"
            return UserError(
                f"{where} refuses {held} ({fault.detail}).",
                hint="Set elicit.teacher.api_key_env to the name of the environment variable that holds the key.",
            )
        if fault.kind == "not_found":
            return UserError(
                f"{where} does not know the model '{self.teacher.name}', or the address is wrong ({fault.detail}).",
                hint="Check elicit.teacher.model and base_url; an OpenAI-compatible base_url mostly ends in /v1.",
            )
        return WorkFailed(
            f"The teacher at {where} cannot be reached ({fault.detail}). {self.usage.requests} replies are kept.",
            hint="Check that the server is running and the address is right, then run again: it goes on from here.",
        )
