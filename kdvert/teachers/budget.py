"""What a run may spend and what it has spent: requests, tokens, money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from kdvert.errors import UserError
from kdvert.teachers.protocol import Reply

MILLION = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a run may do. See `kdvert.teachers.settings.TeacherSettings` for the meaning of each."""

    concurrency: int = 8
    retries: int = 5
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    backoff_s: float = 1.0

    @property
    def needs_usage(self) -> str | None:
        """The setting that can only be held if the endpoint reports tokens."""
        if self.max_tokens is not None:
            return "max_tokens_total"
        return "max_cost" if self.max_cost is not None else None

    def cost(self, read: int, written: int) -> float:
        """Return the price of tokens read and written."""
        return (read * self.price_in + written * self.price_out) / MILLION


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
        cost: price of this run's own calls, in the currency of the prices.
        seconds: wall time.
        notes: what was odd about replies and tolerated, by code (`kdvert.teachers.protocol.NOTES`).
        faults: calls that failed and were tried again or given up, by reason.
        endpoints: replies by the host that gave them.
        other_models: names that endpoints answered by, where they were not asked for.
        most_at_once: the largest number of calls that the scheduler allowed at the same time.
        unreported: replies whose tokens the endpoint did not report.
    """

    requests: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    failed: int = 0
    new_tokens: int = 0
    calls: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    notes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    endpoints: Counter[str] = field(default_factory=Counter)
    other_models: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    unreported: int = 0

    def add(self, reply: Reply, *, cached: bool) -> None:
        """Count one reply."""
        read, written = reply.input_tokens or 0, reply.output_tokens or 0
        self.requests += 1
        self.cached += cached
        self.input_tokens += read
        self.output_tokens += written
        self.unreported += reply.input_tokens is None or reply.output_tokens is None
        self.new_tokens += 0 if cached else read + written
        if reply.endpoint:
            self.endpoints[reply.endpoint] += 1
        if reply.model:
            self.other_models[reply.model] += 1


@dataclass
class Budget:
    """Holds a run to its limits.

    Calls under way are counted at the mean of those that were answered, so that a run with many at once does not end
    far above its limit.
    """

    limits: Limits
    usage: Usage
    under_way: int = 0
    _answered: int = 0

    def spent(self) -> tuple[str, str] | None:
        """Return what is spent and the setting that limits it, or None if another call may be made."""
        limits, usage = self.limits, self.usage
        share = 1 + (self.under_way / self._answered if self._answered else 0)
        if limits.max_requests is not None and usage.calls >= limits.max_requests:
            return f"{usage.calls} of {limits.max_requests} requests", "max_requests"
        if limits.max_tokens is not None and usage.new_tokens * share >= limits.max_tokens:
            return f"{usage.new_tokens} of {limits.max_tokens} tokens", "max_tokens_total"
        if limits.max_cost is not None and usage.cost * share >= limits.max_cost:
            return f"{usage.cost:.4f} of {limits.max_cost:g} in money", "max_cost"
        return None

    def call(self, count: int = 1) -> None:
        """Count calls that are about to be made."""
        self.usage.calls += count
        self.under_way += count

    def came_back(self, count: int = 1) -> None:
        """Count calls that are over, with or without a reply."""
        self.under_way -= count

    def pay(self, reply: Reply, teacher: str) -> UserError | None:
        """Count a new reply; return why the run has to end if a limit can no longer be held."""
        self.usage.add(reply, cached=False)
        self.usage.cost += self.limits.cost(reply.input_tokens or 0, reply.output_tokens or 0)
        self._answered += 1
        setting = self.limits.needs_usage
        if setting is None or reply.input_tokens is not None:
            return None
        return UserError(
            f"{teacher} does not report how many tokens it used (or reports what cannot be true), so {setting} "
            "cannot be held.",
            hint=f"Remove elicit.teacher.{setting}, or set max_requests instead.",
        )
