"""Run the stages that must run, in order, so that a kill at any moment loses nothing that was finished."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kdvert import verticals
from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge.listing import list_files
from kdvert.lineage.job import must_be_done
from kdvert.pipeline import gates, kept_facts
from kdvert.pipeline.fingerprint import content_names, fingerprint, output_hashes, why
from kdvert.pipeline.lock import LockRow, read_lock, write_row
from kdvert.pipeline.resolve import Resolved, resolve
from kdvert.pipeline.table import STAGES, Row, between
from kdvert.pipeline.table import row as find_row
from kdvert.progress import Progress, Silent
from kdvert.project import Project
from kdvert.records import sha256_json
from kdvert.stages.contract import StageContext
from kdvert.store import write_json, write_text
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical


@dataclass(frozen=True)
class Step:
    """What happens, or happened, with one stage. ``reason`` is None when it is up to date."""

    stage: str
    reason: str | None
    summary: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """A project made ready to run: its vertical, its settings, its folders.

    ``today`` is the day on which facts about licenses are judged.
    """

    project: Project
    vertical: Vertical
    resolved: Resolved
    progress: Progress = field(default_factory=Silent)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("kdvert"))
    today: date = field(default_factory=date.today)

    def context(self, row: Row) -> StageContext:
        """Return what the stage gets to see."""
        work = self.project.work
        own = self.project.templates
        return StageContext(
            project=self.project.root,
            name=self.resolved.head.name or self.project.root.name,
            vertical=self.vertical,
            templates=TemplateSet(own if own.is_dir() else None, self.vertical.templates),
            out=work / f"{row.name}.partial",
            inputs={name: work / name for name in row.needs},
            cache=work / "cache" / row.name,
            resolved=self.resolved.plain(),
            progress=self.progress,
            log=self.log,
            today=self.today,
        )


def prepare(project: Project, overrides: Sequence[str] = (), **options: Any) -> Run:
    """Find the vertical and resolve the settings of ``project``.

    Raises:
        UserError: the vertical is not installed, or a setting is wrong.
    """
    vertical = verticals.load(project.vertical)
    return Run(project, vertical, resolve(project, vertical, overrides), **options)


def source_patterns(run: Run) -> list[str]:
    """Return the globs of ``ingest.sources``."""
    return [rule.path for rule in run.resolved.stages["ingest"].sources]  # type: ignore[attr-defined]


def source_encodings(run: Run) -> Callable[[str], str | None]:
    """Return a function that gives the encoding which ``ingest.sources`` states for a file."""
    rules = run.resolved.stages["ingest"].sources  # type: ignore[attr-defined]
    places = {file.uri: file.rule for file in list_files(run.project.root, source_patterns(run))}
    return lambda uri: None if (number := places.get(uri)) is None else rules[number].encoding


def plan(run: Run, *, first: str | None = None, last: str | None = None, force: bool = False) -> list[Step]:
    """Say for each stage whether and why it would run. Nothing is written."""
    lock = read_lock(run.project.work)
    steps: list[Step] = []
    pending: set[str] = set()
    for row in between(first, last):
        upstream = [name for name in row.needs if name in pending]
        if upstream and not force and row.name in lock:
            reason: str | None = f"{upstream[0]} runs before it and may change its input"
        else:
            ctx, config = run.context(row), run.resolved.stages[row.name]
            parts = fingerprint(row, ctx, config, lock)
            names = partial(content_names, row, ctx, config)
            reason = why(row, parts, lock, run.project.work / row.name, force=force, names=names)
        if reason:
            pending.add(row.name)
        steps.append(Step(row.name, reason))
    return steps


def execute(
    run: Run,
    *,
    first: str | None = None,
    last: str | None = None,
    force: bool = False,
    on_step: Callable[[Step, bool], None] = lambda step, done: None,
) -> list[Step]:
    """Run what must run.

    Args:
        on_step: called with each step before (``done`` False) and after it (``done`` True).

    Raises:
        UserError: another run of this project is under way, or ``first`` needs a stage that has not run.
        GateBlocked: a compliance gate is shut.
        WorkFailed: a stage could not do its work.
    """
    rows = between(first, last)
    require_earlier(run, first)
    with exclusive(run.project.work):
        must_be_done(run.project.root)
        write_json(run.project.work / "config.json", run.resolved.plain())
        return [_step(run, row, force, on_step) for row in rows]


def assist(run: Run, stage: str) -> None:
    """Compute with another process that runs ``stage`` of the same project; what this one writes is thrown away.

    Gates, lock and files are the other's.
    """
    row = find_row(stage)
    with TemporaryDirectory(prefix="kdvert-") as folder, clear_system_errors(stage):
        row.module.run(replace(run.context(row), out=Path(folder)), run.resolved.stages[stage])


def _step(run: Run, row: Row, force: bool, on_step: Callable[[Step, bool], None]) -> Step:
    work = run.project.work
    lock = read_lock(work)
    ctx = run.context(row)
    config = run.resolved.stages[row.name]
    parts = fingerprint(row, ctx, config, lock)
    names = partial(content_names, row, ctx, config)
    reason = why(row, parts, lock, work / row.name, force=force, names=names)
    if reason is None:
        step = Step(row.name, None, lock[row.name].summary, lock[row.name].seconds)
        on_step(step, True)
        return step
    on_step(Step(row.name, reason), False)
    for name in row.gates:
        gates.pass_through(name, run.project, run.resolved, work, run.today)
    if row.gates:
        kept_facts.keep(work, row.name, run.today)
    started = time.monotonic()
    _open_partial(ctx.out, parts, wipe=force)
    run.log.info("stage %s: %s", row.name, reason)
    with clear_system_errors(row.name):
        summary = row.module.run(ctx, config)
        seconds = time.monotonic() - started
        _settle(work, row, parts, summary, seconds)
    run.log.info("stage %s: done in %.1f s: %s", row.name, seconds, summary)
    step = Step(row.name, reason, summary, seconds)
    on_step(step, True)
    return step


def _open_partial(out: Path, parts: dict[str, Any], *, wipe: bool) -> None:
    """Keep what a killed run of the very same stage left; throw away what another configuration left."""
    marker = out.with_name(f"{out.name}.key")
    key = sha256_json(parts)
    if wipe or not marker.is_file() or marker.read_text(encoding="utf-8") != key:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    write_text(marker, key)
    # The cache holds finished work that stays valid under its own keys, so it is never wiped here.
    (out.parent / "cache" / out.name.removesuffix(".partial")).mkdir(parents=True, exist_ok=True)


def _settle(work: Path, row: Row, parts: dict[str, Any], summary: dict[str, Any], seconds: float) -> None:
    partial, final = work / f"{row.name}.partial", work / row.name
    hashes = output_hashes(row, partial)
    if final.exists():
        shutil.rmtree(final)
    os.replace(partial, final)
    (work / f"{row.name}.partial.key").unlink(missing_ok=True)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    lock_row = LockRow(parts=parts, outputs=hashes, summary=summary, seconds=round(seconds, 2), finished=finished)
    write_row(work, row.name, lock_row)


def require_earlier(run: Run, first: str | None) -> None:
    """Refuse to start at ``first`` if a stage before it has not run.

    Raises:
        UserError: naming it.
    """
    if first is None:
        return
    lock = read_lock(run.project.work)
    for row in STAGES:
        if row.name == first:
            return
        if row.name not in lock or not (run.project.work / row.name).is_dir():
            raise UserError(
                f"{first} cannot be the first stage: {row.name} has not been run.", hint=f"kdvert run --from {row.name}"
            )


@contextmanager
def exclusive(work: Path) -> Iterator[None]:
    """Hold the project for one run at a time; the hold ends with the process, however it ends.

    Raises:
        UserError: somebody else holds it.
    """
    from filelock import FileLock, Timeout

    work.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(work / ".run.lock", timeout=0):
            yield
    except Timeout:
        raise UserError(
            f"Another kdvert run is at work in {work.parent}.", hint="Wait for it, or stop it and run again."
        ) from None


@contextmanager
def clear_system_errors(stage: str) -> Iterator[None]:
    """Say plainly that the disk is full, where it is."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise WorkFailed(
                f"The disk is full (stage {stage}, {error.filename or 'writing its output'}).",
                hint="Free some space and run again: finished work is kept.",
            ) from error
        raise
