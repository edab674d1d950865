"""A time limit for a text, and errors that show where something failed and never what was read."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from kdvert.errors import KdvertError, WorkFailed


class TooSlow(Exception):
    """Not a TimeoutError: Presidio would take that for a slow pattern, skip the pattern and go on."""


class _Armed(threading.local):
    on = False


_armed = _Armed()


def is_armed() -> bool:
    """Return whether an alarm ends what this thread does: then a search needs no time limit of its own, which costs."""
    return _armed.on


@contextmanager
def guarded(document_id: str, limit: float) -> Iterator[None]:
    """Hold back a text that takes too long or cannot be analyzed, without showing any of it.

    Args:
        document_id: names the text in errors.
        limit: seconds that the block may take.

    Raises:
        WorkFailed: the block took longer, or anything but a kdvert error was raised in it.
    """
    try:
        with time_limit(limit):
            yield
    except TooSlow:
        raise WorkFailed(
            f"{document_id}: scrubbing took longer than {limit:.0f} seconds; the text is held back.",
            hint="Raise scrub.seconds_per_megabyte, split the document, or take it out of sources.",
        ) from None
    except KdvertError:
        raise
    except Exception as error:  # noqa: BLE001 - what the libraries say can hold raw values: only its place is told
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise WorkFailed(
            f"{document_id}: scrubbing failed ({type(error).__name__} in {last.name}, line {last.lineno}); "
            "the text is held back."
        ) from None


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in the block when it takes longer than ``seconds``, or after it where no alarm can be set."""
    from presidio_analyzer import pattern_recognizer

    # A slow pattern ends at the same time, so that the check at the end sees it.
    pattern_recognizer.REGEX_TIMEOUT_SECONDS = seconds  # type: ignore[assignment]
    alarm = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    started = time.monotonic()
    if alarm:
        before = signal.signal(signal.SIGALRM, _raise_too_slow)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
        _armed.on = True
    try:
        yield
    finally:
        if alarm:
            _armed.on = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    if time.monotonic() - started >= seconds:
        raise TooSlow


def _raise_too_slow(number: int, frame: object) -> None:
    raise TooSlow
