"""Fixtures: a finished run to report on."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kdvert.reporting import compose
from kdvert.reporting.facts import Report
from kdvert.reporting.inputs import Inputs
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

CONFIGURATION: dict[str, Any] = {
    "vertical": "medicine",
    "use": {"distribution": "internal", "commercial": True},
    "elicit": {"teacher": {"model": "embedded", "api_key_env": "OPENAI_API_KEY"}},
    "distill": {"student": "embedded", "epochs": 3},
}


@pytest.fixture(scope="session")
def finished_run() -> ModuleType:
    """The module that writes the folders of a finished run."""
    spec = importlib.util.spec_from_file_location("finished_run", Path(__file__).with_name("finished_run.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folders(finished_run: ModuleType, tmp_path: Path, vertical: Vertical) -> dict[str, Path]:
    """The output folders of all stages but the report."""
    written: dict[str, Path] = finished_run.write(tmp_path / "work", vertical)
    return written


@pytest.fixture
def collect(folders: dict[str, Path], vertical: Vertical) -> Callable[..., Report]:
    """Return a function that collects the report of the finished run."""

    def collected(**changes: Any) -> Report:
        options: dict[str, Any] = {
            "project": "ward-assistant",
            "configuration": CONFIGURATION,
            "root": folders["ingest"].parent.parent,
            "today": date(2026, 11, 24),
            "now": datetime(2026, 5, 17, 9, 30, tzinfo=UTC),
        }
        return compose.collect(Inputs(folders), vertical, **(options | changes))

    return collected


@pytest.fixture
def page(collect: Callable[..., Report], tmp_path: Path, vertical: Vertical) -> Callable[..., str]:
    """Return a function that writes the report of the finished run and reads the page back."""

    def written(project_templates: Path | None = None, **changes: Any) -> str:
        out = tmp_path / "report"
        compose.write(collect(**changes), out, TemplateSet(project_templates, vertical.templates))
        return (out / "report.html").read_text(encoding="utf-8")

    return written
