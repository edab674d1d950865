"""``kdvert scrub``: files, folders and standard input, without a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli

LETTER = (
    "Dear Dr. Alice Wexler,\n\nMr. John Marsden (SSN 219-09-9999) lives at 418 Larkspur Lane, Fairhollow, OH 43999."
)
RAW = ("Alice", "Wexler", "Marsden", "219-09-9999", "Larkspur", "Fairhollow", "43999")


def call(*args: object, stdin: str | None = None):
    return CliRunner().invoke(cli, ["scrub", *map(str, args)], input=stdin)


@pytest.fixture
def folder(tmp_path) -> Path:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "John_Marsden.txt").write_text(LETTER)
    rows = [
        {"id": 7, "text": "John Marsden was seen.", "meta": {"by": ["Dr. Alice Wexler"], "n": 1}},
        {"id": 8, "text": "Wash your hands with soap.", "meta": {}},
    ]
    (source / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return source


def test_a_folder_is_scrubbed_with_its_names_and_nothing_raw_is_left(folder, tmp_path):
    out = tmp_path / "out"
    result = call(folder, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["texts"] == 3
    assert summary["entities"]["PERSON"] == 4
    assert summary["renamed_files"] == 1
    written = {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*") if p.is_file()}
    assert set(written) == {"renamed-0001.txt", "rows.jsonl", "findings.jsonl", "summary.json"}
    for name, content in written.items():
        assert not [raw for raw in RAW if raw in content or raw in name]


def test_findings_index_what_was_read_and_what_was_written(folder, tmp_path):
    out = tmp_path / "out"
    assert call(folder / "rows.jsonl", "--out", out).exit_code == 0
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    new = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    found = [json.loads(line) for line in (out / "findings.jsonl").read_text().splitlines()]
    values = {"text": rows[0]["text"], "meta.by.0": rows[0]["meta"]["by"][0]}
    scrubbed = {"text": new[0]["text"], "meta.by.0": new[0]["meta"]["by"][0]}
    assert [f["line"] for f in found] == [1, 1]
    for finding in found:
        assert values[finding["field"]][finding["start"] : finding["end"]] in ("John Marsden", "Alice Wexler")
        span = slice(finding["scrubbed_start"], finding["scrubbed_end"])
        assert scrubbed[finding["field"]][span].startswith("[PERSON_")
    assert new[1] == rows[1]
    assert new[0]["id"] == 7


def test_standard_input_goes_to_standard_output_and_the_table_elsewhere():
    result = call("-", "--vertical", "medicine", stdin=LETTER)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("Dear Dr. [PERSON_1],")
    assert not [raw for raw in RAW if raw in result.stdout]
    assert "US_SSN" in result.stderr


def test_keep_and_set_are_obeyed(folder, tmp_path):
    out = tmp_path / "out"
    options = ("--keep", "by", "--set", "actions.PERSON=drop", "--out", out)
    assert call(folder / "rows.jsonl", *options).exit_code == 0
    first = json.loads((out / "rows.jsonl").read_text().splitlines()[0])
    assert first["meta"]["by"] == ["Dr. Alice Wexler"]
    assert first["text"] == "[REMOVED_PERSON] was seen."


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("missing.txt",), 2, "does not exist"),
        (("{in}",), 2, "--out"),
        (("{in}/rows.jsonl", "--json"), 2, "--out"),
        (("{in}", "--out", "{in}/deep"), 2, "lies inside"),
        (("{in}/rows.jsonl", "--out", "{in}"), 2, "not an empty folder"),
        (("{in}/rows.jsonl", "--vertical", "medicin"), 2, "medicine"),
        (("{in}/rows.jsonl", "--set", "treshold=0.2"), 2, "threshold"),
        (("{in}/rows.jsonl", "--set", "actions.PERSON=keep"), 2, "tighten"),
        (("{in}/empty.txt",), 2, "empty"),
        (("{in}/image.png",), 2, "suffix"),
    ],
)
def test_bad_input_gets_a_clear_error(folder, options, code, message):
    (folder / "empty.txt").write_text(" \n")
    (folder / "image.png").write_bytes(b"x")
    result = call(*(str(o).replace("{in}", str(folder)) for o in options))
    assert result.exit_code == code
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_sealed_map_gives_the_raw_values_back_and_only_with_its_key(folder, tmp_path, monkeypatch):
    out, raw = tmp_path / "out", tmp_path / "raw"
    monkeypatch.setenv("KDVERT_SEAL_KEY", "A" * 43 + "=")
    options = ("--set", "sealed_map=true", "--set", "replace_with=surrogate", "--out", out)
    assert call(folder, *options).exit_code == 0
    for path in out.rglob("*"):
        assert not [value for value in RAW if value in path.read_text()]
    assert call("--restore", out, "--out", raw).exit_code == 0
    assert (raw / "renamed-0001.txt").read_text() == LETTER
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [json.loads(line) for line in (raw / "rows.jsonl").read_text().splitlines()] == rows
    monkeypatch.setenv("KDVERT_SEAL_KEY", "B" * 43 + "=")
    refused = call("--restore", out, "--out", tmp_path / "other")
    assert refused.exit_code == 2
    assert "KDVERT_SEAL_KEY" in refused.output
    monkeypatch.delenv("KDVERT_SEAL_KEY")
    assert call("--restore", out, "--out", tmp_path / "other").exit_code == 2
    assert call("--restore", folder, "--out", tmp_path / "other").exit_code == 2


def test_a_failure_leaves_nothing_and_the_same_command_works_after_it_is_mended(folder, tmp_path):
    out = tmp_path / "out"
    (folder / "rows.jsonl").open("a").write("no json\n")
    assert call(folder, "--out", out).exit_code == 2
    assert not out.exists()
    (folder / "rows.jsonl").write_text('{"text": "fine"}\n')
    assert call(folder, "--out", out).exit_code == 0


@pytest.mark.parametrize("megabytes", [0.5, pytest.param(5, marks=pytest.mark.slow)])
def test_one_line_of_megabytes(tmp_path, megabytes):
    filler = "plain words go here and there " * 3000
    text = (LETTER.replace("\n", " ") + filler) * int(megabytes * 1e6 / len(filler))
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": text}) + "\n")
    result = call(tmp_path / "rows.jsonl", "--vertical", "medicine", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    clean = (tmp_path / "out" / "rows.jsonl").read_text()
    assert len(clean) > megabytes * 0.9e6
    assert not [raw for raw in RAW if raw in clean]
