"""CPU time by part: functions are wrapped while a meter runs; each keeps the time that no wrapped one below it took."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any


class Meter:
    """Adds up CPU seconds of threads by part. Use it as a context manager; leaving it restores what was wrapped."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.total = 0.0
        self._stack = threading.local()
        self._lock = threading.Lock()
        self._restore: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Meter:
        self._started = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.total = time.process_time() - self._started  # all threads, those of libraries too
        for owner, name, original in reversed(self._restore):
            setattr(owner, name, original)

    @property
    def unseen(self) -> float:
        """CPU seconds outside all wrapped functions: other threads, such as those of a matrix library."""
        return self.total - sum(self.seconds.values())

    def wrap(self, owner: Any, name: str, part: str, *, unless_in: str | None = None) -> None:
        """Count the time of ``owner.name``, a function or coroutine function, as ``part``.

        Args:
            owner: a class or module.
            name: the attribute; callers must look it up there.
            part: what its time counts as.
            unless_in: a part within which it is not told apart.
        """
        original = inspect.getattr_static(owner, name)
        plain: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(plain)
        def timed(*args: Any, **options: Any) -> Any:
            if unless_in is not None and unless_in in [own for own, _ in self._open()]:
                return plain(*args, **options)
            self._begin(part)
            try:
                return plain(*args, **options)
            finally:
                self._end()

        async def stepped(*args: Any, **options: Any) -> Any:
            return await _Steps(self, part, plain(*args, **options))

        self._restore.append((owner, name, original))
        setattr(owner, name, functools.wraps(plain)(stepped) if inspect.iscoroutinefunction(plain) else timed)

    def _open(self) -> list[tuple[str, float]]:
        if not hasattr(self._stack, "rows"):
            self._stack.rows = []
        return self._stack.rows  # type: ignore[no-any-return]

    def _begin(self, part: str) -> None:
        rows, now = self._open(), time.thread_time()
        self._settle(now)
        rows.append((part, now))

    def _end(self) -> None:
        rows, now = self._open(), time.thread_time()
        self._settle(now)
        rows.pop()
        if rows:
            rows[-1] = (rows[-1][0], now)

    def _settle(self, now: float) -> None:
        """Give the time since the last change to the innermost open part."""
        rows = self._open()
        if rows:
            with self._lock:
                self.seconds[rows[-1][0]] += now - rows[-1][1]


class _Steps:
    """Runs a coroutine and counts only the steps in which it computes, not what the event loop does meanwhile."""

    def __init__(self, meter: Meter, part: str, work: Any) -> None:
        self._meter, self._part, self._work = meter, part, work

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        send: Callable[[], Any] = lambda: next(steps)  # noqa: E731
        while True:
            self._meter._begin(self._part)
            try:
                waited = send()
            except StopIteration as stop:
                return stop.value
            finally:
                self._meter._end()
            try:
                given = yield waited
                send = functools.partial(steps.send, given)
            except BaseException as error:  # noqa: BLE001 - a cancellation is handed on
                send = functools.partial(steps.throw, error)
