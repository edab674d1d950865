"""How many calls an endpoint gets at once: found out by trying, as TCP finds out what a line carries.

It starts with half of what it may (or eight) and adds two for each reply, so that the number triples in the time of a
reply. At the first
sign that the endpoint has enough it turns careful: one more for each round of replies, half as many at a refusal (429,
503, timeout), a tenth less where replies take much longer than they did at their best. Time comes from the caller, in
seconds of any clock that does not go back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FEW = 8
_HOLD, _SHRINK = 2.0, 3.0
"""From how many times the best duration of a call on no more are added, and some are taken away.

A server that queues calls keeps its speed while they wait, so up to twice the best is no harm and keeps it busy.
"""
_WINDOW = 48  # replies that a duration is averaged over: few enough to notice growth that goes too far


@dataclass
class Throttle:
    """The limit of one endpoint.

    Attributes:
        maximum: what the settings allow.
        limit: how many calls may be under way now.
        closed_until: the time before which none may be sent.
        peak: the largest limit there was.
        cuts: how often it was cut.
    """

    maximum: int
    limit: float = 0.0
    closed_until: float = 0.0
    peak: int = 0
    cuts: int = 0
    _careful: bool = False
    _cut_at: float = float("-inf")
    _window: list[float] = field(default_factory=list)
    _best: float | None = None
    _slow: bool = False

    def __post_init__(self) -> None:
        self.limit = float(min(self.maximum, max(FEW, self.maximum // 2)))
        self.peak = int(self.limit)

    def allows(self, under_way: int, now: float) -> bool:
        """Whether one more call may be sent."""
        return now >= self.closed_until and under_way < int(self.limit)

    def answered(self, started: float, now: float) -> None:
        """Note a reply to a call that was sent at ``started``."""
        self._measure(now - started)
        if not self._slow:
            self.limit += 1.0 / self.limit if self._careful else 2.0
        self.limit = min(self.limit, float(self.maximum))
        self.peak = max(self.peak, int(self.limit))

    def refused(self, started: float, now: float, retry_after: float | None = None) -> None:
        """Note that the endpoint asks to slow down. Calls sent before the last cut say nothing new."""
        if retry_after:
            self.closed_until = max(self.closed_until, now + retry_after)
        if started >= self._cut_at:
            self._cut(0.5, now)

    def _cut(self, factor: float, now: float) -> None:
        self.limit = max(1.0, self.limit * factor)
        self.cuts += 1
        self._careful = True
        self._cut_at = now
        self._window.clear()

    def _measure(self, seconds: float) -> None:
        self._window.append(seconds)
        if len(self._window) < _WINDOW:
            return
        mean = sum(self._window) / len(self._window)
        self._window.clear()
        self._best = mean if self._best is None else min(self._best, mean)
        self._slow = mean > _HOLD * self._best
        self._careful = self._careful or self._slow
        if mean > _SHRINK * self._best:
            self.limit = max(1.0, self.limit * 0.9)
