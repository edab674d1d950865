"""The bearer token of `kdvert serve`: from the environment, or a random one that the project keeps for its owner."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from kdvert.errors import UserError

VARIABLE = "KDVERT_SERVE_TOKEN"
FILE = Path("private") / "serve.token"
"""Below the project's ``work`` folder."""
SHORTEST = 16
_FORM = re.compile(r"[\x21-\x7e]+")  # what an HTTP header can hold


def serve_token(work: Path, *, fresh: bool = False) -> tuple[str, Path | None]:
    """Return the token, and the file it is kept in; None if it is the environment's, which is never written.

    Args:
        work: the project's ``work`` folder.
        fresh: make a new one in place of the one that is kept.

    Raises:
        UserError: the environment's token is too short, or no header could hold it.
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        if len(given) < SHORTEST or not _FORM.fullmatch(given):
            raise UserError(
                f"{VARIABLE} must be at least {SHORTEST} letters, digits or signs, without spaces.",
                hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        return given, None
    path = work / FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if fresh or not path.is_file() or not _kept(path):
        _write(path, secrets.token_urlsafe(32))
    path.chmod(0o600)
    return _kept(path), path


def _kept(path: Path) -> str:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    return text if len(text) >= SHORTEST and _FORM.fullmatch(text) else ""


def _write(path: Path, token: str) -> None:
    """Write a file that nobody else can read at any moment, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(token + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, path)
