"""A real run is as recorded, and one byte of it changed is named."""

from __future__ import annotations

import json


def found(kdvert, *arguments: str) -> list[tuple[str, str]]:
    """(code, file) of every difference, but for kdvert's own fact files, which a checkout may be at work on."""
    done = kdvert.run("verify", "--json", *arguments, code=None)
    body = json.loads(done)
    rows = body["differences"] if "differences" in body else body["details"]["differences"]
    return [(row["code"], row["file"]) for row in rows if not row["file"].startswith("compliance/")]


def test_a_finished_run_is_as_recorded(finished):
    assert found(finished) == []
    assert set(json.loads((finished.root / "work" / "facts.json").read_text())) == {"elicit", "distill"}


def test_one_byte_of_a_record_is_named(copy):
    path = copy.root / "work" / "review" / "accepted.jsonl"
    raw = bytearray(path.read_bytes())
    raw[raw.index(b'"content":"') + 12] ^= 0x01
    path.write_bytes(raw)
    assert found(copy) == [("output_changed", "work/review/accepted.jsonl")]


def test_a_decision_in_a_real_project(copy):
    copy.run("keys", "new", "--name", "Jane Doe", "--role", "counsel")
    assert found(copy) == []
    path = copy.root / "decisions" / "trail.jsonl"
    path.write_text(path.read_text().replace("signer-added", "signed-off"))
    assert "entry_altered" in [code for code, _ in found(copy)]
