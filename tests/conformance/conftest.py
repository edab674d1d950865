"""A copy of the sample vertical that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert import verticals
from kdvert.conformance import suite

SAMPLE = Path(__file__).parents[1] / "sample_vertical" / "kdvert_agronomy"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the sample vertical's package folder."""
    leave = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(SAMPLE, tmp_path / "kdvert_agronomy", ignore=leave))


@pytest.fixture
def edit(package: Path) -> Callable[[str, str, str], None]:
    """Return a function that replaces text in a file of the copy and insists that it was there."""

    def replace(name: str, old: str, new: str) -> None:
        path = package / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def problems(package: Path) -> Callable[[], dict[str, list[str]]]:
    """Return a function that runs the suite on the copy and gives the problems of each failed row."""
    return lambda: {r.name: r.problems for r in suite.run(verticals.at(package)) if r.problems}
