"""Export a student: beside the place it goes to, and then into it, so that nobody finds half an export."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from kdvert import __version__
from kdvert.errors import UserError, WorkFailed
from kdvert.exporting import papers, table
from kdvert.exporting.contract import Job, Made
from kdvert.records import Record
from kdvert.store import sha256_file, write_json

FILE = "export.json"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SPARE = 32 * 2**20  # bytes for card, licenses and tokenizer


class File(Record):
    """A file of an export; ``size`` is in bytes."""

    file: str
    sha256: str
    size: int


class Export(Record):
    """``export.json``: what was handed on, what it was made from, and what was checked.

    Attributes:
        target: the form.
        name: what the student must be called.
        displays: lines that must be shown wherever it is offered.
        verdict: of the license check, for the use and on the day that stand beside it.
        sources: document ids, licenses and terms that the records rest on, as in ``adapter.json``.
        facts: what the target adds, such as how the export agrees with the student that was evaluated.
    """

    schema_version: int = 1
    kdvert: str
    target: str
    name: str
    displays: list[str]
    base: str
    base_sha256: str
    precision: str
    adapter_sha256: str
    data_sha256: str
    verdict: str
    use: dict[str, Any]
    as_of: date
    sources: dict[str, Any]
    facts: dict[str, Any]
    warnings: list[str]
    files: list[File]


def export(job: Job, target: str, out: Path, *, force: bool = False) -> Export:
    """Write the student into ``out``.

    Args:
        job: the student and all that is known of it.
        target: a name of `kdvert.exporting.table.TARGETS`.
        out: the folder.
        force: replace an older export there.

    Raises:
        UserError: there is no such target, or ``out`` is not free.
        WorkFailed: the disk is too full, or the export does not answer like the student that was evaluated.
    """
    module = table.module_of(target)
    _require_free(out, force=force)
    module.check(job)
    _require_space(out, module.size(job) + _SPARE)
    beside = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _disk(out):
            beside.mkdir(parents=True)
            made = module.write(job, beside)
            papers.write(job, beside, made)
            written = _manifest(job, target, beside, made)
            write_json(beside / FILE, written.model_dump(mode="json"))
            _swap(beside, out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return written


def _manifest(job: Job, target: str, folder: Path, made: Made) -> Export:
    facts, report = job.trained.facts, job.lineage.licensing
    return Export(
        kdvert=__version__,
        target=target,
        name=job.name,
        displays=job.displays,
        base=job.trained.weights.ref,
        base_sha256=job.trained.weights.sha256,
        precision=str(facts.get("precision", "")),
        adapter_sha256=job.trained.adapter_sha256,
        data_sha256=str(facts.get("data_sha256", "")),
        verdict=report.verdict,
        use=report.use.model_dump(mode="json"),
        as_of=job.lineage.as_of,
        sources=dict(facts.get("lineage", {})),
        facts=made.facts,
        warnings=list(made.warnings),
        files=[_file(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()],
    )


def _file(folder: Path, path: Path) -> File:
    name = path.relative_to(folder).as_posix()
    return File(file=name, sha256=sha256_file(path), size=path.stat().st_size)


def _require_free(out: Path, *, force: bool) -> None:
    if out.is_file():
        raise UserError(f"{out} is a file.", hint="Name a folder: --out FOLDER")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / FILE).is_file():
        raise UserError(f"{out} holds something that is no export.", hint="Name an empty folder: --out FOLDER")
    if not force:
        raise UserError(
            f"{out} holds an export already.", hint="Replace it with --force, or name another: --out FOLDER"
        )


def _require_space(out: Path, needed: int) -> None:
    there = next(folder for folder in (out, *out.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise _full(out, f"it takes {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free")


def _full(out: Path, why: str) -> WorkFailed:
    return WorkFailed(
        f"The disk is too full to export to {out}: {why}. Nothing was written.",
        hint="Free some space, or name a folder on another disk: --out FOLDER",
    )


@contextmanager
def _disk(out: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # safetensors reports a full disk as an error of its own, which is no OSError
        full = isinstance(error, OSError) and error.errno in _FULL
        if full or any(os.strerror(number) in str(error) for number in _FULL):
            raise _full(out, "its files do not fit") from error
        if isinstance(error, PermissionError):
            raise UserError(
                f"{out} cannot be written to ({error.strerror}).", hint="Name another: --out FOLDER"
            ) from None
        raise


def _swap(new: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        os.replace(out, old)
    os.replace(new, out)
    shutil.rmtree(old, ignore_errors=True)
