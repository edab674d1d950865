"""The control tables: rows of ``compliance/controls/*.yaml``, each answered from the lineage or by a person."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import model_validator

from kdvert.configuration import ConfigBase, validate
from kdvert.content import compliance_facts
from kdvert.dossier import fields, markdown
from kdvert.dossier.evidence import EVIDENCE, Evidence
from kdvert.dossier.lineage import Lineage
from kdvert.records import Record
from kdvert.registry import suggest
from kdvert.store import write_json, write_text

JSON_FILE, TEXT_FILE = "controls.json", "controls.md"

Status = Literal["present", "partial", "missing", "person"]
Confidence = Literal["H", "M", "L"]


class ControlRow(ConfigBase):
    """One control: what it is about, what in the lineage answers it, and which fields people fill."""

    id: str
    part: str
    text: str
    evidence: list[str]
    person: list[str]
    source: str | None = None
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _answerable(self) -> ControlRow:
        if not self.evidence and not self.person:
            raise ValueError("a row needs evidence or a person, else nobody could answer it")
        for name in self.evidence:
            if name not in EVIDENCE:
                raise ValueError(f"there is no evidence '{name}'. {suggest(name, EVIDENCE)}")
        for name in self.person:
            if name not in fields.BY_ID:
                raise ValueError(f"there is no field '{name}'. {suggest(name, fields.BY_ID)}")
        return self


class Framework(ConfigBase):
    """A file of controls. ``source`` and ``confidence`` hold for every row that states none of its own."""

    framework: str
    title: str
    source: str
    read: date
    confidence: Confidence
    rows: list[ControlRow]


class Control(Record):
    """A control with what was found for it. ``filled`` are people's answers, ``to_fill`` who still has to answer."""

    id: str
    part: str
    text: str
    status: Status
    evidence: list[Evidence]
    filled: dict[str, str]
    to_fill: list[fields.ToFill]
    source: str
    confidence: Confidence


class Table(Record):
    """A framework with its controls, and how many have which status."""

    framework: str
    title: str
    source: str
    read: date
    confidence: Confidence
    controls: list[Control]
    counts: dict[str, int]


def write(lineage: Lineage, folder: Path) -> None:
    """Write the control tables for machines."""
    write_json(folder / JSON_FILE, [table.model_dump(mode="json") for table in tables(lineage)])


def write_text_file(lineage: Lineage, folder: Path) -> None:
    """Write the control tables for people."""
    write_text(folder / TEXT_FILE, markdown.render("controls.md.j2", lineage, tables=tables(lineage)))


def tables(lineage: Lineage) -> list[Table]:
    """Return every control table, answered."""
    return [_table(lineage, framework) for framework in frameworks()]


@cache
def frameworks() -> list[Framework]:
    """Return the frameworks of ``compliance/controls``, by file name.

    Raises:
        UserError: a row names evidence or a field that does not exist.
    """
    return [read(path) for path in sorted((compliance_facts() / "controls").glob("*.yaml"))]


def read(path: Path) -> Framework:
    """Read a file of controls.

    Raises:
        UserError: a row names evidence or a field that does not exist.
    """
    return validate(Framework, yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


def status(evidence: list[Evidence], waiting: int) -> Status:
    """Return where a control stands. Without evidence it is a person's; green takes all of it and nobody waited for.

    Args:
        evidence: what the lineage showed.
        waiting: how many fields are still open.
    """
    states = {found.state for found in evidence}
    if not states:
        return "person"
    if states == {"present"}:
        return "partial" if waiting else "present"
    return "missing" if states == {"missing"} else "partial"


def _table(lineage: Lineage, framework: Framework) -> Table:
    rows = [_control(lineage, framework, row) for row in framework.rows]
    counts = {name: sum(row.status == name for row in rows) for name in ("present", "partial", "missing", "person")}
    head = framework.model_dump(exclude={"rows"})
    return Table(**head, controls=rows, counts=counts)


def _control(lineage: Lineage, framework: Framework, row: ControlRow) -> Control:
    found = [EVIDENCE[name](lineage) for name in row.evidence]
    values = {name: fields.value(lineage.answers, name) for name in row.person}
    waiting = [value for value in values.values() if isinstance(value, fields.ToFill)]
    return Control(
        id=row.id,
        part=row.part,
        text=row.text,
        status=status(found, len(waiting)),
        evidence=found,
        filled={fields.BY_ID[name].label: value for name, value in values.items() if isinstance(value, str)},
        to_fill=waiting,
        source=row.source or framework.source,
        confidence=row.confidence or framework.confidence,
    )
