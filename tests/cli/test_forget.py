"""``kdvert forget`` as a user meets it: what is asked, refused, said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from kdvert.cli.main import cli
from kdvert.decisions.signing import KEY
from kdvert.lineage import job as jobs
from kdvert.store import hash_tree

RULES = 'vertical: medicine\ningest: {sources: [{path: "sources/**", license: CC0-1.0}]}\n'
ASTHMA = "Inhaled corticosteroids are the main long-term treatment of asthma in adults."


def invoke(root: Path, *arguments: str, code: int = 0, answer: str | None = None):
    result = CliRunner().invoke(cli, [*arguments, "--project", str(root)], input=answer)
    assert result.exit_code == code, result.output + str(result.exception)
    return result


@pytest.fixture
def unread(tmp_path, monkeypatch) -> Path:
    """A project with documents that nothing has read, and no key."""
    monkeypatch.delenv(KEY, raising=False)
    root = tmp_path / "project"
    (root / "sources/ward").mkdir(parents=True)
    (root / "kdvert.yaml").write_text(RULES)
    (root / "sources/asthma.md").write_text(f"# Asthma\n\n{ASTHMA}")
    (root / "sources/ward/Quennell.md").write_text("# Falls\n\nFalls are the leading cause of injury at home.")
    return root


@pytest.fixture
def project(unread, monkeypatch) -> Path:
    """The same, read by ingest, with a key to sign with."""
    invoke(unread, "run", "--until", "ingest")
    made = json.loads(invoke(unread, "keys", "new", "--name", "Olga Perez", "--role", "operator", "--json").stdout)
    monkeypatch.setenv(KEY, made["private_key"])
    return unread


def test_it_goes_and_the_run_goes_on_without_it(project):
    said = json.loads(invoke(project, "forget", "sources/asthma.md", "--yes", "--json").stdout)
    assert (said["files"], said["still_in"], len(said["documents"])) == (1, [], 1)
    assert not [p for p in project.rglob("*") if p.is_file() and b"corticosteroids" in p.read_bytes()]
    invoke(project, "run", "--until", "ingest")
    assert "forgotten 20" in invoke(project, "trace", said["documents"][0]).output
    assert "forgotten already" in invoke(project, "forget", said["documents"][0], "--yes", code=2).output


def test_a_dry_run_needs_no_key_and_changes_nothing(project, monkeypatch):
    monkeypatch.delenv(KEY)
    before = hash_tree(project)
    said = invoke(project, "forget", "sources", "--dry-run").output
    assert "2 files" in said
    assert "Quennell" not in said
    assert hash_tree(project) == before


def test_no_key_no_erasure(unread):
    before = hash_tree(unread)
    assert KEY in invoke(unread, "forget", "sources/asthma.md", "--yes", code=2).output
    assert {k: v for k, v in hash_tree(unread).items() if k != "work/.run.lock"} == before


def test_a_reviewers_key_is_not_enough(project, monkeypatch):
    made = json.loads(invoke(project, "keys", "new", "--name", "Rita Roe", "--role", "reviewer", "--json").stdout)
    monkeypatch.setenv(KEY, made["private_key"])
    assert "Only operator or counsel" in invoke(project, "forget", "sources/asthma.md", "--yes", code=2).output
    assert (project / "sources/asthma.md").exists()


def test_nobody_is_asked_without_a_terminal(project):
    assert "--yes" in invoke(project, "forget", "sources/asthma.md", code=2).output
    assert (project / "sources/asthma.md").exists()


def test_a_run_under_way_is_not_disturbed(project):
    with FileLock(project / "work" / ".run.lock"):
        assert "at work" in invoke(project, "forget", "sources/asthma.md", "--yes", code=2).output
    assert (project / "sources/asthma.md").exists()


def test_what_was_interrupted_is_finished_by_the_next_call(project, monkeypatch):
    from kdvert.lineage import erasing

    def killed(eraser):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(erasing.STEPS, "stages", killed)
        invoke(project, "forget", "sources/asthma.md", "--yes", code=130)
    assert "interrupted" in invoke(project, "run", code=2).output
    assert "pending" in invoke(project, "forget", "--dry-run", "--json").output
    said = invoke(project, "forget", "sources/asthma.md", "--yes").output
    assert "Finishing what was interrupted" in said
    assert not [p for p in project.rglob("*") if p.is_file() and b"corticosteroids" in p.read_bytes()]
    assert not (project / jobs.FILE).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name what to forget"),
        (("",), "Nothing was named"),
        (("doc-0099",), "Nothing in this project fits 'doc-0099'"),
        (("doc-",), "is the beginning of 2 ids"),
        (("sources/none.md",), "Nothing in this project"),
        (("../project2/x.md",), "Nothing in this project"),
        (("kdvert.yaml",), "Nothing in this project"),
        (("work",), "Nothing in this project"),
        (("sources/asthma.md#1",), "Nothing in this project"),
        (("sources/asthma.md", "--adapters", "burn"), "Invalid value"),
        (("*.md",), "Nothing in this project"),
        (("MIT",), "Nothing in this project"),
    ],
)
def test_what_it_cannot_use_is_explained(project, arguments, said):
    before = hash_tree(project / "sources")
    result = invoke(project, "forget", *arguments, "--yes", code=2)
    assert said in result.output
    assert "Traceback" not in result.output
    assert hash_tree(project / "sources") == before


def test_a_name_in_a_path_is_neither_said_nor_left(project):
    said = invoke(project, "forget", "sources/ward", "--yes").output
    assert "Quennell" not in said
    assert not (project / "sources/ward").exists()
    assert not [
        p for p in project.rglob("*") if "Quennell" in p.name or (p.is_file() and b"Quennell" in p.read_bytes())
    ]
