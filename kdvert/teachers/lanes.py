"""Several endpoints that serve one model: who gets the next call, who is out for now, and in which order calls go.

Each endpoint is a lane with a `Throttle` of its own. A call goes to the lane with the least to do for its weight. A
lane that cannot be reached is out for a while, longer each time, and is then tried with one call.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kdvert.teachers.faults import Fault
from kdvert.teachers.protocol import Teacher
from kdvert.teachers.throttle import Throttle

_OUT_S = 2.0
_LONGEST_OUT_S = 60.0
LONGEST_OBEYED_S = 600.0
"""A server that asks to wait longer is treated as if it asked for this."""

Clock = Callable[[], float]


@dataclass
class Lane:
    """One endpoint.

    Attributes:
        under_way: calls that wait for a reply.
        out_until: time before which nothing is sent, because the endpoint could not be reached.
        outages: how often in a row it could not be reached.
        shut: it refuses the key or does not know the model; it gets nothing more in this run.
    """

    teacher: Teacher
    weight: float
    throttle: Throttle
    under_way: int = 0
    out_until: float = 0.0
    outages: int = 0
    shut: bool = False
    answered: int = 0

    def is_open(self, now: float) -> bool:
        """Whether it may get a call now. After an outage one call at a time shows whether it is back."""
        if self.shut or now < self.out_until or (self.outages and self.under_way):
            return False
        return self.throttle.allows(self.under_way, now)

    @property
    def load(self) -> float:
        """How busy it would be with one more call."""
        return (self.under_way + 1) / self.weight

    @property
    def opens_at(self) -> float:
        """Time from which it may get calls, if it has room."""
        return max(self.out_until, self.throttle.closed_until)


class Lanes:
    """Gives calls to lanes. All methods belong to one event loop.

    Args:
        parts: teachers with weights.
        concurrency: most calls at the same time to the heaviest; the others get their share of it.
        clock: seconds that only go forward.
    """

    def __init__(self, parts: Sequence[tuple[Teacher, float]], concurrency: int, clock: Clock) -> None:
        heaviest = max(weight for _, weight in parts)
        self.lanes = [
            Lane(teacher, weight, Throttle(max(1, round(concurrency * weight / heaviest)))) for teacher, weight in parts
        ]
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[tuple[bool, str], int, asyncio.Future[Lane]]] = []
        self._alarm: asyncio.TimerHandle | None = None

    async def enter(self, *, begun: bool, text: str) -> Lane:
        """Wait for a lane.

        Records that were begun go first, so that they are finished; then calls go in the order of their text, so
        that prompts that begin alike follow each other and a server that keeps what it has read can use it.

        Args:
            begun: the record has had a reply before.
            text: the prompt.
        """
        future: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, ((not begun, text), next(self._numbers), future))
        self._fill()
        return await future

    def leave(self, lane: Lane, fault: Fault | None, started: float) -> None:
        """Give a lane back, with what became of the call that was sent at ``started``."""
        now = self._clock()
        lane.under_way -= 1
        if fault is None:
            lane.outages = 0
            lane.answered += 1
            lane.throttle.answered(started, now)
        elif fault.kind == "down" and started >= lane.out_until:  # one outage breaks many calls
            lane.out_until = now + min(_OUT_S * 2.0**lane.outages, _LONGEST_OUT_S) if len(self.lanes) > 1 else now
            lane.outages += 1
        elif fault.kind in ("auth", "not_found"):
            lane.shut = True
        elif fault.says_slow_down or fault.retry_after:
            wait = None if fault.retry_after is None else min(fault.retry_after, LONGEST_OBEYED_S)
            lane.throttle.refused(started, now, wait)
        self._fill()

    def give_up(self, lane: Lane) -> None:
        """Give a lane back without having heard of it."""
        lane.under_way -= 1
        self._fill()

    @property
    def room(self) -> int:
        """Most calls at the same time to all."""
        return sum(lane.throttle.maximum for lane in self.lanes)

    def now(self) -> float:
        """Return the time."""
        return self._clock()

    def has_other(self, lane: Lane) -> bool:
        """Whether another lane could take a call that this one did not answer."""
        return any(not o.shut and not o.outages for o in self.lanes if o is not lane)

    def all_shut(self) -> bool:
        """Whether no lane will ever answer."""
        return all(lane.shut for lane in self.lanes)

    def close(self) -> None:
        """Send away all who wait."""
        if self._alarm:
            self._alarm.cancel()
        for _, _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    def _fill(self) -> None:
        while self._waiting and (lane := self._free()):
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                lane.under_way += 1
                future.set_result(lane)
        if self._waiting:
            self._wake_later()

    def _free(self) -> Lane | None:
        now = self._clock()
        return min((lane for lane in self.lanes if lane.is_open(now)), key=lambda o: o.load, default=None)

    def _wake_later(self) -> None:
        """Look again when the next lane opens; replies wake the others."""
        now = self._clock()
        times = [lane.opens_at for lane in self.lanes if not lane.shut and lane.opens_at > now]
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if times:
            self._alarm = asyncio.get_running_loop().call_later(min(times) - now + 0.001, self._fill)
