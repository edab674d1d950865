"""Write an export into one file, and read a file that comes back."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from kdvert.errors import UserError, WorkFailed
from kdvert.project import FILE

OWN = ("decisions", "overrides", "private", "work", "sources", FILE, "signers.yaml")
"""What a project keeps; no export is written there."""
LARGEST = 1 << 30
"""Bytes of a file that is read."""


def write(root: Path, path: Path, text: str, *, force: bool) -> Path:
    """Write ``text`` to ``path`` and nowhere else, readable by its owner alone; return the path.

    Raises:
        UserError: the file is there and ``force`` is not set, is no plain file, or is one of the project's own.
        WorkFailed: it cannot be written.
    """
    must_be_free(root, path, force=force)
    fresh = not path.exists()
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if fresh else os.O_TRUNC) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)
            stream.write(text)
    except OSError as error:
        raise WorkFailed(f"{path} cannot be written ({error.strerror}).") from None
    return path


def must_be_free(root: Path, path: Path, *, force: bool) -> None:
    """Refuse a place that an export may not be written to; see `write`."""
    place, home = path.parent.resolve() / path.name, root.resolve()
    if place.is_relative_to(home) and place.relative_to(home).parts[:1] and place.relative_to(home).parts[0] in OWN:
        raise UserError(f"{path} is a place of the project's own.", hint="Name a file elsewhere.")
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent}.")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise UserError(f"{path} is no plain file.", hint="Name another one.")
    if not force:
        raise UserError(f"{path} is there already.", hint="--force overwrites it.")


def read(path: Path) -> tuple[Any, str]:
    """Return what a JSON file holds, and the SHA-256 of its bytes.

    Raises:
        UserError: it cannot be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than {LARGEST >> 30} GiB.", hint="Export fewer records at once.")
        raw = path.read_bytes()
        return json.loads(raw), hashlib.sha256(raw).hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not JSON.") from None
