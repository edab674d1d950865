"""Runs the page on this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any
from urllib.parse import urlsplit

from kdvert.errors import UserError
from kdvert.pipeline.runner import Run
from kdvert.progress import Silent
from kdvert.review.accounts import Accounts
from kdvert.review.app import Site, build
from kdvert.review.desk import Desk
from kdvert.review.guard import App, Guard
from kdvert.serving import server

VARIABLE = "KDVERT_REVIEW_TOKEN"
"""Environment variable of a fixed token, for a server that starts again; without it each start makes one."""


@dataclass(frozen=True)
class Opened:
    """A server that is ready to run. ``url`` holds the token."""

    project: str
    url: str
    app: App
    site: Site
    sock: socket

    def run(self) -> None:
        """Answer until somebody asks to stop."""
        server.run(self.app, self.sock)  # type: ignore[arg-type]


@contextmanager
def open_server(run: Run, port: int, behind: str | None = None) -> Iterator[Opened]:
    """Make everything ready to serve a project's review.

    Args:
        port: on 127.0.0.1; 0 takes a free one.
        behind: the https address of a proxy; forms and names of hosts are held against it.

    Raises:
        UserError: the port is taken, the address is no https address, or the token is too short.
        WorkFailed: there is nothing to review yet.
    """
    token = _token()
    outside = _outside(behind) if behind else None
    desk = Desk.open(run, Silent())
    sock = server.listen(server.LOCAL, port)
    try:
        bound = sock.getsockname()[1]
        origin = outside or f"http://{server.LOCAL}:{bound}"
        hosts = {urlsplit(origin).netloc.lower(), f"localhost:{bound}", f"{server.LOCAL}:{bound}"}
        site = Site(desk, Accounts(run.project.root), f"kdvert_review_{bound}", secure=origin.startswith("https:"))
        guard = Guard(build(site), token=token, hosts=frozenset(hosts), origin=origin, throttle=site.throttle)
        name: Any = run.resolved.head.name or run.project.root.name
        yield Opened(name, f"{origin}/?token={token}", guard, site, sock)
    finally:
        sock.close()
        desk.queue.close()


def _token() -> str:
    given = os.environ.get(VARIABLE, "")
    if given and (len(given) < 16 or not given.isascii() or not given.isprintable() or " " in given or ";" in given):
        raise UserError(f"{VARIABLE} must be at least 16 letters, digits or signs, without spaces.")
    return given or secrets.token_urlsafe(32)


def _outside(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.netloc or parts.path not in ("", "/") or "@" in parts.netloc:
        raise UserError(
            f"--behind must be an https address without a path, as https://review.example.org, and is '{address}'."
        )
    return f"https://{parts.netloc.lower()}"
