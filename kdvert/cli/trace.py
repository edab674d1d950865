"""``kdvert trace``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from kdvert.cli.output import command
from kdvert.cli.run import PROJECT, SET
from kdvert.errors import UserError
from kdvert.project import find, read

if TYPE_CHECKING:
    from kdvert.lineage.tracing import DocumentTrace, RecordTrace, Trace

_MOST = 20  # rows of a table; --json has them all


@click.command(epilog="WHAT is an id or its beginning, a path (path#row), a folder, a glob in quotes, a publisher.")
@click.argument("what", required=False)
@click.option("--license", "license_", metavar="ID", help="All that stands under this license or these terms.")
@click.option("--teacher", metavar="NAME", help="All that this teacher wrote; a part of its name will do.")
@PROJECT
@SET
@command
def trace(
    what: str | None,
    license_: str | None,
    teacher: str | None,
    folder: Path,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Show where a record comes from, or what was made of a document, source, license or teacher.

    WHAT is a RECORD, DOCUMENT or SOURCE.
    """
    from kdvert.lineage import target as targets
    from kdvert.lineage.reading import Lineage
    from kdvert.lineage.tracing import trace as follow
    from kdvert.pipeline import runner

    if sum(x is not None for x in (what, license_, teacher)) != 1:
        raise UserError(
            "Name one thing: a record, document or source, or --license ID, or --teacher NAME.",
            hint="For example: kdvert trace doc-0001",
        )
    project = read(find(folder))
    patterns = runner.source_patterns(runner.prepare(project, overrides))
    lineage = Lineage(project.root)
    if license_ is not None:
        target = targets.of_license(lineage, license_)
    elif teacher is not None:
        target = targets.of_teacher(lineage, teacher)
    else:
        target = targets.resolve(lineage, what or "", patterns)
    found = follow(lineage, target)
    _show(console, found)
    return found.model_dump(mode="json")


def _show(console: Console, found: Trace) -> None:
    console.print(f"{found.kind}: {found.subject}", markup=False, style="bold")
    for one in found.forgotten:
        console.print(f"  forgotten {one.at}, entry {one.entry_sha[:16]} of the audit trail", markup=False)
    if found.records and found.records[0].text:
        console.print(_record(found.records[0]))
    if found.documents:
        console.print(_documents(found.documents))
    if found.records and not found.records[0].text:
        console.print(_records(found.records))
    for name, count in found.files.items():
        console.print(f"work/{name}: {count} of its rows", markup=False)
    for adapter in found.adapters:
        counts = "" if adapter.train is None else f", trained on {adapter.train}, validated with {adapter.validation}"
        console.print(f"adapter {adapter.path}{counts}{' · TAINTED' if adapter.taint else ''}", markup=False)
    if found.questions:
        some = ", ".join(found.questions[:5]) + (" …" if len(found.questions) > 5 else "")
        console.print(
            f"evaluation: {len(found.questions)} questions were asked with a passage of it: {some}", markup=False
        )
    for path in found.reports:
        console.print(f"named in {path}", markup=False)
    if not found.records and not found.forgotten:
        console.print("No record of it is there.")


def _documents(documents: list[DocumentTrace]) -> Table:
    table = Table(title=f"{len(documents)} source document{'s' * (len(documents) != 1)}")
    for column in ("document", "source", "passages", "records", "in training"):
        table.add_column(column, overflow="fold")
    for d in documents[:_MOST]:
        records = ", ".join(f"{n} {state}" for state, n in d.records.items()) or "none"
        training = ", ".join(f"{n} {place}" for place, n in d.training.items()) or "none"
        twins = "".join(f"; {n} also in {other}" for other, n in d.same_text.items())
        source = [d.license, d.publisher, d.retrieved and f"retrieved {d.retrieved}", d.sha256 and d.sha256[:12]]
        cells = (
            "\n".join(dict.fromkeys((d.id, d.title, d.shown))),
            "\n".join(part for part in source if part),
            f"{len(d.passages)}{twins}",
            records,
            training,
        )
        table.add_row(*map(_plain, cells))
    _shorten(table, len(documents))
    return table


def _records(records: list[RecordTrace]) -> Table:
    table = Table(title=f"{len(records)} record{'s' * (len(records) != 1)}")
    for column in ("id", "state", "why", "training", "documents", "teacher", "terms"):
        table.add_column(column, overflow="fold")
    for r in records[:_MOST]:
        cells = (f"{r.id[:12]}…{r.id[-2:]}", r.state, ", ".join(r.reasons), r.place or "–", ", ".join(r.documents),
                 r.teacher.rpartition("/")[2], ", ".join(r.terms))  # fmt: skip
        table.add_row(*map(_plain, cells))
    _shorten(table, len(records))
    return table


def _record(record: RecordTrace) -> Tree:
    """The way from a record to its sources, step by step."""
    text = record.text
    assert text
    tree = Tree(_plain(f"{record.state}{': ' + ', '.join(record.reasons) if record.reasons else ''} · "
                       f"training: {record.place or 'not in any'} · {record.strategy}/{record.skill}"))  # fmt: skip
    talk = tree.add("conversation")
    for message in text.messages:
        talk.add(_plain(f"{message.role}: {message.content}"))
    evidence = tree.add(_plain(f'evidence: "{text.quote}"'))
    for span in text.evidence:
        evidence.add(_plain(f"passage {span.chunk_id}, characters {span.start}–{span.end}, sha256 {span.quote_sha}"))
    shown = [p for p in record.passages if p not in {e.chunk_id for e in text.evidence}]
    if shown:
        evidence.add(_plain(f"also shown to the teacher: {', '.join(shown)}"))
    checks = tree.add("checks")
    for v in text.verdicts:
        checks.add(_plain(f"{v.check}: {'passed' if v.passed else v.reason or 'failed'}"))
    teacher = tree.add(_plain(f"teacher {record.teacher}, route {record.route}, terms {', '.join(record.terms)}"))
    for name, sha in text.templates.items():
        teacher.add(_plain(f"template {name}, sha256 {sha}"))
    for request in text.request_ids:
        teacher.add(_plain(f"request {request}"))
    tree.add(_plain(f"licenses: {', '.join(record.licenses)}"))
    return tree


def _shorten(table: Table, count: int) -> None:
    if count > _MOST:
        table.caption = f"and {count - _MOST} more: --json shows all"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
