from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kdvert.configuration import validate
from kdvert.decisions import enrolling, trail
from kdvert.errors import UserError, WorkFailed
from kdvert.stages import report
from kdvert.stages.contract import StageContext
from kdvert.store import read_json
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

MakeContext = Callable[..., StageContext]


@pytest.fixture
def folders(tmp_path: Path, vertical: Vertical) -> dict[str, Path]:
    source = Path(__file__).parents[1] / "reporting/finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run_for_stage", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: dict[str, Path] = module.write(tmp_path / "finished", vertical)
    return written


def test_stage_writes_page_and_numbers(make_context: MakeContext, folders: dict[str, Path]) -> None:
    ctx = make_context("report", folders, resolved={"report": {"samples": 2}})
    summary = report.run(ctx, report.Config(samples=2, title="Ward rounds"))
    facts = read_json(ctx.out / "report.json")
    assert sorted(p.name for p in ctx.out.iterdir()) == ["report.html", "report.json"]
    assert summary["accepted"] == facts["funnel"]["steps"][-1]["count"]
    assert (len(facts["samples"]), len(facts["rejected"])) == (2, 2)
    assert facts["about"]["title"] == "Ward rounds"
    assert facts["about"]["project"] == "test-project"


def test_second_run_over_leftovers_gives_the_same_bytes(make_context: MakeContext, folders: dict[str, Path]) -> None:
    ctx = make_context("report", folders)
    report.run(ctx, report.Config())
    first = (ctx.out / "report.html").read_bytes()
    (ctx.out / "report.html").write_bytes(first[:100])
    report.run(ctx, report.Config())
    assert (ctx.out / "report.html").read_bytes() == first


def test_content_names_every_layer_of_templates(make_context: MakeContext, tmp_path: Path, vertical: Vertical) -> None:
    (tmp_path / "templates/report").mkdir(parents=True)
    ctx = make_context("report", templates=TemplateSet(tmp_path / "templates", vertical.templates))
    paths = report.content(ctx, report.Config())
    assert paths[-1] == tmp_path / "templates/report"
    facts = ["corpora", "licenses", "models", "privacy", "conditions.yaml", "duties.yaml", "uses.yaml"]
    assert [p.name for p in paths] == [*facts, "report", "report"]


def test_content_names_what_counsel_decided(make_context: MakeContext, tmp_path: Path) -> None:
    enrolling.enroll(tmp_path, name="Jane Doe", role="counsel", now=datetime(2026, 11, 24, tzinfo=UTC), fresh=True)
    (tmp_path / "overrides").mkdir()
    paths = report.content(make_context("report"), report.Config())
    assert {tmp_path / n for n in ("overrides", "signers.yaml")} <= set(paths)


def test_of_the_trail_only_what_is_shown_counts(make_context: MakeContext, tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    ctx = make_context("report")

    def shown() -> dict[str, str]:
        return report.extracts(ctx, report.Config())

    nothing = shown()
    counsel = enrolling.enroll(tmp_path, name="Jane Doe", role="counsel", now=now, fresh=True)[0]
    approver = enrolling.enroll(tmp_path, name="Abe Low", role="approver", now=now, fresh=True)[0]
    trail.append(tmp_path, "record-accepted", now=now, signer=counsel, refs={"record": "ab" * 32, "content": "cd" * 32})
    trail.append(tmp_path, "signed-off", now=now, signer=approver, refs={"scope": "release"})  # it signs the report
    assert shown() == nothing
    trail.append(tmp_path, "override-added", now=now, signer=counsel, refs={"override": "ef" * 32})
    with_override = shown()
    trail.append(tmp_path, "signed-off", now=now, signer=approver, refs={"scope": "training"})
    assert len({str(found) for found in (nothing, with_override, shown())}) == 3


def test_without_inputs_it_says_what_is_missing(make_context: MakeContext) -> None:
    with pytest.raises(WorkFailed, match="has not run"):
        report.run(make_context("report"), report.Config())


@pytest.mark.parametrize("settings", [{"sampels": 3}, {"samples": -1}, {"samples": "many"}])
def test_wrong_settings_are_explained(settings: dict[str, object]) -> None:
    with pytest.raises(UserError, match="sam"):
        validate(report.Config, settings, where="kdvert.yaml: report")


def test_importing_the_stage_is_light() -> None:
    code = (
        "import sys, kdvert.stages.report\n"
        "heavy = {'matplotlib', 'numpy', 'torch', 'spacy', 'presidio_analyzer', 'chromadb', 'langchain_core'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
