"""``kdvert review export`` and ``kdvert review import``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kdvert.cli import signing_in
from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.errors import UserError, WorkFailed
from kdvert.project import find, read

FORMS = ("csv", "json", "argilla", "label-studio", "label-studio-config")
BACK = ("argilla", "label-studio", "json")
STATUSES = ("todo", "open", "second", "accepted", "edited", "rejected", "escalated", "conflict")
_SHOWN = 20


@click.command("export")
@PROJECT
@click.option("--format", "form", type=click.Choice(FORMS), required=True, help="What to write.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The one file to write.")
@click.option(
    "--status", type=click.Choice(STATUSES), default=None,
    help="Records of this status alone; todo: those that wait for you, by your key or your name and passphrase.",
)  # fmt: skip
@click.option("--sample", is_flag=True, help="The drawn sample alone.")
@click.option("--comments", is_flag=True, help="With comments, personal data taken out (csv and json).")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@SET
@command
def export(
    folder: Path, form: str, out: Path, status: str | None, sample: bool, comments: bool, force: bool,
    overrides: tuple[str, ...], console: Console,
) -> dict[str, Any]:  # fmt: skip
    """Write the trail about records as a table (csv, json), or records for another tool to review.

    A table holds what was decided, and no text of a record. Tasks for Argilla or Label Studio hold scrubbed text, and
    nothing of what was decided. The file is readable by you alone.
    """
    from kdvert.review.exchange import files
    from kdvert.review.exchange.selection import Selection
    from kdvert.review.exchange.table import FORMATS

    if comments and not FORMATS[form].comments:
        raise UserError("--comments goes with csv and json.", hint="Tasks for other tools hold no earlier decisions.")
    root = find(folder)
    files.must_be_free(root, out, force=force)
    desk = _desk(root, overrides)
    who = desk.who(signing_in.signer(root)) if status == "todo" else ""
    text = FORMATS[form].write(desk, Selection(status or "", sample, comments, who))
    files.write(root, out, text, force=force)
    console.print(f"Wrote {out}: {FORMATS[form].about}.", markup=False)
    return {"file": str(out), "format": form, "bytes": len(text.encode())}


@click.command("import")
@PROJECT
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(BACK), required=True, help="What the file is.")
@click.option("--annotator", metavar="USER", help="Whose decisions to take, where the file holds those of several.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@SET
@command
def import_(
    folder: Path, file: Path, form: str, annotator: str | None, dry_run: bool, overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:  # fmt: skip
    """Take decisions of one person from another tool into the trail.

    That person signs it, with the key in KDVERT_SIGNING_KEY or else by name and passphrase, and attests to have decided
    so. Every decision is checked as on the page, all before the first is written. Ends with 1 if one was refused.
    """
    from kdvert.review.exchange import files, importing
    from kdvert.review.exchange.responses import of_annotator
    from kdvert.review.exchange.table import FORMATS

    root = find(folder)
    raw, sha = files.read(file)
    reader = FORMATS[form].read
    assert reader
    responses = of_annotator(reader(raw), annotator)
    signer = signing_in.signer(root)
    if FORMATS[form].own_names and any(r.annotator != signer.name for r in responses):
        raise UserError(
            f"The decisions are those of {responses[0].annotator}, and the key is that of {signer.name}.",
            hint="Everybody signs their own decisions.",
        )
    desk = _desk(root, overrides)
    found = importing.take_in(desk, signer, responses, file=sha, dry_run=dry_run)
    counts = dict(Counter(row.outcome for row in found))
    report = {"file": str(file), "sha256": sha, "signer": signer.name, "dry_run": dry_run, "counts": counts}
    report["rows"] = [asdict(row) for row in found]
    _say(console, found, signer.name, dry_run)
    if refused := [row for row in found if row.outcome == "refused"]:
        raise WorkFailed(
            f"{len(refused)} of {len(found)} decisions were refused.", hint="Each row above says why.", details=report
        )
    return report


def _desk(root: Path, overrides: tuple[str, ...]) -> Any:
    from kdvert.pipeline import runner
    from kdvert.progress import Silent
    from kdvert.review.desk import Desk

    return Desk.open(runner.prepare(read(root), overrides), Silent())


def _say(console: Console, found: list[Any], name: str, dry_run: bool) -> None:
    counts = Counter(row.outcome for row in found)
    done = f"{counts['ready']} can be imported" if dry_run else f"{counts['imported']} imported"
    console.print(f"{done} as decisions of {name}, {counts['there already']} there already.", markup=False)
    refused = [row for row in found if row.outcome == "refused"]
    for row in refused[:_SHOWN]:
        console.print(f"  row {row.row}, record {row.record[:80] or '(no id)'}: {row.reason}", markup=False)
    if len(refused) > _SHOWN:
        console.print(f"  … and {len(refused) - _SHOWN} more; --json lists them all.")
