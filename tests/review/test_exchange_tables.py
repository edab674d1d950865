"""The trail about records as a table."""

from __future__ import annotations

import csv
import io
import json
import stat

import pytest
from click.testing import CliRunner

from kdvert.cli import review_exchange
from kdvert.decisions import erasable
from kdvert.errors import UserError
from kdvert.records import Message
from kdvert.review import preparing
from kdvert.review.desk import now
from kdvert.review.exchange import csv_table, files, json_table
from kdvert.review.exchange.audit import COLUMNS, ERASED, rows
from kdvert.review.exchange.importing import take_in
from kdvert.review.exchange.responses import of_annotator
from kdvert.review.exchange.selection import STATUSES, Selection
from kdvert.review.exchange.table import FORMATS
from kdvert.review.queue import Filter


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_decision_is_one_row_with_what_it_means(site):
    desk = site.desk()
    one, two, three, *_ = site.records(desk)
    site.decide(desk, "Rita", one.id, seconds=12)
    undone = site.decide(desk, "Rita", two.id, "reject", reason="wrong")
    desk.undo(site.person("Rita"), undone.sha)
    changed = (*three.messages[:-1], Message(role="assistant", content=f"In short: {three.answer}"))
    edit = site.decide(desk, "Rita", three.id, "edit", messages=changed)
    found = rows(desk, Selection())
    first, second = found[0], found[1]
    assert (first["name"], first["role"], first["decision"], first["seconds"]) == ("Rita", "reviewer", "accept", 12)
    assert (first["record"], first["bulk"], first["undone"]) == (one.id, False, False)
    assert (second["reason"], second["undone"]) == ("wrong", True)
    assert second["meaning"] == "it is wrong, or leaves out what changes its meaning"
    assert found[2]["meaning"] == f"entry {undone.seq}"
    assert [r["sha"] for r in found] == [e.sha for e in site.entries() if e.sha in {r["sha"] for r in found}]
    assert found[3]["after"] == edit.refs["after"]
    assert set(first) == set(COLUMNS)
    assert one.answer not in csv_table.write(desk, Selection())


def test_many_at_once_are_one_row_each_and_say_so(site):
    desk = site.desk()
    count = desk.bulk(site.person("Rita"), Filter(), "accept", count=len(desk.bulk_rows(site.person("Rita"), Filter())))
    found = rows(desk, Selection())
    assert len(found) == count
    assert {r["bulk"] for r in found} == {True}


def test_samples_stand_among_the_rows_and_planted_errors_are_not_told(site):
    desk = site.plant()
    drawn = preparing.draw_sample(desk, site.person("Anna"))
    planted = next(iter(desk.known().errors))
    site.decide(desk, "Rita", planted)
    text = json_table.write(desk, Selection())
    found = json.loads(text)["entries"]
    assert found[0]["meaning"].startswith(f"{drawn} records")
    assert found[1]["record"] == planted
    assert "planted" not in text
    assert set(found[1]) == set(found[0])


def test_comments_are_left_out_or_scrubbed_or_said_to_be_erased(site):
    desk = site.desk()
    one, two, *_ = site.records(desk)
    site.decide(desk, "Rita", one.id, "escalate", comment="Ask John Whitfield, john.whitfield@example.org, about it.")
    kept = desk.comment(site.person("Rita"), two.id, "nobody knows")
    erasable.erase(site.root, kept.items, signer=site.person("Anna"), now=now())
    assert "comment" not in rows(desk, Selection())[0]
    first, second = rows(desk, Selection(comments=True))
    assert "Whitfield" not in first["comment"]
    assert "john.whitfield" not in first["comment"]
    assert first["comment"].startswith("Ask ")
    assert second["comment"] == ERASED


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_is_a_formula(site, start):
    desk = site.desk()
    site.person(f"{start.strip()}cmd|' /C calc'!A0" if start.strip() else "Tab", "reviewer")
    name = next(n for n in site.keys if n not in ("Rita", "Rolf", "Anna", "Ada"))
    site.decide(desk, name, site.records(desk)[0].id)
    desk.comment(site.person(name), site.records(desk)[1].id, "=1+1")
    found = _table(csv_table.write(desk, Selection(comments=True)))
    assert not [v for row in found for v in row.values() if v.startswith(tuple("=+-@\t\r＝"))]
    assert found[1]["comment"] == "'=1+1"
    assert csv_table.cell(f"{start}x") == f"'{start}x"


def test_a_signature_that_does_not_hold_counts_for_nothing_and_the_table_says_so(site):
    desk = site.desk()
    site.decide(desk, "Rolf", site.records(desk)[0].id)
    path = site.root / "signers.yaml"
    lines = path.read_text(encoding="utf-8")
    path.write_text(lines.replace("name: Rolf", "name: Rold"), encoding="utf-8")
    (row,) = rows(site.desk(), Selection())
    assert row["ignored"]
    assert not row["undone"]


def test_a_status_and_the_sample_narrow_the_rows(site):
    desk = site.desk()
    one, two, *_ = site.records(desk)
    site.decide(desk, "Rita", one.id)
    site.decide(desk, "Rita", two.id, "reject", reason="wrong")
    assert [r["record"] for r in rows(desk, Selection(status="rejected"))] == [two.id]
    assert rows(desk, Selection(sample=True)) == []


def test_json_brings_the_decisions_of_one_person_into_a_copy_of_the_project(site, tmp_path):
    import shutil

    copy = type(site)(tmp_path / "copy", dict(site.keys))
    shutil.copytree(site.root, copy.root)
    desk = site.desk()
    one, two, three, four, *_ = site.records(desk)
    site.decide(desk, "Rita", one.id)
    site.decide(desk, "Rita", two.id, "reject", reason="wrong")
    site.decide(desk, "Rita", two.id, "reject", reason="harmful")
    site.decide(desk, "Rolf", three.id)
    gone = site.decide(desk, "Rita", four.id)
    desk.undo(site.person("Rita"), gone.sha)
    responses = json_table.read(json.loads(json_table.write(desk, Selection())))
    with pytest.raises(UserError, match="2 people: Rita, Rolf"):
        of_annotator(responses, None)
    there = copy.desk()
    mine = of_annotator(responses, "Rita")
    found = take_in(there, copy.person("Rita"), mine, file="ab" * 32)
    assert [(r.record, r.outcome) for r in found] == [(one.id, "imported"), (two.id, "imported")]
    assert there.review.of(two.id).rulings[-1].reason == "harmful"
    assert copy.entries()[-1].refs["file"] == "ab" * 32
    assert {r.outcome for r in take_in(there, copy.person("Rita"), mine, file="ab" * 32)} == {"there already"}
    assert copy.wrong() == []


def test_what_was_decided_at_once_is_not_imported_as_if_it_had_been_read(site):
    desk = site.desk()
    rita = site.person("Rita")
    desk.bulk(rita, Filter(), "accept", count=len(desk.bulk_rows(rita, Filter())))
    responses = json_table.read(json.loads(json_table.write(desk, Selection())))
    found = take_in(desk, rita, responses, file="ab" * 32)
    assert {r.outcome for r in found} == {"refused"}
    assert "nobody read it" in found[0].reason


def test_the_file_is_private_new_and_none_of_the_projects_own(site, monkeypatch):
    monkeypatch.chdir(site.root)
    runner, out = CliRunner(), site.root.parent / "t.csv"
    before = {p: p.stat().st_mtime_ns for p in site.root.parent.rglob("*") if p.is_file() and "cache" not in p.parts}

    def export(*more: str, to=out):
        return runner.invoke(review_exchange.export, ["--format", "csv", "--out", str(to), *more])

    assert export().exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    after = {p: p.stat().st_mtime_ns for p in site.root.parent.rglob("*") if p.is_file() and "cache" not in p.parts}
    assert {p for p in after if after[p] != before.get(p)} == {out}
    out.chmod(0o644)
    assert export().exit_code == 2
    assert export("--force").exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for own in ("decisions/trail.jsonl", "work/x.csv", "kdvert.yaml", "private/x.csv"):
        assert export("--force", to=site.root / own).exit_code == 2
    link = site.root.parent / "link.csv"
    link.symlink_to(site.root / "kdvert.yaml")
    assert export("--force", to=link).exit_code == 2
    assert export(to=site.root.parent / "no" / "t.csv").exit_code == 2
    with pytest.raises(UserError):
        files.must_be_free(site.root, site.root.parent, force=True)


def test_the_command_names_the_forms_and_states_that_there_are():
    assert tuple(FORMATS) == review_exchange.FORMS
    assert {n for n, f in FORMATS.items() if f.read} == set(review_exchange.BACK)
    assert review_exchange.STATUSES == STATUSES
