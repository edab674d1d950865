"""``kdvert scrub``."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert.cli.measuring import measured
from kdvert.cli.output import RichProgress, command
from kdvert.errors import Interrupted, UserError, WorkFailed
from kdvert.filescrub.job import Job, Tally
from kdvert.filescrub.reading import STDIN, Selection
from kdvert.filescrub.rulebook import Rulebook, rulebook
from kdvert.filescrub.writing import FINDINGS, FolderSink, StreamSink

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, type=PATH)
@click.option("--vertical", metavar="ID", help="Whose rules hold (default: the strictest of all).")
@click.option("--out", type=PATH, help="An empty folder for scrubbed files, findings and summary.")
@click.option("--field", "fields", multiple=True, metavar="KEY", help="Scrub only this key of JSON-lines rows.")
@click.option("--keep", multiple=True, metavar="KEY", help="Leave the values of this key as they are.")
@click.option("--measure", "gold", type=PATH, metavar="GOLD", help="Measure on marked texts (JSON lines) instead.")
@click.option("--mapping", type=PATH, help="With --measure: YAML, gold label to kdvert's type, or ignore.")
@click.option("--plot", type=PATH, help="With --measure: draw recall and precision per type into this file.")
@click.option(
    "--restore", "sealed", type=PATH, metavar="DIR", help="Put raw values back into DIR's files, by its sealed map."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting of the scrub stage.")
@command
def scrub(
    paths: tuple[Path, ...],
    vertical: str | None,
    out: Path | None,
    fields: tuple[str, ...],
    keep: tuple[str, ...],
    gold: Path | None,
    mapping: Path | None,
    plot: Path | None,
    sealed: Path | None,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Take personal data out of files, folders or standard input ("-"), without a project.

    Every string of a JSON-lines row is scrubbed, at any depth; numbers are left alone. With --out the findings are
    written too: place, type, score and action, never the value. Without it one text goes to standard output.

    With --measure the texts of GOLD ({"id", "text", "spans": [{"start", "end", "label"}]}) are read, and recall and
    precision are printed with 95 % intervals; a type below its floor in the vertical's privacy.yaml ends with 3.

    With --set sealed_map=true the raw values are kept, encrypted with the key in KDVERT_SEAL_KEY; --restore DIR puts
    them back with that key.
    """
    if sealed:
        with _all_or_nothing():
            return _restore(paths, sealed, out, console)
    if gold:
        if paths or out:
            raise UserError("--measure reads the gold file only.", hint="Leave out the paths and --out.")
        return measured(gold, vertical, _settings(overrides), mapping=mapping, plot=plot, console=console)
    if mapping or plot:
        raise UserError("--mapping and --plot belong to --measure.")
    paths = paths or _standard_input()
    _check(paths, out, as_json=console.stderr)
    settings, rules, selection = _settings(overrides), rulebook(vertical), Selection(fields, keep)
    shown = console if out else Console(stderr=True, highlight=False)
    with _all_or_nothing(), _sink(out, settings) as sink:
        tally = Job(paths, rules, settings, selection, sink, settings.workers, RichProgress(shown)).run()
        result = _plain(tally, rules, settings, selection)
        sink.summary(result)
    shown.print(_table(tally))
    if out:
        shown.print(f"{tally.items} texts of {len(tally.targets)} files in {out}; findings in {FINDINGS}", markup=False)
    return result


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Let Ctrl-C and a request to terminate end the block in order, and say in words why it could not be done.

    Raises:
        Interrupted: it was interrupted.
        WorkFailed: the disk is full, or the reader of standard output has gone.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("Interrupted.", hint="Nothing was kept; the same command starts anew.") from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left when it ends
        raise WorkFailed("Whoever read the output has stopped reading.") from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "Free some space, or name another folder." if full else None
        raise WorkFailed(f"The output cannot be written ({error.strerror}). Nothing was kept.", hint=hint) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _sink(out: Path | None, settings: Any) -> Any:
    from kdvert.privacy import keys

    if out is None:
        if settings.sealed_map:
            raise UserError("A sealed map needs a folder.", hint="Name an empty one with --out.")
        return nullcontext(StreamSink(sys.stdout))
    return FolderSink(out, keys.seal_key() if settings.sealed_map else b"")


def _restore(paths: tuple[Path, ...], sealed: Path, out: Path | None, console: Console) -> dict[str, Any]:
    from kdvert.filescrub.restoring import restore

    if paths or out is None:
        raise UserError("--restore takes the scrubbed folder and --out.", hint="kdvert scrub --restore clean --out raw")
    done = restore(sealed, out)
    console.print(f"{done.restored} values put back into {done.files} files in {out}; {done.left} left", markup=False)
    return {**vars(done), "out": str(out)}


def _standard_input() -> tuple[Path, ...]:
    if sys.stdin.isatty():
        raise UserError("Nothing to scrub.", hint="Name files or folders, or '-' for standard input.")
    return (STDIN,)


def _check(paths: tuple[Path, ...], out: Path | None, *, as_json: bool) -> None:
    single = len(paths) == 1 and not paths[0].is_dir()
    if out is None and (as_json or not single):
        raise UserError("There is nowhere to write to.", hint="Name an empty folder with --out.")
    for path in paths:
        if out is not None and path.is_dir() and out.resolve().is_relative_to(path.resolve()):
            raise UserError(f"{out} lies inside {path}, which is to be read.", hint="Name a folder elsewhere.")


def _settings(overrides: tuple[str, ...]) -> Any:
    from kdvert.configuration import validate
    from kdvert.project import merge, parse_set
    from kdvert.stages.scrub import Config

    values: dict[str, Any] = {}
    for override in overrides:
        values = merge(values, parse_set(override))
    if "corpus_pass" in values:
        raise UserError("kdvert scrub reads each text once; a corpus pass needs a project.", hint="See kdvert new.")
    return validate(Config, values, where="--set")


def _table(tally: Tally) -> Table:
    table = Table(title=f"{tally.items} texts, {tally.characters:,} characters")
    for column, justify in (("type", "left"), ("action", "left"), ("found", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for (entity, action), count in sorted(tally.found.items(), key=lambda row: (-row[1], row[0])):
        table.add_row(entity, action, f"{count:,}")
    table.add_section()
    table.add_row("all", "", f"{tally.found.total():,}")
    return table


def _plain(tally: Tally, rules: Rulebook, settings: Any, selection: Selection) -> dict[str, Any]:
    from kdvert.privacy.scrubber import Scrubber

    entities: dict[str, int] = {}
    for (entity, _), count in sorted(tally.found.items()):
        entities[entity] = entities.get(entity, 0) + count
    return {
        "files": len(tally.targets),
        "texts": tally.items,
        "characters": tally.characters,
        "findings": tally.found.total(),
        "entities": entities,
        "renamed_files": tally.renamed,
        "regimes": list(rules.privacy.regimes),
        "policy_sha": Scrubber.for_vertical(rules, settings).policy_sha,
        "targets": [target.as_posix() for target in tally.targets],
        "selection": {"fields": list(selection.fields), "keep": list(selection.keep)},
    }
