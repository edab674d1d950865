"""The lock file: for each finished stage, what it was made from and what it made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kdvert.errors import WorkFailed
from kdvert.store import read_json, write_json

FILE = "lock.json"


class LockRow(BaseModel):
    """One finished stage.

    Attributes:
        parts: the fingerprint, part by part, so that a difference can be named.
        outputs: SHA-256 of every output file by relative path.
        summary: what the stage told the user.
        seconds: wall-clock time of the run that finished it.
        finished: UTC time, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid")

    parts: dict[str, Any]
    outputs: dict[str, str]
    summary: dict[str, Any]
    seconds: float
    finished: str


def read_lock(work: Path) -> dict[str, LockRow]:
    """Read the lock; rows that do not fit (an older kdvert, a damaged file) count as absent.

    Raises:
        WorkFailed: the file holds no mapping.
    """
    path = work / FILE
    if not path.is_file():
        return {}
    kept = read_json(path)
    if not isinstance(kept, dict):
        raise WorkFailed(f"{path} is not a lock file.", hint="Delete it and run again with --force.")
    rows: dict[str, LockRow] = {}
    for name, row in kept.items():
        try:
            rows[name] = LockRow.model_validate(row)
        except ValidationError:
            continue
    return rows


def write_row(work: Path, stage: str, row: LockRow) -> None:
    """Add or replace the row of ``stage``. Called last, when its output is in place."""
    rows = read_lock(work)
    rows[stage] = row
    write_json(work / FILE, {name: r.model_dump(mode="json") for name, r in rows.items()})


def drop_rows(work: Path, stages: Sequence[str]) -> None:
    """Remove the rows of ``stages``, so that they run anew."""
    rows = {name: r.model_dump(mode="json") for name, r in read_lock(work).items() if name not in stages}
    if (work / FILE).is_file():
        write_json(work / FILE, rows)
