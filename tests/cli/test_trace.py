"""``kdvert trace`` as a user meets it, in a project whose documents were read and nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli

RULES = 'vertical: medicine\ningest: {sources: [{path: "sources/**", license: CC0-1.0, publisher: Example Press}]}\n'


def invoke(root: Path, *arguments: str, code: int = 0):
    result = CliRunner().invoke(cli, [*arguments, "--project", str(root)])
    assert result.exit_code == code, result.output + str(result.exception)
    return result


@pytest.fixture
def project(tmp_path) -> Path:
    root = tmp_path / "project"
    (root / "sources").mkdir(parents=True)
    (root / "kdvert.yaml").write_text(RULES)
    (root / "sources/asthma.md").write_text("# Asthma\n\nInhaled corticosteroids are the main treatment of asthma.")
    (root / "sources/Quennell.md").write_text("# Falls\n\nFalls are the leading cause of injury at home.")
    return root


@pytest.fixture
def read(project) -> Path:
    invoke(project, "run", "--until", "ingest")
    return project


def test_a_document_before_anything_was_made_of_it(read):
    found = json.loads(invoke(read, "trace", "sources/asthma.md", "--json").stdout)
    assert found["documents"][0]["license"] == "CC0-1.0"
    assert found["records"] == []
    assert "No record of it is there" in invoke(read, "trace", "sources/asthma.md").output


def test_a_person_in_a_file_name_is_not_shown(read):
    assert "Quennell" not in invoke(read, "trace", "sources/Quennell.md").output
    assert "Quennell" not in invoke(read, "trace", "sources/Quennel.md", code=2).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name one thing"),
        (("doc-0001", "--license", "MIT"), "Name one thing"),
        (("--teacher", "gpt", "--license", "MIT"), "Name one thing"),
        (("doc-",), "is the beginning of 2 ids"),
        (("doc-0099",), "Nothing in this project fits 'doc-0099'"),
        (("",), "Nothing was named"),
        (("--license", "GPL-3.0-only"), "Nothing stands under the license"),
        (("--teacher", "gpt"), "No record was written by the teacher"),
        (("/etc/passwd",), "Nothing in this project"),
        (("sources/[",), "Nothing in this project"),
    ],
)
def test_what_it_cannot_use_is_explained(read, arguments, said):
    result = invoke(read, "trace", *arguments, code=2)
    assert said in result.output
    assert "Traceback" not in result.output


def test_outside_of_a_project(tmp_path):
    assert "No kdvert.yaml" in invoke(tmp_path, "trace", "doc-0001", code=2).output


def test_a_project_that_never_ran(project):
    assert "Nothing in this project" in invoke(project, "trace", "doc-0001", code=2).output
    assert "No record of it is there" in invoke(project, "trace", "sources/asthma.md").output
    assert not (project / "work").exists()
