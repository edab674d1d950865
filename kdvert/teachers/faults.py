"""What can go wrong in a call to a teacher, told apart by what to do about it.

Each provider's client raises its own classes. They agree on a few things (a status code, a response with headers,
"Timeout" and "Connection" in class names), and those are what is looked at here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

Kind = Literal["auth", "not_found", "down", "busy", "refused", "bad_reply"]

REASONS = {
    "not_authorized": "the key is missing, wrong or not allowed to use the model (401, 403)",
    "not_found": "the address or the model is not there (404)",
    "redirected": "the address points elsewhere (3xx); it is not followed, because the key would go along",
    "unreachable": "no connection",
    "connection_lost": "the connection broke before the reply",
    "rate_limited": "too many requests or tokens (429)",
    "overloaded": "the server asks to slow down (503, 529)",
    "server_error": "the server failed (another 5xx, 408, 409, 425)",
    "timeout": "no reply within timeout_s",
    "request_refused": "the server takes the request for wrong (another 4xx)",
    "schema_refused": "the server does not take a JSON schema; asked again without one",
    "prompt_too_long": "prompt and reply do not fit into the model",
    "cannot_score": "a chat model gives no likelihood of a text",
    "content_filter": "the provider's filter held the reply back",
    "teacher_refused": "the model says in the protocol's own field that it will not answer",
    "tool_calls": "the model calls a tool instead of answering",
    "only_reasoning": "the reply ended within the model's reasoning: raise max_tokens",
    "empty_reply": "the reply is empty; asked for once more in other words, and by the next run",
    "no_choices": "the reply has no choices",
    "no_content": "the reply has no text",
    "error_body": "status 200, and an error inside",
    "html_reply": "a web page instead of a reply: mostly a proxy or a wrong address",
    "not_json": "the reply is no JSON",
    "cut_off_reply": "the reply ends in the middle",
    "half_streamed": "the reply was streamed without being asked for, and ends in the middle",
    "reply_too_large": "the reply is larger than any that was asked for",
    "bad_response": "a provider's client cannot read the reply",
    "not_on_cassette": "the call that was recorded failed, or another one was recorded",
}
"""Every reason code of a failed call, and what it means."""

EMPTY = "empty_reply"

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
        at_once: the teacher can ask again in another way now; that is not counted as a retry.
    """

    def __init__(
        self, kind: Kind, reason: str, detail: str, *, retry_after: float | None = None, at_once: bool = False
    ) -> None:
        super().__init__(f"{reason} ({detail})")
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.at_once = at_once

    @property
    def worth_retrying(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in _RETRIED

    @property
    def says_slow_down(self) -> bool:
        """Whether the server has more to do than it can."""
        return self.reason in ("rate_limited", "overloaded", "timeout")


def classify(error: BaseException) -> Fault:
    """Turn a provider's exception into a `Fault`."""
    status = _status(error)
    detail = type(error).__name__ + (f", status {status}" if status else "")
    if status is not None and status >= 400:
        return by_status(status, detail, _retry_after(error))
    names = {type(e).__name__ for e in _chain(error)}
    if isinstance(error, TimeoutError | asyncio.TimeoutError) or any("Timeout" in n for n in names):
        return Fault("busy", "timeout", detail)
    if isinstance(error, ConnectionError | OSError) or any("Connect" in n for n in names):
        return Fault("down", "unreachable", detail)
    if any(n in names for n in ("RemoteProtocolError", "ReadError", "WriteError")):
        return Fault("down", "connection_lost", detail)
    return Fault("bad_reply", "bad_response", detail)


def by_status(status: int, detail: str, retry_after: float | None = None) -> Fault:
    """Turn an HTTP status of 300 or above into a `Fault`."""
    if status < 400:
        return Fault("not_found", "redirected", detail)  # followed, it would take the key along
    if status in (401, 403):
        return Fault("auth", "not_authorized", detail)
    if status == 404:
        return Fault("not_found", "not_found", detail)
    if status == 429:
        return Fault("busy", "rate_limited", detail, retry_after=retry_after)
    if status in (503, 529):
        return Fault("busy", "overloaded", detail, retry_after=retry_after)
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
