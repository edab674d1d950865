"""``kdvert forget``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from kdvert.cli.output import command
from kdvert.cli.run import PROJECT, SET
from kdvert.errors import UserError
from kdvert.project import find, read

if TYPE_CHECKING:
    from kdvert.lineage.erasing import Erased
    from kdvert.lineage.job import Job
    from kdvert.lineage.marks import Marks
    from kdvert.lineage.planning import Plan
    from kdvert.pipeline.runner import Run


@click.command(epilog="WHAT is an id of a document, a path (path#row), a folder, a glob in quotes, a publisher.")
@click.argument("what", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.option(
    "--adapters", type=click.Choice(["keep", "delete"]), default="keep", show_default=True,
    help="Adapters that learned from it: mark them as tainted and keep them as evidence, or delete them.",
)  # fmt: skip
@PROJECT
@SET
@command
def forget(
    what: str | None,
    yes: bool,
    dry_run: bool,
    adapters: str,
    folder: Path,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Remove a DOCUMENT or SOURCE and all that was made of it, for good.

    Text, passages, vectors, replies, records, checkpoints and reports of it go; adapters are marked. The next run makes
    the rest anew. Needs a key to sign with (kdvert keys). Without WHAT it finishes what was interrupted.
    """
    from kdvert.pipeline import runner

    run = runner.prepare(read(find(folder)), overrides)
    if dry_run:
        return _forget(run, what, yes=yes, dry_run=True, delete=adapters == "delete", console=console)
    with runner.exclusive(run.project.work):
        return _forget(run, what, yes=yes, dry_run=dry_run, delete=adapters == "delete", console=console)


def _forget(run: Run, what: str | None, *, yes: bool, dry_run: bool, delete: bool, console: Console) -> dict[str, Any]:
    from kdvert.decisions.signing import Signer
    from kdvert.lineage import job as jobs
    from kdvert.lineage import marks as all_marks
    from kdvert.lineage.planning import plan
    from kdvert.lineage.reading import Lineage
    from kdvert.lineage.target import resolve
    from kdvert.pipeline import runner, table

    root = run.project.root
    signer = None if dry_run else Signer.from_environment(root)
    if signer:
        signer.require("operator", "counsel", to="forget a source")
    lineage = Lineage(root)
    if pending := jobs.read(root):
        marks = all_marks.of(lineage, pending.documents, pending.originals)
        console.print("Finishing what was interrupted; then call again for anything else.")
        return {"dry_run": True, "pending": True} if signer is None else _erase(run, pending, marks, signer, console)
    if what is None:
        raise UserError("Name what to forget.", hint="For example: kdvert forget doc-0001 --dry-run")
    target = resolve(lineage, what, runner.source_patterns(run))
    marks = all_marks.of(lineage, target.documents, target.originals)
    now = datetime.now(UTC)
    made = plan(lineage, target, marks, stages=table.NAMES, delete_adapters=delete, now=now)
    _announce(console, target.label, made)
    if signer is None:
        return {"dry_run": True, "forget": target.label} | _plain(made)
    _ask(yes)
    jobs.write(root, made.job)
    return {"forgot": target.label} | _plain(made) | _erase(run, made.job, marks, signer, console, made.notes)


def _ask(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("Nobody is there to be asked.", hint="Look at it with --dry-run, then say --yes.")
    if not click.confirm("This cannot be undone. Forget it?", err=True):
        raise UserError("Nothing was changed.")


def _erase(
    run: Run, job: Job, marks: Marks, signer: Any, console: Console, notes: list[str] | None = None
) -> dict[str, Any]:
    from kdvert.lineage.erasing import Eraser
    from kdvert.pipeline import lock, runner

    eraser = Eraser(
        root=run.project.root, job=job, marks=marks, signer=signer, now=datetime.now(UTC),
        drop_rows=partial(lock.drop_rows, run.project.work), encoding=runner.source_encodings(run), notes=notes or [],
    )  # fmt: skip
    done = eraser.run()
    _report(console, done)
    return done.model_dump(mode="json")


def _announce(console: Console, label: str, made: Plan) -> None:
    job = made.job
    console.print(f"forget: {label}", style="bold", markup=False)
    lines = {
        "sources": f"{made.files} files, {made.rows} rows of JSON lines",
        "documents": ", ".join(job.documents[:8]) + (" …" if len(job.documents) > 8 else ""),
        "records": ", ".join(f"{n} {state}" for state, n in made.records.items()),
        "stages made anew": ", ".join(job.stages),
        "dossiers": ", ".join(job.dossiers),
        "cached": ", ".join(f"{n} rows of {name}" for name, n in made.cached.items() if n),
        "adapters": ", ".join(
            f"{a.path} ({'deleted' if job.delete_adapters else 'marked as tainted'})" for a in job.adapters
        ),
        "decisions": f"{len(job.items)} comments and diffs" if job.items else "",
    }
    for name, text in lines.items():
        console.print(f"  {name}: {text or 'none'}", markup=False)
    for document, count in made.shared.items():
        console.print(f"  {document} holds {count} pieces of the same text: they stay there. To remove them too: "
                      f"kdvert forget {document}", markup=False)  # fmt: skip


def _report(console: Console, done: Erased) -> None:
    console.print(f"Forgotten; entry {done.entry_sha[:16]} of the audit trail.")
    if done.searched:
        console.print(f"{done.searched} files of the project were searched for its text, byte by byte.")
    else:
        console.print("No text of it was left to search for.")
    for path in done.still_in:
        console.print(f"still in {path}: kdvert did not write this file; see to it.", style="bold red", markup=False)
    for path in done.named_in:
        console.print(f"named in {path}: see whether that may stay.", style="yellow", markup=False)
    for path in done.kept:
        console.print(f"tainted adapter: {path}. Copies that were handed on learned from it too.", markup=False)
    for note in done.notes:
        console.print(note, style="yellow", markup=False)
    if done.stages:
        console.print("Next: kdvert run, which makes the rest anew.")


def _plain(made: Plan) -> dict[str, Any]:
    plain = made.model_dump(mode="json")
    job = plain.pop("job")
    return plain | {key: job[key] for key in ("documents", "stages", "dossiers", "adapters", "delete_adapters")} | {
        "record_ids": job["records"], "decisions": len(job["items"])
    }  # fmt: skip
