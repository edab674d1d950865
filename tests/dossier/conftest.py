"""Fixtures: the lineage of a finished run whose sources may be handed on."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kdvert.dossier import gather
from kdvert.dossier.lineage import Lineage, StageFacts
from kdvert.licensing import chain
from kdvert.licensing.use import Use
from kdvert.reporting.inputs import Inputs
from kdvert.verticals import Vertical

TODAY = date(2026, 11, 24)
CONFIGURATION: dict[str, Any] = {
    "vertical": "medicine",
    "use": {"distribution": "distributed", "commercial": True},
    "elicit": {"teacher": {"model": "embedded", "api_key_env": "OPENAI_API_KEY"}},
    "distill": {"student": "embedded", "epochs": 3},
}
LICENSES = (("CC0-1.0", "kdvert project"), ("CC-BY-4.0", "Example Health Institute"), ("CC-BY-4.0", None))


@pytest.fixture(scope="session")
def finished_run() -> ModuleType:
    """The module that writes the folders of a finished run, with licenses that kdvert knows."""
    path = Path(__file__).parents[1] / "reporting" / "finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run_for_dossier", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.LICENSES = LICENSES
    return module


@pytest.fixture
def folders(finished_run: ModuleType, tmp_path: Path, vertical: Vertical) -> dict[str, Path]:
    """The output folders of all stages but the report."""
    written: dict[str, Path] = finished_run.write(tmp_path / "work", vertical)
    return written


@pytest.fixture
def gathered(folders: dict[str, Path], vertical: Vertical, tmp_path: Path) -> Callable[..., Lineage]:
    """Return a function that gathers the lineage of the finished run; keywords of `Use` change the use."""

    def lineage(
        answers: dict[str, str] | None = None,
        taint: tuple[Any, ...] = (),
        teacher: str = "embedded",
        student: str = "embedded",
        **use: Any,
    ) -> Lineage:
        intended = Use(**({"distribution": "distributed", "commercial": True} | use))
        names = sorted({license_id for license_id, _ in LICENSES})
        report = chain.check(
            sources=[chain.SourceUse(license=name) for name in names],
            teacher=teacher,
            base_url=None,
            student=student,
            use=intended,
            today=TODAY,
        )
        row = {"finished": "2026-11-24T12:00:00+00:00", "seconds": 1.5, "outputs": {"summary.json": "0" * 64}}
        return gather.lineage(
            Inputs(folders),
            vertical,
            project="ward-assistant",
            root=tmp_path,
            configuration=CONFIGURATION,
            licensing=report,
            stages=[StageFacts(name=name, **row) for name in folders],
            taint=taint,
            answers=answers,
        )

    return lineage


@pytest.fixture
def lineage(gathered: Callable[..., Lineage]) -> Lineage:
    """The lineage of the finished run, for a student that others get."""
    return gathered()
