"""An assistant with a tiny student and a real index, in a finished project."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdvert.pipeline import assistant as opening
from kdvert.pipeline import runner
from kdvert.project import read
from kdvert.serving.assistant import Assistant
from kdvert.serving.settings import Settings


@pytest.fixture(scope="session")
def assistant(finished_student: Path) -> Iterator[Assistant]:
    """The assistant of the finished project, with short answers: a tiny student never ends by itself."""
    run = runner.prepare(read(finished_student))
    settings = Settings(passages=2, passage_tokens=60, max_new_tokens=12)
    with opening.open_assistant(run, settings) as opened:
        yield opened


@pytest.fixture
def project(finished_student: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to be changed."""
    shutil.copytree(finished_student, tmp_path / "project")
    return tmp_path / "project"
