"""Runs the application on a socket of this machine."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import TYPE_CHECKING

from kdvert.errors import UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

LOCAL = "127.0.0.1"
_GRACE = 5  # seconds that answers under way get when the server is told to stop


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        UserError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise UserError(f"{host}:{port} cannot be listened on ({error.strerror}).", hint=_way_out(error)) from None
    return sock


def address(sock: socket.socket) -> str:
    """Return the URL of the API on a socket."""
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def is_local(host: str) -> bool:
    """Return whether only programs of this machine reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(app: FastAPI, sock: socket.socket) -> None:
    """Serve until somebody asks to stop (Ctrl-C, SIGTERM)."""
    import uvicorn

    # no access log: it would hold who asked when
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        lifespan="off",
    )
    try:
        uvicorn.Server(config).run(sockets=[sock])
    except KeyboardInterrupt:
        pass  # this is how it is ended
    finally:
        sock.close()


def _way_out(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Another program listens there: name another port, or 0 for a free one (--port 0)."
    if error.errno == errno.EACCES:
        return "Ports below 1024 need more rights: name another (--port 8008)."
    return f"Name an address of this machine, such as {LOCAL}."
