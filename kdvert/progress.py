"""Progress that a stage reports and a front end shows: counts and time left on every long step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Bar(Protocol):
    """One running step."""

    def advance(self, count: int = 1) -> None:
        """Say that ``count`` more units are done."""


class Progress(Protocol):
    """Makes bars. The command line gives a rich one; tests and libraries the silent one."""

    def bar(self, label: str, total: int | None) -> AbstractContextManager[Bar]:
        """Open a step of ``total`` units (None: not known)."""


class _SilentBar:
    def advance(self, count: int = 1) -> None:
        """Nothing is shown."""


class Silent:
    """Progress that shows nothing."""

    @contextmanager
    def bar(self, label: str, total: int | None) -> Iterator[Bar]:
        """Open a step that is not shown."""
        yield _SilentBar()


def track(progress: Progress, label: str, items: Iterable[T], total: int | None = None) -> Iterator[T]:
    """Yield ``items`` while a bar counts them."""
    size = len(items) if total is None and isinstance(items, Sized) else total
    with progress.bar(label, size) as bar:
        for item in items:
            yield item
            bar.advance()
