"""Lists that an entry of the trail is about and is too small to hold: the records of a bulk decision, of a sample.

One file a list, ``decisions/batches/<sha>.json``, named by its content. It holds ids and hashes, never text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from kdvert.decisions import ed25519, trail
from kdvert.errors import WorkFailed
from kdvert.store import write_text

FOLDER = "batches"


def folder_of(root: Path) -> Path:
    """Return the folder of the lists in the project ``root``."""
    return root / trail.FOLDER / FOLDER


def put(root: Path, rows: Mapping[str, str]) -> str:
    """Keep ``rows``, id of a record to the hash of its content, and return the hash of the list once it is written."""
    text = ed25519.canonical(dict(rows)).decode()
    sha = hashlib.sha256(text.encode()).hexdigest()
    write_text(folder_of(root) / f"{sha}.json", text)
    trail.sync_folder(folder_of(root))
    return sha


def get(root: Path, sha: str) -> dict[str, str]:
    """Return a list by its hash.

    Raises:
        WorkFailed: it is gone, or was altered.
    """
    path = folder_of(root) / f"{sha}.json"
    if not re.fullmatch(r"[0-9a-f]{64}", sha) or not path.is_file():
        raise WorkFailed(f"{path} is gone, and an entry of the trail rests on it.", hint="Restore it from a backup.")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha:
        raise WorkFailed(f"{path} was altered.", hint="Restore it from a backup.")
    rows: dict[str, str] = json.loads(raw)
    return rows
