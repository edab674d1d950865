from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.dossier import controls, datasheet, fields
from kdvert.dossier.evidence import EVIDENCE, Evidence
from kdvert.dossier.lineage import Lineage, Taint
from kdvert.errors import UserError
from kdvert.store import read_json

Gathered = Callable[..., Lineage]
PRESENT, PARTIAL, MISSING = (Evidence(state=s, text="x") for s in ("present", "partial", "missing"))


@pytest.mark.parametrize(
    ("evidence", "waiting", "status"),
    [
        ([], 0, "person"),
        ([], 2, "person"),
        ([PRESENT], 0, "present"),
        ([PRESENT], 1, "partial"),
        ([PRESENT, MISSING], 0, "partial"),
        ([PARTIAL], 0, "partial"),
        ([MISSING, MISSING], 0, "missing"),
    ],
)
def test_status(evidence: list[Evidence], waiting: int, status: str) -> None:
    assert controls.status(evidence, waiting) == status


def test_no_row_is_green_without_evidence(gathered: Gathered) -> None:
    everything = {field.id: "done" for field in fields.FIELDS}
    for table in controls.tables(gathered(answers=everything)):
        for row in table.controls:
            if row.status == "present":
                assert row.evidence
                assert {found.state for found in row.evidence} == {"present"}
                assert not row.to_fill
            if not row.evidence:
                assert row.status == "person"


def test_what_kdvert_does_not_measure_is_missing(lineage: Lineage) -> None:
    assert EVIDENCE["harm_measured"](lineage).state == "missing"
    assert EVIDENCE["memorization_measured"](lineage).state == "missing"
    assert EVIDENCE["scrubbed"](lineage).state == "partial"


def test_evidence_follows_the_lineage(gathered: Gathered) -> None:
    lineage = gathered()
    assert EVIDENCE["nothing_tainted"](lineage).state == "present"
    row = Taint(adapter="work/distill/adapter", documents=1, at="2026-11-20T00:00:00+00:00", current=True)
    assert EVIDENCE["nothing_tainted"](gathered(taint=(row,))).state == "missing"
    earlier = gathered(taint=(row.model_copy(update={"adapter": "work/tainted/1", "current": False}),))
    assert EVIDENCE["nothing_tainted"](earlier).state == "present"
    unchecked = lineage.model_copy(update={"records": lineage.records.model_copy(update={"evidence": 0})})
    assert EVIDENCE["provenance"](lineage).state == "present"
    assert EVIDENCE["provenance"](unchecked).state == "missing"
    unscored = lineage.model_copy(update={"evaluation": lineage.evaluation.model_copy(update={"measures": []})})
    assert EVIDENCE["evaluated"](unscored).state == "missing"


def test_frameworks_name_every_function_and_generative_risk(lineage: Lineage) -> None:
    nist = next(t for t in controls.tables(lineage) if t.framework == "nist-ai-rmf")
    assert {row.part for row in nist.controls} == {"Govern", "Map", "Measure", "Manage", "Generative risks"}
    assert sum(row.part == "Generative risks" for row in nist.controls) == 12
    for table in controls.tables(lineage):
        assert len({row.id for row in table.controls}) == len(table.controls) == sum(table.counts.values())
        assert all(row.source and row.confidence for row in table.controls)


def test_every_evidence_is_asked_for() -> None:
    asked = {name for framework in controls.frameworks() for row in framework.rows for name in row.evidence}
    assert asked == set(EVIDENCE)


def test_a_row_that_names_unknown_evidence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    head = "framework: own\ntitle: Own\nsource: us\nread: 2026-11-24\nconfidence: H\n"
    path.write_text(head + "rows: [{id: A, part: P, text: T, evidence: [licence_chain], person: []}]", encoding="utf-8")
    with pytest.raises(UserError, match="license_chain"):
        controls.read(path)


def test_tables_are_written(lineage: Lineage, tmp_path: Path) -> None:
    controls.write(lineage, tmp_path)
    controls.write_text_file(lineage, tmp_path)
    made = read_json(tmp_path / controls.JSON_FILE)
    rows = sum(len(table["controls"]) for table in made)
    text = (tmp_path / controls.TEXT_FILE).read_text(encoding="utf-8")
    assert len(re.findall(r"^\| .* \| \*\*(?:present|partial|missing|person)\*\* \|", text, re.M)) == rows


def test_datasheet_answers_every_question(lineage: Lineage, tmp_path: Path) -> None:
    datasheet.write(lineage, tmp_path)
    text = (tmp_path / datasheet.FILE).read_text(encoding="utf-8")
    for section, rows in datasheet.SECTIONS.items():
        assert f"## {section}" in text
        for asked, _ in rows:
            assert re.search(re.escape(asked) + r"\*\*\n\S", text), asked
