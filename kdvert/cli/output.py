"""What every command shares: ``--json``, clear errors with their exit codes, progress bars, the log file."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kdvert.errors import Interrupted, KdvertError
from kdvert.progress import Bar

F = TypeVar("F", bound=Callable[..., Any])


def command(function: F) -> F:
    """Give a command ``--json`` and the project's way of failing.

    The wrapped function returns plain data; with ``--json`` that is printed as one object, otherwise the function has
    printed what a person reads. Errors go to stderr, with ``--json`` to stdout as ``{"error", "hint", "exit_code"}``.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
    @functools.wraps(function)
    def wrapper(*args: Any, as_json: bool, **kwargs: Any) -> None:
        console = Console(stderr=as_json, highlight=False, soft_wrap=True, emoji=False)
        try:
            result = function(*args, console=console, **kwargs)
        except KeyboardInterrupt:
            fail(
                Interrupted("Interrupted.", hint="Finished work is kept; the same command goes on from here."), as_json
            )
        except KdvertError as error:
            fail(error, as_json)
        else:
            if as_json:
                click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))

    return wrapper  # type: ignore[return-value]


def fail(error: KdvertError, as_json: bool) -> None:
    """Print ``error`` and exit with its code."""
    if as_json:
        body = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
        body |= {} if error.details is None else {"details": error.details}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(
            f"error: {error}", style="bold red", markup=False
        )
    sys.exit(error.exit_code)


class RichProgress:
    """Bars with counts and time left; where nobody watches, a line when a step ends."""

    def __init__(self, console: Console, log: logging.Logger | None = None) -> None:
        self.console = console
        self.log = log

    @contextmanager
    def bar(self, label: str, total: int | None) -> Iterator[Bar]:
        """Open a step. See `kdvert.progress.Progress`."""
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=False) as progress:
            task = progress.add_task(label, total=total)
            yield _RichBar(progress, task)
        if self.log:
            self.log.info("%s: %s of %s", label, int(progress.tasks[0].completed), total)


class _RichBar:
    def __init__(self, progress: Progress, task: Any) -> None:
        self.progress, self.task = progress, task

    def advance(self, count: int = 1) -> None:
        """Count ``count`` more units."""
        self.progress.advance(self.task, count)


@contextmanager
def log_file(folder: Path, name: str) -> Iterator[tuple[logging.Logger, Path]]:
    """Send kdvert's log and Python warnings to a new file below ``folder``.

    Yields:
        the logger and the file's path. An exception that is no `KdvertError` is written there with its traceback.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    path = folder / f"{stamp}-{name}.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("kdvert")
    logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    targets = [logger, logging.getLogger("py.warnings")]
    for target in targets:
        target.addHandler(handler)
        target.propagate = False
    try:
        yield logger, path
    except KdvertError as error:
        logger.error("%s", error)
        raise
    except KeyboardInterrupt:
        logger.warning("interrupted")
        raise
    except Exception as error:
        logger.exception("unexpected error")
        raise KdvertError(
            f"{type(error).__name__}: this is a bug in kdvert or in a package it uses.",
            hint=f"The details are in {path}.",
        ) from error
    finally:
        for target in targets:
            target.removeHandler(handler)
        handler.close()
