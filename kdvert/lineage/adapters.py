"""Adapters in a project's folder: what each was trained on, and whether one of its sources was forgotten since.

``tainted.json`` lies beside ``adapter_model.safetensors``, so that the mark travels with the weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kdvert.errors import WorkFailed
from kdvert.lineage.rights import Rights
from kdvert.records import Record
from kdvert.store import read_json, sha256_file, write_json

CONFIG, WEIGHTS, FACTS = "adapter_config.json", "adapter_model.safetensors", "adapter.json"
MARK = "tainted.json"
CURRENT = "work/distill/"
"""Where the adapter of the last run lies, beside the records that it was made from."""
KEPT = Path("work/tainted")
"""Where adapters go whose stage is run anew: they stay as evidence, and nobody takes them for the current one."""


class Taint(Record):
    """``tainted.json``: what an adapter was trained on that has been forgotten since.

    Attributes:
        at: UTC time, ISO 8601.
        documents: ids of the forgotten documents that it learned from or was validated with.
        train: how many records of them it was trained on; None where its records are not at hand.
        validation: how many it was validated with, likewise.
        base: the student's base.
        data_sha256: hash of its training data.
        weights_sha256: hash of its weights, by which copies elsewhere are known.
        job: id of the erasure in the audit trail.
    """

    at: str
    documents: list[str]
    train: int | None
    validation: int | None
    base: str | None
    data_sha256: str | None
    weights_sha256: str
    job: str


class Adapter(Record):
    """An adapter. ``path`` is relative to the project; ``rights`` is None where nothing says what it was trained on."""

    path: str
    base: str | None
    data_sha256: str | None
    weights_sha256: str
    rights: Rights | None
    taint: Taint | None


class Tainted(Record):
    """An adapter that bears the mark."""

    path: str
    taint: Taint


def tainted(project: Path) -> list[Tainted]:
    """Return the adapters in the folder of ``project`` that were trained on what has been forgotten since."""
    return [Tainted(path=a.path, taint=a.taint) for a in find_adapters(project) if a.taint]


def find_adapters(root: Path) -> list[Adapter]:
    """Return every adapter below ``root``, sorted by path; unfinished ones and checkpoints are left out."""
    return [_read(root, folder) for folder in _folders(root)]


def mark(folder: Path, taint: Taint) -> None:
    """Write the mark beside the weights in ``folder``; what an earlier mark names is kept."""
    if old := _mark(folder):
        same = old.job == taint.job
        merged: dict[str, Any] = {
            "documents": sorted({*old.documents, *taint.documents}),
            "train": _sum(old.train, taint.train, same),
            "validation": _sum(old.validation, taint.validation, same),
        }
        taint = taint.model_copy(update=merged)
    write_json(folder / MARK, taint.model_dump())


def _sum(old: int | None, new: int | None, same: bool) -> int | None:
    return new if same else None if old is None or new is None else old + new


def _folders(root: Path) -> Iterator[Path]:
    skipped = {root / "work" / "cache"}
    for at, folders, files in os.walk(root):
        here = Path(at)
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not f.endswith(".partial") and here / f not in skipped
        )
        if CONFIG in files and WEIGHTS in files:
            yield here


def _read(root: Path, folder: Path) -> Adapter:
    facts = _facts(folder)
    weights = sha256_file(folder / WEIGHTS)
    return Adapter(
        path=folder.relative_to(root).as_posix(),
        base=facts.get("base"),
        data_sha256=facts.get("data_sha256"),
        weights_sha256=weights,
        rights=_rights(facts.get("lineage")),
        taint=_mark(folder),
    )


def _rights(lineage: Any) -> Rights | None:
    """Return what ``adapter.json`` says of the sources; None if it says nothing, or says it in another form."""
    try:
        return Rights.model_validate(lineage)
    except ValidationError:
        return None


def _facts(folder: Path) -> dict[str, Any]:
    """Return what ``adapter.json`` says, in the folder or beside it; empty without one."""
    for path in (folder / FACTS, folder.parent / FACTS):
        if path.is_file():
            facts: dict[str, Any] = read_json(path)
            return facts
    return {}


def _mark(folder: Path) -> Taint | None:
    path = folder / MARK
    if not path.is_file():
        return None
    try:
        return Taint.model_validate(read_json(path))
    except ValueError:
        raise WorkFailed(
            f"{path} is damaged: the adapter beside it was trained on a source that has been forgotten since.",
            hint="Delete the adapter's folder, or restore the file from a backup.",
        ) from None
