"""What a run rested on: the facts of the license check, hashed row by row, beside the lock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import ValidationError

from kdvert.errors import WorkFailed
from kdvert.licensing.snapshot import facts_snapshot
from kdvert.records import Record
from kdvert.store import read_json, write_json

FILE = "facts.json"


class KeptFacts(Record):
    """The facts a stage was let through on, on the day of that. ``rows`` is `facts_snapshot`."""

    day: date
    rows: dict[str, str]


def keep(work: Path, stage: str, today: date) -> None:
    """Keep the facts as they are, for ``stage``. Called when its gate has opened."""
    kept = {**_plain(work), stage: KeptFacts(day=today, rows=facts_snapshot()).model_dump(mode="json")}
    write_json(work / FILE, kept)


def read(work: Path) -> dict[str, KeptFacts]:
    """Return the kept facts by stage.

    Raises:
        WorkFailed: the file is damaged.
    """
    try:
        return {stage: KeptFacts.model_validate(row) for stage, row in _plain(work).items()}
    except (ValidationError, AttributeError):
        raise WorkFailed(f"{work / FILE} is damaged.", hint="Run the stages again with --force.") from None


def _plain(work: Path) -> dict[str, object]:
    path = work / FILE
    plain: dict[str, object] = read_json(path) if path.is_file() else {}
    return plain
