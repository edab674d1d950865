"""Scrub many documents in worker processes, with the results in order."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kdvert.errors import WorkFailed
from kdvert.privacy import keys
from kdvert.privacy.corpus import as_phrases
from kdvert.privacy.phrases import Phrases
from kdvert.privacy.scrubber import Scrubbed, Scrubber, Settings
from kdvert.records import Document
from kdvert.verticals import Rules

BATCH = 16
"""Documents that a worker takes at a time; the models read them at once."""
BATCH_CHARACTERS = 100_000
"""Characters after which a batch ends, however few documents it has."""
AHEAD = 3
"""Batches per worker that may wait, so that memory stays bounded."""
WORTH_A_WORKER = 200_000
"""Characters; a worker takes seconds to load its model, so less text than this does not pay for one more."""

_scrubber: Scrubber | None = None
"""The scrubber of a worker process."""
_known: Phrases | None = None
"""Names that a worker process takes out wherever they stand."""


@dataclass(frozen=True)
class Plan:
    """How many processes to use."""

    workers: int

    @classmethod
    def of(cls, asked: int | None, characters: int) -> Plan:
        """Take the cores of this machine, or as many as asked, but no more than the text keeps busy.

        Args:
            asked: number of workers, or None for one per core that this process may use.
            characters: size of the whole work.
        """
        return cls(max(1, min(asked or _cores(), characters // WORTH_A_WORKER)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scrub_all(
    vertical: Rules,
    settings: Settings,
    documents: Iterable[Document],
    plan: Plan,
    *,
    secret: bytes = b"",
    known: Sequence[str] = (),
) -> Generator[tuple[Document, Scrubbed]]:
    """Scrub documents, in their order.

    Args:
        vertical: whose policy and recognizers hold.
        settings: what the project sets; it is sent to the workers.
        documents: raw documents; read as they are needed.
        plan: with one worker the work is done in this process.
        secret: what surrogates are drawn with (see `Scrubber.for_vertical`).
        known: names of persons to take out wherever they stand.

    Raises:
        UserError: the settings are wrong, or a key is missing.
        WorkFailed: a document is held back (see `Scrubber.scrub`), or a worker died.
    """
    if settings.replace_with == "surrogate" and not secret:
        secret = keys.surrogate_key(settings.consistency)
    scrubber = Scrubber.for_vertical(vertical, settings, secret=secret)
    if plan.workers == 1:
        phrases = as_phrases(known)
        for batch in _batches(iter(documents)):
            yield from zip(batch, _scrubbed(scrubber, batch, phrases), strict=True)
        return
    start = (vertical, settings, secret, known)  # the same secret everywhere
    yield from _in_workers(start, iter(documents), plan.workers)


def _in_workers(
    start: tuple[Rules, Settings, bytes, Sequence[str]], documents: Iterator[Document], workers: int
) -> Iterator[tuple[Document, Scrubbed]]:
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # Spawned, not forked: the parent may hold threads and locks of other libraries.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start, initargs=start)
    finished = False
    waiting: deque[tuple[Sequence[Document], Future[list[Scrubbed]]]] = deque()
    batches = _batches(documents)
    try:
        while True:
            while len(waiting) < workers * AHEAD and (batch := next(batches, None)):
                with _signals_later():
                    waiting.append((batch, pool.submit(_scrub_batch, batch)))
            if not waiting:
                finished = True
                return
            done, future = waiting.popleft()
            yield from zip(done, future.result(), strict=True)
    except BrokenProcessPool:
        raise WorkFailed(
            "A scrubbing process died, probably for want of memory.", hint="Set scrub.workers lower and run again."
        ) from None
    finally:
        if not finished:  # do not wait for documents that nobody will read
            _end(pool)
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """Hold Ctrl-C back while a worker starts: it inherits that, so that it cannot die of it before it ignores it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: Any) -> None:
    """Stop workers that are still in the middle of a document."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        with contextlib.suppress(OSError):
            process.terminate()


def _start(vertical: Rules, settings: Settings, secret: bytes, known: Sequence[str]) -> None:
    global _scrubber, _known
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _scrubber, _known = Scrubber.for_vertical(vertical, settings, secret=secret), as_phrases(known)
    _scrubber.load()


def _end_with_parent() -> None:
    """End when the parent is killed: it cannot tell its workers then, and they would wait for ever."""
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _scrub_batch(batch: Sequence[Document]) -> list[Scrubbed]:
    assert _scrubber is not None
    return list(_scrubbed(_scrubber, batch, _known))


def _scrubbed(scrubber: Scrubber, batch: Sequence[Document], known: Phrases | None) -> Iterator[Scrubbed]:
    """Scrub a batch in step; where that fails, one by one, so that the error names the document."""
    try:
        yield from scrubber.scrub_batch([(d.id, d.text, d.source.title) for d in batch], known=known)
        return
    except WorkFailed:
        if len(batch) == 1:
            raise
    for document in batch:
        yield scrubber.scrub(document.id, document.text, document.source.title, known=known)


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) >= BATCH or sum(len(d.text) for d in batch) >= BATCH_CHARACTERS:
            yield batch
            batch = []
    if batch:
        yield batch
