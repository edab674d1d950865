"""``kdvert report`` on a project whose lock fits its files, without running a model."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kdvert.cli.main import cli
from kdvert.decisions.signing import KEY
from kdvert.lineage import adapters
from kdvert.store import read_json, write_json
from kdvert.verticals import Vertical
from tests.students.finished_project import DAY, lock

SETTINGS = """vertical: medicine
name: ward-assistant
use: {{distribution: {distribution}, commercial: true}}
ingest:
  sources:
    - {{path: "sources/*.md", license: {license}, publisher: Example Health Institute}}
"""
Make = Callable[..., Path]


class _Day(datetime):
    """The clock of whoever signs, so that the decision is as old as the day of the report."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromisoformat(f"{DAY}T09:00:00+00:00")


@pytest.fixture
def project(tmp_path: Path, vertical: Vertical) -> Make:
    """Return a function that makes a finished project."""

    def made(license: str = "CC-BY-4.0", distribution: str = "distributed") -> Path:
        root = tmp_path / "assistant"
        (root / "sources").mkdir(parents=True)
        for path in vertical.corpus:
            shutil.copy(path, root / "sources")
        text = SETTINGS.format(license=license, distribution=distribution)
        (root / "kdvert.yaml").write_text(text, encoding="utf-8")
        module = _finished_run()
        module.LICENSES = ((license, "Example Health Institute"),) * 3
        module.write(root / "work", vertical)
        (root / "work/distill/adapter/adapter_config.json").write_text("{}", encoding="utf-8")
        lock(root)
        return root

    return made


def _finished_run() -> Any:
    path = Path(__file__).parents[1] / "reporting" / "finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run_for_report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _report(root: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["report", "--project", str(root), "--as-of", DAY, "--json", *more])


def _refused(root: Path, *more: str) -> dict[str, Any]:
    result = _report(root, *more)
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["exit_code"] == result.exit_code
    assert not (root / "dossier").exists()
    return found


def test_a_finished_project_gets_its_dossier(project: Make) -> None:
    root = project()
    result = _report(root)
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["verdict"] == "allow-with-duties"
    assert Path(made["dossier"]) == root / "dossier"
    assert {"dossier.html", "bom.cdx.json", "croissant.json", "model-card.md", "NOTICE"} <= {
        row["file"] for row in made["files"]
    }
    assert {row["field"] for row in made["to_fill"]} >= {"provider_name", "legal_basis"}
    assert read_json(root / "dossier/index.json")["lineage_sha256"] == made["lineage_sha256"]


def test_answers_and_records_go_where_they_are_wanted(project: Make, tmp_path: Path) -> None:
    root = project()
    (root / "dossier.yaml").write_text("provider_name: Acme GmbH\n", encoding="utf-8")
    result = _report(root, "--out", str(tmp_path / "handover"), "--data")
    assert result.exit_code == 0, result.output
    assert "Acme GmbH" in (tmp_path / "handover/model-card.md").read_text(encoding="utf-8")
    assert (tmp_path / "handover/data/train.jsonl").is_file()
    assert not (root / "dossier").exists()


def test_a_human_reads_what_is_open_and_where_it_lies(project: Make) -> None:
    root = project()
    result = CliRunner().invoke(cli, ["report", "--project", str(root), "--as-of", DAY])
    assert result.exit_code == 0, result.output
    assert "the data protection officer: legal_basis" in result.output
    assert "dossier.html" in result.output


def test_a_project_that_has_not_run_is_told_so(project: Make) -> None:
    root = project()
    (root / "work/lock.json").unlink()
    refused = _refused(root)
    assert refused["exit_code"] == 1
    assert "has not run yet" in refused["error"]


@pytest.mark.parametrize("file", ["review/accepted.jsonl", "evaluate/summary.json", "scrub/documents.jsonl"])
def test_a_tampered_file_is_named(project: Make, file: str) -> None:
    root = project()
    path = root / "work" / file
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    refused = _refused(root)
    assert refused["exit_code"] == 1
    stage, name = file.split("/")
    assert stage in refused["error"]
    assert name in refused["error"]


def test_a_block_of_the_license_check_refuses(project: Make) -> None:
    refused = _refused(project(license="CC-BY-NC-4.0"))
    assert refused["exit_code"] == 3
    assert "CC-BY-NC-4.0" in refused["error"]
    assert refused["details"]["verdict"] == "block"


def test_an_open_question_refuses_to_hand_on_and_not_to_keep_inside(project: Make) -> None:
    root = project(license="CC-BY-SA-4.0")
    refused = _refused(root)
    assert refused["exit_code"] == 3
    assert "Counsel must decide" in refused["error"]
    kept = _report(root, "--set", "use.distribution=internal")
    assert kept.exit_code == 0, kept.output


def test_counsels_signed_decision_opens_the_way_and_is_shown(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(license="CC-BY-SA-4.0")
    monkeypatch.chdir(root)
    monkeypatch.setattr("kdvert.cli.override.datetime", _Day)
    asked = [row for row in _refused(root)["details"]["links"] if row["verdict"] == "ask-counsel"]
    run = CliRunner()
    key = json.loads(run.invoke(cli, ["keys", "new", "--name", "Jane Doe", "--role", "counsel", "--json"]).stdout)
    monkeypatch.setenv(KEY, key["private_key"])
    for row in asked:
        link = f"{row['kind']}:{row['subject']}"
        words = ["override", "add", "--link", link, "--reason", "Agreed in writing.", "--expires", "2999-01-31"]
        added = run.invoke(cli, words)
        assert added.exit_code == 0, added.output
    result = _report(root)
    assert result.exit_code == 0, result.output
    for name in ("dossier.html", "model-card.md", "bom.cdx.json"):
        text = (root / "dossier" / name).read_text(encoding="utf-8")
        assert "Jane Doe" in text
        assert "Agreed in writing." in text


def test_a_student_of_a_forgotten_source_is_refused(project: Make) -> None:
    root = project()
    mark = adapters.Taint(
        at="2026-11-20T00:00:00+00:00", documents=["doc-0001"], train=3, validation=0, base=None, data_sha256=None,
        weights_sha256="0" * 64, job="j1",
    )  # fmt: skip
    write_json(root / "work/distill/adapter" / adapters.MARK, mark.model_dump())
    refused = _refused(root)
    assert refused["exit_code"] == 3
    assert "forgotten" in refused["error"]


def test_unknown_answers_are_refused_with_the_nearest(project: Make) -> None:
    root = project()
    (root / "dossier.yaml").write_text("provider_nam: Acme\n", encoding="utf-8")
    refused = _refused(root)
    assert refused["exit_code"] == 2
    assert "provider_name" in refused["hint"]
