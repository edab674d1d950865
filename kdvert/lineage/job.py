"""What is to be forgotten, written down before anything is removed, so that a second call finishes what a kill left."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from kdvert.errors import UserError, WorkFailed
from kdvert.lineage.reading import Original
from kdvert.records import Record
from kdvert.store import write_json

FILE = Path("work/cache/ingest/forget.json")
"""Beside the numbers of files: it names raw paths until the job is done, and no stage reads it."""


class AdapterHit(Record):
    """An adapter that learned from what is forgotten. Counts are None where its records are not at hand."""

    path: str
    train: int | None
    validation: int | None
    documents: list[str]
    base: str | None
    data_sha256: str | None
    weights_sha256: str


class Job(Record):
    """One erasure.

    Attributes:
        id: random, 32 hexadecimal digits; it stands in the audit trail and in the marks on adapters.
        at: UTC time of its start, ISO 8601.
        originals: files and rows to remove from the sources.
        documents: ids of all documents that go.
        records: ids of the records that the teacher wrote with a passage of them in view.
        stages: output folders to remove; the next run makes them anew.
        dossiers: folders of dossiers that name it, relative to the project; `kdvert report` makes them anew.
        adapters: those to mark, or to delete.
        delete_adapters: whether they are deleted.
        items: ids in the erasable store of decisions.
        done: names of the steps that are finished.
    """

    id: str
    at: str
    originals: list[Original]
    documents: list[str]
    records: list[str]
    stages: list[str]
    dossiers: list[str]
    adapters: list[AdapterHit]
    delete_adapters: bool = False
    items: list[str] = Field(default_factory=list)
    done: list[str] = Field(default_factory=list)


def read(root: Path) -> Job | None:
    """Return the job that was begun and not finished, or None.

    Raises:
        WorkFailed: its file is damaged.
    """
    path = root / FILE
    if not path.is_file():
        return None
    try:
        return Job.model_validate_json(path.read_bytes())
    except ValidationError:
        raise WorkFailed(f"{path} is damaged.", hint="Delete it, and call `kdvert forget` as before.") from None


def write(root: Path, job: Job) -> None:
    """Write the job down, or how far it is."""
    write_json(root / FILE, job.model_dump())


def remove(root: Path) -> None:
    """Say that the job is done."""
    (root / FILE).unlink(missing_ok=True)


def must_be_done(root: Path) -> None:
    """Refuse to go on while a job waits to be finished: a run would read what is half removed.

    Raises:
        UserError: one waits.
    """
    if (root / FILE).is_file():
        raise UserError("A `kdvert forget` was interrupted here.", hint="Finish it first: kdvert forget")
