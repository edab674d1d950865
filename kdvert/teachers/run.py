"""What one run of the scheduler shares: budget, counts, and why it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kdvert.errors import KdvertError
from kdvert.teachers import endings
from kdvert.teachers.asking import CallFailed, Halted
from kdvert.teachers.backroom import Gate
from kdvert.teachers.budget import Budget, Limits, Usage
from kdvert.teachers.faults import Fault
from kdvert.teachers.protocol import RawReply, Reply, Teacher, TeacherRequest
from kdvert.teachers.replies import ReplyStore


class Run:
    """One run. Once ``halted`` is set nothing more is asked; calls under way may finish, since they are paid for."""

    def __init__(self, teacher: Teacher, store: ReplyStore, limits: Limits, gate: Gate) -> None:
        self.teacher = teacher
        self.store = store
        self.limits = limits
        self.gate = gate
        self.usage = Usage()
        self.budget = Budget(limits, self.usage)
        self.halted = asyncio.Event()
        self.last_fault = ""
        self._ending: Callable[[], KdvertError] | None = None

    def begin(self) -> None:
        """Begin in an event loop; what a former one set stays set."""
        over = self.halted.is_set()
        self.halted = asyncio.Event()  # an event belongs to the loop that first waited for it
        if over:
            self.halted.set()

    def may_call(self, count: int = 1) -> None:
        """Count calls that are about to be made.

        Raises:
            Halted: the run is over, or ends now because its budget is spent.
        """
        if self.halted.is_set():
            raise Halted
        short = count > 1 and self.limits.max_requests is not None
        if (spent := self.budget.spent()) or (short and self.usage.calls + count > (self.limits.max_requests or 0)):
            what, setting = spent or (f"{self.usage.calls} of {self.limits.max_requests} requests", "max_requests")
            self.end(lambda: endings.budget_spent(self.budget.spent() or (what, setting), self.usage))
            raise Halted
        self.budget.call(count)

    def end(self, ending: Callable[[], KdvertError]) -> None:
        """End the run with an error. It is made at the end, when all counts are final."""
        self._ending = self._ending or ending
        self.halted.set()

    def ending(self) -> KdvertError | None:
        """Return the error that the run ended with, if it did."""
        if self._ending:
            return self._ending()
        if self.usage.failed and not self.usage.requests:
            return endings.nothing_worked(self.teacher, self.usage, self.last_fault)
        return None

    def paid(self, raw: RawReply, reply: Reply) -> None:
        """Count a reply that was just kept."""
        self.usage.notes.update(raw.notes)
        if raw.logprobs and not reply.logprobs:
            self.usage.notes["logprobs_dropped"] += 1
        if broken := self.budget.pay(reply, self.teacher.name):
            self.end(lambda: broken)

    def held_back(self, request: TeacherRequest, reason: str) -> CallFailed:
        """Return the failure of a request that may not leave."""
        self.usage.failed += 1
        self.last_fault = f"{reason}: the egress gate holds the prompt back"
        return CallFailed(request.id, reason, "")

    def failed(self, request: TeacherRequest, fault: Fault) -> CallFailed:
        """Return the failure of a request that got no reply."""
        self.usage.failed += 1
        self.last_fault = f"{fault.reason}: {fault.detail}"
        self.store.note_failure(request.id, fault.reason, fault.detail)
        return CallFailed(request.id, fault.reason, fault.detail)
