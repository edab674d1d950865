"""What every request must show before any page sees it, and what every answer carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from kdvert.review.sessions import Throttle, same

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer, browsers name no origin for forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
LARGEST_BODY = 1 << 20
"""Bytes of a request."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Stands in front of the application (ASGI).

    Args:
        app: the application.
        token: what the first address must bring (``?token=``); a cookie carries it from then on.
        hosts: values of the header ``Host`` that are answered: a name that somebody else's server gave this
            machine's address (DNS rebinding) is none.
        origin: the address that the browser shows; forms come from nowhere else.
    """

    def __init__(self, app: App, *, token: str, hosts: frozenset[str], origin: str, throttle: Throttle) -> None:
        self._app, self._token, self._hosts, self._origin = app, token, hosts, origin
        self._throttle = throttle
        self.secure = origin.startswith("https:")
        self.cookie = f"kdvert_gate_{urlsplit(origin).port or 443}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if refusal := self._refusal(scope, headers):
            await _plain(send, *refusal)
            return
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if given and scope["method"] == "GET":
            await self._enter(scope, given, send)
            return
        if not same(_cookies(headers).get(self.cookie, ""), self._token):
            await _plain(send, 401, "Open the address that `kdvert review` prints: it ends in ?token=…")
            return
        await self._app(scope, _limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        if headers.get("host", "").lower() not in self._hosts:
            return 421, "This server does not answer to that name."
        if scope["method"] not in ("GET", "POST", "HEAD"):
            return 405, "Not allowed."
        if scope["method"] == "POST":
            origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
            if (origin is not None and origin != self._origin) or site not in ("same-origin", "none"):
                return 403, "This request comes from another site."
            size = headers.get("content-length", "0")
            if not size.isdecimal() or len(size) > 9 or int(size) > LARGEST_BODY:
                return 413, "That is too much."
        return None

    async def _enter(self, scope: Scope, given: str, send: Send) -> None:
        """Take the token from the address into a cookie, so that it stands in no history and no referrer."""
        if self._throttle.begin("gate") > 0:
            await _plain(send, 429, "Too many tries. Wait a little.")
            return
        if not same(given, self._token):
            await _plain(send, 401, "That token is not the one of this server.")
            return
        self._throttle.succeeded("gate")
        flags = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")
        path = "/" + quote(scope["path"].lstrip("/\\"))
        target = [
            (b"location", path.encode("ascii")),
            (b"set-cookie", f"{self.cookie}={self._token}{flags}".encode()),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": [*target, *_HEADERS]})
        await send({"type": "http.response.body", "body": b""})


_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def _cookies(headers: dict[str, str]) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return {name: value for name, mark, value in pairs if mark}


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(h for h in _HEADERS if h[0] not in own)]}
        await send(message)

    return sending


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that is longer than it may be, whatever its header says."""
    size = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return receiving


async def _plain(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
