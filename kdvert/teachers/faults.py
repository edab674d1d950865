"""What can go wrong in a call to a teacher, told apart by what to do about it.

Each provider's client raises its own classes. They agree on a few things (a status code, a response with headers,
"Timeout" and "Connection" in class names), and those are what is looked at here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

Kind = Literal["auth", "not_found", "down", "busy", "refused", "bad_reply"]

_RETRIED: frozenset[Kind] = frozenset({"down", "busy", "bad_reply"})


class Fault(Exception):
    """A failed call.

    Attributes:
        kind: ``auth`` and ``not_found`` stop the run (every call would fail alike), ``down`` (no connection) stops it
            once retries are spent, ``busy`` (429, 5xx, timeout) and ``bad_reply`` (not what the protocol promises)
            cost this request only, ``refused`` (another 4xx) is not tried again.
        reason: stable short code for the record of the failure.
        detail: class and status of the error. Never its message, which may quote the prompt.
        retry_after: seconds the server asked to wait, or None.
    """

    def __init__(self, kind: Kind, reason: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{reason} ({detail})")
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after

    @property
    def worth_retrying(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in _RETRIED


def classify(error: BaseException) -> Fault:
    """Turn a provider's exception into a `Fault`."""
    status = _status(error)
    detail = type(error).__name__ + (f", status {status}" if status else "")
    if status is not None and status >= 400:
        return _by_status(status, detail, _retry_after(error))
    names = {type(e).__name__ for e in _chain(error)}
    if isinstance(error, TimeoutError | asyncio.TimeoutError) or any("Timeout" in n for n in names):
        return Fault("busy", "timeout", detail)
    if isinstance(error, ConnectionError | OSError) or any("Connect" in n for n in names):
        return Fault("down", "unreachable", detail)
    if any(n in names for n in ("RemoteProtocolError", "ReadError", "WriteError")):
        return Fault("down", "connection_lost", detail)
    return Fault("bad_reply", "bad_response", detail)


def _by_status(status: int, detail: str, retry_after: float | None) -> Fault:
    if status in (401, 403):
        return Fault("auth", "not_authorized", detail)
    if status == 404:
        return Fault("not_found", "not_found", detail)
    if status == 429:
        return Fault("busy", "rate_limited", detail, retry_after=retry_after)
    if status in (408, 409, 425) or status >= 500:
        return Fault("busy", "server_error", detail, retry_after=retry_after)
    return Fault("refused", "request_refused", detail)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    for candidate in (error, getattr(error, "response", None)):
        status = getattr(candidate, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _retry_after(error: BaseException) -> float | None:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    try:
        return max(0.0, float(headers.get("retry-after")))
    except (TypeError, ValueError):
        return None  # absent, or a date: the backoff decides
