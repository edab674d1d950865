"""A finished project with a tiny student, to export from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def project(finished_student: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished_student, tmp_path / "project")
    return tmp_path / "project"
