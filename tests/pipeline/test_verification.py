"""``kdvert verify``: each kind of tampering is found, and named as file, row and difference."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
import yaml

from kdvert.decisions import enrolling, trail
from kdvert.licensing import manifest, override_files, snapshot
from kdvert.licensing.points import undecided
from kdvert.pipeline import runner, verification
from kdvert.pipeline.kept_facts import FILE as FACTS
from kdvert.pipeline.kept_facts import keep
from kdvert.project import read

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def found(finished):
    """Return a function that verifies and gives (check, code, file, row) of each difference."""

    def check(today=TODAY):
        differences = verification.verify(runner.prepare(read(finished)), today=today)
        return [(d.check, d.code, d.file, d.row) for rows in differences.values() for d in rows]

    return check


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def accepted(root):
    return root / "work" / "review" / "accepted.jsonl"


def change_record(root, number, **changes):
    """Change one accepted record and forge the lock, so that only what the record says can give it away."""
    lines = accepted(root).read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[number])
    for key, change in changes.items():
        record[key] = change(record[key])
    lines[number] = json.dumps(record, ensure_ascii=False)
    accepted(root).write_text("\n".join(lines) + "\n", encoding="utf-8")
    lock = json.loads((root / "work" / "lock.json").read_text())
    from kdvert.store import sha256_file

    lock["review"]["outputs"]["accepted.jsonl"] = sha256_file(accepted(root))
    (root / "work" / "lock.json").write_text(json.dumps(lock))
    return f"line {number + 1}, record {record['id'][:16]}"


def test_a_finished_run_is_as_recorded(found):
    assert found() == []


def test_a_new_project_is_as_recorded(finished, found):
    import shutil

    shutil.rmtree(finished / "work")
    assert found() == []


class TestLineage:
    def test_one_byte_of_a_record(self, finished, found):
        raw = bytearray(accepted(finished).read_bytes())
        at = raw.index(b'"content":"') + 12
        raw[at] ^= 0x20
        accepted(finished).write_bytes(raw)
        assert found() == [("lineage", "output_changed", "work/review/accepted.jsonl", None)]

    @pytest.mark.parametrize(
        "name", ["distill/adapter/adapter_model.safetensors", "scrub/documents.jsonl", "index/index.json"]
    )
    def test_one_byte_of_any_output(self, finished, found, name):
        path = finished / "work" / name
        path.write_bytes(path.read_bytes() + b"\n")
        assert found() == [("lineage", "output_changed", f"work/{name}", None)]

    def test_a_file_removed_and_a_file_added(self, finished, found):
        (finished / "work" / "distill" / "history.jsonl").unlink()
        (finished / "work" / "review" / "more.jsonl").write_text("{}\n")
        assert found() == [
            ("lineage", "output_added", "work/review/more.jsonl", None),
            ("lineage", "output_missing", "work/distill/history.jsonl", None),
        ]

    def test_a_whole_stage_removed(self, finished, found):
        import shutil

        shutil.rmtree(finished / "work" / "evaluate")
        assert found() == [("lineage", "output_missing", "work/evaluate", None)]

    def test_a_record_and_the_lock_changed_together(self, finished, found):
        """The adapter was trained on other records then, and the record no longer quotes its passage."""
        row = change_record(finished, 2, evidence=lambda e: [e[0] | {"quote_sha": "00" * 32}])
        assert found() == [
            ("lineage", "input_changed", "work/features", None),
            ("lineage", "input_changed", "work/distill", None),
            ("lineage", "evidence_changed", "work/review/accepted.jsonl", row),
        ]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"evidence": lambda e: [e[0] | {"chunk_id": "sources/none.md@0-9"}]}, "unknown_passage"),
            ({"quote": lambda q: "Something else entirely was said here."}, "quote_not_found"),
            ({"evidence": lambda e: [e[0] | {"start": 0, "end": 5}]}, "evidence_offsets_wrong"),
            ({"evidence": lambda e: []}, "no_evidence"),
            ({"provenance": lambda p: p | {"document_ids": ["sources/none.md"]}}, "wrong_document"),
            ({"provenance": lambda p: p | {"licenses": ["MIT"]}}, "license_differs"),
            ({"provenance": lambda p: p | {"chunk_ids": ["sources/none.md@0-9"]}}, "unknown_passage"),
        ],
    )  # fmt: skip
    def test_a_record_that_says_what_its_passage_does_not(self, finished, found, changes, code):
        row = change_record(finished, 0, **changes)
        assert ("lineage", code, "work/review/accepted.jsonl", row) in found()

    def test_a_line_that_is_no_record(self, finished, found):
        accepted(finished).write_text(accepted(finished).read_text() + "{}\n")
        lines = accepted(finished).read_text().count("\n")
        assert ("lineage", "unreadable_record", "work/review/accepted.jsonl", f"line {lines}") in found()

    def test_a_passage_that_is_not_in_its_document(self, finished, found):
        path = finished / "work" / "index" / "chunks.jsonl"
        cited = json.loads(accepted(finished).read_text().splitlines()[0])["provenance"]["chunk_ids"][0]
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if line["id"] == cited:
                line["text"] = line["text"].replace("e", "é", 1)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert ("lineage", "passage_changed", "work/index/chunks.jsonl", f"passage {cited}") in found()

    def test_a_document_that_is_gone(self, finished, found):
        path = finished / "work" / "scrub" / "documents.jsonl"
        cited = json.loads(accepted(finished).read_text().splitlines()[0])["provenance"]["document_ids"][0]
        path.write_text("".join(x + "\n" for x in path.read_text().splitlines() if json.loads(x)["id"] != cited))
        assert "unknown_document" in [code for _, code, _, _ in found()]

    def test_a_forgotten_document_that_was_brought_back(self, finished, found):
        """Ids in the trail have the form that ``ingest`` gives them."""
        path = finished / "work" / "ingest" / "documents.jsonl"
        edit(path, '"id":"sources/', '"id":"doc-0001","x":"sources/')
        lines = path.read_text().splitlines()
        first = json.loads(lines[0])
        del first["x"]
        path.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
        otto = enrolling.enroll(finished, name="Otto", role="operator", now=NOW, fresh=True)[0]
        trail.append(finished, "source-forgotten", now=NOW, signer=otto, refs={"documents": ["doc-0001", "doc-0002"]})
        assert ("lineage", "forgotten_document", "work/ingest/documents.jsonl", "line 1") in found()
        change_record(finished, 0, provenance=lambda p: p | {"document_ids": ["doc-0002"]})
        rows = [
            row for _, code, file, row in found() if code == "forgotten_document" and file.endswith("accepted.jsonl")
        ]
        assert [row.split(",")[0] for row in rows] == ["line 1"]

    def test_a_lock_without_a_row(self, finished, found):
        path = finished / "work" / "lock.json"
        lock = json.loads(path.read_text())
        del lock["index"]
        path.write_text(json.dumps(lock))
        codes = [(code, file, row) for _, code, file, row in found()]
        assert ("lock_row_missing", "work/lock.json", "index") in codes
        assert ("input_missing", "work/elicit", None) in codes

    @pytest.mark.parametrize("text", ["{", "[]", '"x"'])
    def test_a_lock_that_is_none(self, finished, found, text):
        (finished / "work" / "lock.json").write_text(text)
        assert ("lineage", "unchecked", "work", None) in found()

    def test_a_row_of_the_lock_that_is_none(self, finished, found):
        path = finished / "work" / "lock.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"distill": {"outputs": {}}}))
        assert ("lineage", "lock_row_unreadable", "work/lock.json", "distill") in found()


class TestFacts:
    def test_an_edited_row_is_named_by_itself(self, facts, found):
        edit(facts / "licenses" / "creative-commons.yaml", "ids: [CC-BY-ND-4.0", "ids: [CC-BY-ND-4.1")
        assert [f[1:] for f in found()] == [
            ("fact_file_edited", "compliance/licenses/creative-commons.yaml", None),
            ("fact_removed", "compliance/licenses/creative-commons.yaml", "CC-BY-ND-4.0"),
            ("fact_removed", "compliance/licenses/creative-commons.yaml", "CC-BY-ND-4.0"),
        ]

    def test_a_changed_word_names_its_row_once_for_each_stage_that_rested_on_it(self, facts, finished, found):
        path = facts / "models" / "routes.yaml"
        rows = yaml.safe_load(path.read_text())
        row = next(r for r in rows["routes"] if r["provider"] == "openai")
        row["terms"]["confidence"] = "M" if row["terms"]["confidence"] == "H" else "H"
        path.write_text(yaml.safe_dump(rows, sort_keys=False))
        (facts / manifest.FILE).write_text(manifest.text(facts))
        expected = ("facts", "fact_changed", "compliance/models/routes.yaml", "openai")
        assert found() == [expected, expected]
        keep(finished / "work", "elicit", TODAY)
        keep(finished / "work", "distill", TODAY)
        assert found() == []

    def test_a_row_added_since_is_nothing_the_run_rested_on(self, facts, found):
        path = facts / "duties.yaml"
        path.write_text(path.read_text() + "\n  - id: sing-a-song\n    kind: person\n    text: Sing.\n")
        (facts / manifest.FILE).write_text(manifest.text(facts))
        assert found() == []

    def test_kept_facts_of_a_stage_that_is_not_finished_do_not_count(self, facts, finished, found):
        lock = json.loads((finished / "work" / "lock.json").read_text())
        edit(finished / "work" / FACTS, '"elicit"', '"filter-of-old"')
        assert "filter-of-old" not in lock
        assert found() == []

    @pytest.mark.parametrize("text", ["{", "[]", '{"elicit": {"day": "x"}}'])
    def test_kept_facts_that_cannot_be_read(self, finished, found, text):
        (finished / "work" / FACTS).write_text(text)
        assert found() == [("facts", "unchecked", "work/facts.json", None)]

    def test_files_added_removed_and_a_manifest_gone_or_damaged(self, facts, found):
        (facts / "extra.yaml").write_text("x: 1\n")
        (facts / "README.md").unlink()
        assert [f[1:3] for f in found()] == [
            ("fact_file_missing", "compliance/README.md"), ("fact_file_added", "compliance/extra.yaml"),
        ]  # fmt: skip
        (facts / manifest.FILE).write_text("nonsense\n")
        assert ("facts", "manifest_damaged", "compliance/manifest.sha256", None) in found()
        (facts / manifest.FILE).unlink()
        assert found() == [("facts", "manifest_missing", "compliance/manifest.sha256", None)]


class TestOverridesAndTrail:
    @pytest.fixture
    def jane(self, finished):
        return enrolling.enroll(finished, name="Jane Doe", role="counsel", now=NOW, fresh=True)[0]

    @pytest.fixture
    def override(self, finished, jane):
        edit(finished / "kdvert.yaml", "distribution: internal", "distribution: hosted")
        edit(finished / "kdvert.yaml", "model: embedded", "model: openai:gpt-4o")
        report = verification.unlifted_report(runner.prepare(read(finished)), TODAY)
        point = next(p for p in undecided(report) if p.kind == "teacher")
        return override_files.add(
            finished, point, report.use, lifts="ask-counsel", reason="No competition.", expires=date(2027, 1, 31),
            signer=jane, now=NOW,
        )  # fmt: skip

    def file(self, override):
        return f"overrides/{override.id}.yaml"

    target = "teacher:openai:gpt-4o under openai's terms"

    def test_an_override_that_stands(self, override, found):
        assert found() == []

    def test_its_reason_edited(self, finished, override, found):
        edit(finished / self.file(override), "No competition.", "No objection.")
        assert found() == [("overrides", "signature_wrong", self.file(override), self.target)]

    def test_its_time_over(self, override, found):
        assert found(date(2027, 2, 1)) == [("overrides", "expired", self.file(override), self.target)]

    def test_its_facts_edited(self, facts, override, found, forget_facts):
        path = facts / "models" / "routes.yaml"
        rows = yaml.safe_load(path.read_text())
        next(r for r in rows["routes"] if r["provider"] == "openai")["terms"]["source"] += " (read again)"
        path.write_text(yaml.safe_dump(rows, sort_keys=False))
        forget_facts()
        assert ("overrides", "facts_changed", self.file(override), self.target) in found()

    def test_its_file_removed(self, finished, override, found):
        (finished / self.file(override)).unlink()
        assert found() == [("overrides", "override_missing", "overrides", None)]

    def test_withdrawn_and_removed_is_in_order(self, finished, jane, override, found):
        filed = override_files.find(override_files.read(finished, {jane.key_id: jane.row}), override.id)
        override_files.withdraw(finished, filed, signer=jane, now=NOW)
        assert found() == []
        (finished / self.file(override)).unlink()
        assert found() == []

    def test_another_use_is_no_tampering(self, finished, override, found):
        edit(finished / "kdvert.yaml", "distribution: hosted", "distribution: internal")
        assert found() == []

    def test_a_file_that_is_no_override(self, finished, override, found):
        (finished / "overrides" / "note.txt").write_text("remember the milk")
        assert found() == [("overrides", "unreadable", "overrides/note.txt", None)]

    def test_an_entry_of_the_trail_removed(self, finished, jane, override, found):
        for _ in range(2):
            trail.append(finished, "record-accepted", now=NOW, signer=jane)
        path = trail.path_of(finished)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:2], *lines[3:]]))
        assert found() == [("trail", "entry_missing", "decisions/trail.jsonl", "line 3, entry 4")]

    def test_entries_reordered(self, finished, jane, override, found):
        for _ in range(2):
            trail.append(finished, "record-accepted", now=NOW, signer=jane)
        path = trail.path_of(finished)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:2], lines[3], lines[2]]))
        assert found() == [
            ("trail", "entry_missing", "decisions/trail.jsonl", "line 3, entry 4"),
            ("trail", "entry_missing", "decisions/trail.jsonl", "line 4, entry 3"),
        ]

    def test_a_torn_line(self, finished, override, found):
        with open(trail.path_of(finished), "a") as stream:
            stream.write('{"seq": 3, "at": "2026')
        assert found() == [("trail", "torn_line", "decisions/trail.jsonl", "line 3")]

    def test_an_unreadable_trail_stops_the_overrides_only(self, finished, override, found):
        path = trail.path_of(finished)
        path.write_text("nonsense\n" + path.read_text())
        checks = {(check, code) for check, code, _, _ in found()}
        assert ("overrides", "unchecked") in checks
        assert ("trail", "unreadable_entry") in checks

    def test_a_head_noted_elsewhere(self, finished, override):
        run = runner.prepare(read(finished))
        noted = trail.entries(finished)[-1].sha
        assert not verification.verify(run, today=TODAY, head=noted)["trail"]
        assert [d.code for d in verification.verify(run, today=TODAY, head="00" * 32)["trail"]] == ["head_unknown"]


def test_each_row_of_the_facts_has_a_name_of_its_own(facts):
    rows = snapshot.facts_snapshot(facts)
    assert {"licenses/creative-commons.yaml#CC-BY-4.0", "models/routes.yaml#openai"} <= rows.keys()
    listed = [
        row
        for path in [*facts.glob("licenses/*.yaml"), *facts.glob("models/*.yaml"), facts / "duties.yaml"]
        for rows in yaml.safe_load(path.read_text()).values()
        for row in rows
    ]
    assert len(listed) <= len(rows)
    assert snapshot.differences({"a#1": "x", "a#2": "x"}, {"a#2": "y", "a#3": "z"}) == [
        "a#1: removed", "a#2: changed", "a#3: added",
    ]  # fmt: skip


def test_every_file_of_facts_is_watched_or_no_fact_about_licenses(facts):
    others = {"README.md", "compute", "controls", "detection", "manifest.sha256", "privacy", "texts"}
    assert {path.name for path in facts.iterdir()} - others == set(snapshot.PLACES)
