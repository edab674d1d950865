"""``kdvert scrub --measure``: a table, JSON for machines, and a gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli

TEXTS = ("I met John Marsden there.", "His SSN is 219-09-9999.", "The gizmo code was Q-zz here.")
SPANS = ("John Marsden", "219-09-9999", "Q-zz")
LABELS = ("NAME", "SSN", "US_NPI")


@pytest.fixture
def gold(tmp_path) -> Path:
    path = tmp_path / "gold.jsonl"
    rows = [
        {"id": str(n), "text": t, "spans": [{"start": t.index(s), "end": t.index(s) + len(s), "label": label}]}
        for n, (t, s, label) in enumerate(zip(TEXTS, SPANS, LABELS, strict=True))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def call(*args: object):
    return CliRunner().invoke(cli, ["scrub", *map(str, args)])


def test_the_shares_are_those_of_the_texts(gold):
    result = call("--measure", gold, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["entity_recall"] == pytest.approx(2 / 3)
    assert report["character_recall"] == pytest.approx(23 / 27)
    assert report["character_precision"] == 1.0
    assert report["types"]["NAME"]["entity_recall"] == 1.0
    assert report["types"]["US_NPI"]["entity_recall"] == 0.0
    low, high = report["intervals"]["entity_recall"]
    assert low < 2 / 3 < high


def test_a_type_below_the_verticals_floor_blocks(gold, tmp_path):
    mapping = tmp_path / "map.yaml"
    mapping.write_text("NAME: PERSON\nSSN: US_SSN\nUS_NPI: US_NPI\n")
    result = call("--measure", gold, "--vertical", "medicine", "--mapping", mapping)
    assert result.exit_code == 3, result.output
    assert "US_NPI 0.000 of 1 (floor 1)" in result.output


def test_a_plot_is_drawn(gold, tmp_path):
    picture = tmp_path / "plot.png"
    assert call("--measure", gold, "--plot", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--measure", "missing.jsonl"), "missing.jsonl"),
        (("--measure", "{gold}", "--out", "x"), "--measure"),
        (("--plot", "x.png", "{gold}"), "--measure"),
        (("--measure", "{gold}", "--mapping", "missing.yaml"), "missing.yaml"),
    ],
)
def test_bad_input_gets_a_clear_error(gold, options, message):
    result = call(*(str(o).replace("{gold}", str(gold)) for o in options))
    assert result.exit_code == 2
    assert message in result.output
