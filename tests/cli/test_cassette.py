"""``kdvert cassette``: a project's run is repeated without its teacher, by the command line alone."""

from __future__ import annotations

import json

from click.testing import CliRunner

from kdvert.cli.main import cli
from kdvert.store import sha256_file


def records(root):
    return [sha256_file(root / "work/elicit" / name) for name in ("examples.jsonl", "failures.jsonl")]


def test_a_run_repeats_bit_for_bit_without_the_endpoint(indexed, invoke, endpoint, tmp_path):
    endpoint.mode = lambda number, prompt: "filtered" if "leg ulcers" in prompt.partition("passage 2")[0] else "ok"
    invoke(indexed, "run", "--until", "elicit", "--json")
    made = records(indexed)
    file = tmp_path / "run.jsonl"
    saved = invoke(indexed, "cassette", "save", str(file), "--json")
    assert (saved["teacher"], saved["replies"], saved["failures"]) == ("qwen2.5-7b-instruct", 3, 1)
    calls = endpoint.calls
    endpoint.stop()
    (indexed / "work/cache/elicit/replies.sqlite").unlink()
    replayed = f"elicit.teacher.model=replay:{file}"
    invoke(indexed, "run", "--until", "elicit", "--set", replayed, "--json")
    assert records(indexed) == made
    assert endpoint.calls == calls
    assert b"content_filter" in (indexed / "work/elicit/failures.jsonl").read_bytes()


def test_without_a_run_there_is_nothing_to_save(indexed, invoke, tmp_path):
    shown = invoke(indexed, "cassette", "save", str(tmp_path / "x.jsonl"), "--json", code=2)
    assert "No teacher was asked" in str(shown)
    assert not (tmp_path / "x.jsonl").exists()


def test_show_tells_whose_replies_and_that_nothing_was_changed(indexed, invoke, endpoint, tmp_path):
    invoke(indexed, "run", "--until", "elicit", "--json")
    file = tmp_path / "run.jsonl"
    invoke(indexed, "cassette", "save", str(file), "--json")
    shown = json.loads(CliRunner().invoke(cli, ["cassette", "show", str(file), "--json"]).stdout)
    assert shown["teacher"]["reached"] == [{"model": "qwen2.5-7b-instruct", "base_url": endpoint.url}]
    assert shown["replies"] == 4
    file.write_text(file.read_text().replace('"input_tokens": 100', '"input_tokens": 1'))
    refused = CliRunner().invoke(cli, ["cassette", "show", str(file)])
    assert refused.exit_code == 1
    assert "was changed" in refused.output
