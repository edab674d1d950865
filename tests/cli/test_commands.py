"""The command line as a user meets it: texts, exit codes, ``--json``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from kdvert.cli.main import COMMANDS, cli
from kdvert.pipeline.table import STAGES


def invoke(*arguments: str, code: int = 0):
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == code, result.output + str(result.exception)
    return result


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command):
    assert "Usage:" in invoke(command, "--help").output


def test_an_unknown_command_suggests(tmp_path):
    assert "Did you mean: status?" in invoke("statsu", code=2).output


@pytest.mark.parametrize("name", ["medicine", "law", "finance", "science", "education", "agronomy"])
def test_new_makes_a_project_that_is_ready_to_run(tmp_path, name):
    root = tmp_path / "assistant"
    made = json.loads(invoke("new", name, str(root), "--json").stdout)
    assert {"kdvert.yaml", "README.md", "templates/README.md"} <= set(made["files"])
    assert list((root / "sources").iterdir())
    plan = json.loads(invoke("run", "--project", str(root), "--dry-run", "--json").stdout)
    assert [s["reason"] for s in plan["stages"]] == ["not run yet"] * len(STAGES)
    assert not (root / "work").exists()


def test_new_refuses_a_folder_that_is_not_empty_and_leaves_it(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    result = invoke("new", "medicine", str(tmp_path), code=2)
    assert "not empty" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_new_refuses_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is a file" in invoke("new", "medicine", str(tmp_path / "file"), code=2).output


def test_new_with_an_unknown_vertical_leaves_no_folder(tmp_path):
    assert "Did you mean: medicine" in invoke("new", "medicin", str(tmp_path / "x"), code=2).output
    assert not (tmp_path / "x").exists()


def test_errors_are_json_for_machines(tmp_path):
    body = json.loads(invoke("run", "--project", str(tmp_path), "--json", code=2).stdout)
    assert body["exit_code"] == 2
    assert "kdvert.yaml" in body["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--set", "distill.epohcs=2"), "epochs"),
        (("run", "--set", "nonsense"), "stage.key=value"),
        (("run", "--until", "distil"), "distill"),
        (("run", "--from", "report", "--until", "ingest"), "before"),
        (("run", "--from", "distill"), "not been run"),
        (("status", "--set", "use.commercial=perhaps"), "commercial"),
    ],
)
def test_wrong_options(tmp_path, arguments, message):
    invoke("new", "medicine", str(tmp_path / "p"))
    command, *rest = arguments
    assert message in invoke(command, "--project", str(tmp_path / "p"), *rest, code=2).output


def test_vertical_list_and_show():
    listed = json.loads(invoke("vertical", "list", "--json").stdout)
    assert {v["id"] for v in listed["verticals"]} >= {"medicine", "law", "finance", "science", "education"}
    shown = json.loads(invoke("vertical", "show", "medicine", "--json").stdout)
    assert "hipaa-safe-harbor" in shown["privacy regimes"]
    assert "recognizers: MEDICAL_RECORD_NUMBER" in invoke("vertical", "show", "medicine").output


def test_check_allows_the_scaffolded_project_and_blocks_an_unknown_license(tmp_path):
    root = tmp_path / "p"
    invoke("new", "medicine", str(root))
    assert json.loads(invoke("check", "--project", str(root), "--json").stdout)["verdict"].startswith("allow")
    settings = (root / "kdvert.yaml").read_text().replace("CC0-1.0", "LicenseRef-unheard-of")
    (root / "kdvert.yaml").write_text(settings)
    assert "LicenseRef-unheard-of" in invoke("check", "--project", str(root), code=3).output


def test_status_of_a_new_project(tmp_path):
    invoke("new", "medicine", str(tmp_path / "p"))
    rows = json.loads(invoke("status", "--project", str(tmp_path / "p"), "--json").stdout)["stages"]
    assert {r["state"] for r in rows} == {"not run yet"}
