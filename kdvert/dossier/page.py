"""``dossier.html``: the whole dossier on one closed page that links to the files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdvert.dossier import controls, duties_done, fields, release, sources, statements, training_summary
from kdvert.dossier.compute import in_powers
from kdvert.dossier.index import Entry
from kdvert.dossier.lineage import Lineage
from kdvert.licensing.rulings import worst
from kdvert.reporting import html
from kdvert.store import write_text
from kdvert.templates import TemplateSet

FILE = "dossier.html"
TEMPLATE = "dossier/dossier.html.j2"
_STEPS = (
    ("source", "Sources"),
    ("teacher", "Teacher"),
    ("writer", "Other writers"),
    ("student", "Base"),
    ("use", "Use"),
)


def write(lineage: Lineage, folder: Path, entries: Sequence[Entry], templates: TemplateSet | None = None) -> None:
    """Write the page.

    Args:
        entries: the files beside it.
        templates: where the project may override the page; by default only the shared one holds.

    Raises:
        UserError: an overriding template is wrong, or its page loads something.
    """
    chosen = templates or TemplateSet(None, None)
    page = html.render(
        chosen,
        context(lineage, entries),
        page=TEMPLATE,
        links=frozenset(entry.file for entry in entries),
        filters={"flop": in_powers},
    )
    write_text(folder / FILE, page)


def context(lineage: Lineage, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what the template may use."""
    held = duties_done.statuses(lineage)
    due = [row for row in held if row.status != "not-due"]
    return {
        "lineage": lineage,
        "name": release.name(lineage),
        "version": release.student_version(lineage),
        "displays": release.displays(lineage),
        "say": statements,
        "steps": steps(lineage),
        "duties": sorted(due, key=lambda row: row.status == "done"),
        "later": [row for row in held if row.status == "not-due"],
        "groups": sources.groups(lineage),
        "tables": controls.tables(lineage),
        "summary": training_summary.build(lineage),
        "to_fill": to_fill(lineage),
        "files": [entry.model_dump() for entry in entries],
    }


def steps(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the chain by kind of link: the worst verdict of each kind, and how many links it has."""
    found = []
    for kind, title in _STEPS:
        links = [link for link in lineage.licensing.links if link.kind == kind]
        if links:
            verdict = worst([link.verdict for link in links])
            found.append({"kind": kind, "title": title, "verdict": verdict, "links": links})
    return found


def to_fill(lineage: Lineage) -> list[fields.ToFill]:
    """Return the fields that people still have to fill, by who has to."""
    settled = ["student_license"] if release.student_license(lineage) else []
    rows = fields.still_open(lineage.answers, settled)
    return sorted(rows, key=lambda row: row.who)
