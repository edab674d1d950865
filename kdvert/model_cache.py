"""Where models lie on this machine: what was fetched, what was converted, and which hash each reference had."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kdvert.errors import UserError, WorkFailed
from kdvert.records import sha256_text
from kdvert.store import read_json, write_json


def cache_dir() -> Path:
    """Return the folder that keeps fetched and converted models (``KDVERT_CACHE`` moves it)."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("KDVERT_CACHE") or user_cache_path("kdvert")).expanduser().absolute()


def slot(name: str) -> Path:
    """Return the folder of what was fetched by a reference."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[:60]
    return cache_dir() / "fetched" / f"{readable}-{sha256_text(name)[:12]}"


def recorded(name: str) -> str | None:
    """Return the SHA-256 that a reference had when it was first used; None before that."""
    path = slot(name) / "source.json"
    return read_json(path)["sha256"] if path.is_file() else None


def record(name: str, sha256: str) -> None:
    """Keep the SHA-256 of a reference, if none is kept yet."""
    path = slot(name) / "source.json"
    if not path.is_file():
        write_json(path, {"ref": name, "sha256": sha256})


def conversion(sha256: str) -> Path:
    """Return the folder of the converted GGUF file with this SHA-256."""
    return cache_dir() / "converted" / sha256


def is_complete(folder: Path) -> bool:
    """Tell whether a conversion is there, each file with its length."""
    manifest = folder / "source.json"
    if not manifest.is_file():
        return False
    sizes: dict[str, int] = read_json(manifest)["files"]
    return all((folder / n).is_file() and (folder / n).stat().st_size == size for n, size in sizes.items())


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time fetch or convert ``name``; the others wait and find it done.

    Raises:
        UserError: the cache cannot be written to.
    """
    from filelock import FileLock

    folder = cache_dir() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{sha256_text(name)[:24]}.lock").acquire()
    except PermissionError as error:
        hint = "Set KDVERT_CACHE to a folder of yours."
        raise UserError(f"{cache_dir()} cannot be written to.", hint=hint) from error
    with lock:
        yield


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``target``, on the same disk, so that a rename can finish the work."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        yield Path(folder)


@contextmanager
def watched(name: str) -> Iterator[None]:
    """Name a full disk as what it is.

    Raises:
        WorkFailed: it is full.
    """
    try:
        yield
    except Exception as error:
        # safetensors reports a full disk as an error of its own, which is no OSError
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left on device" in str(error):
            raise disk_full(name) from error
        raise


def disk_full(name: str) -> WorkFailed:
    """Return the error of a full disk."""
    place = cache_dir()
    there = next(p for p in (place, *place.parents) if p.exists())
    free = shutil.disk_usage(there).free / 1e9
    return WorkFailed(
        f"The disk is full: '{name}' does not fit into {place} ({free:.1f} GB free).",
        hint="Free some space, or set KDVERT_CACHE to a folder on another disk, and run again.",
    )
