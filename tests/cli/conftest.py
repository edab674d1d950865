"""A small project whose documents are indexed already, and a command line to call on a copy of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli

TEXTS = {
    "asthma": "Inhaled corticosteroids are the main long-term treatment of asthma in adults. They reduce the "
    "inflammation of the airways and prevent most attacks.",
    "hands": "Soap and water must be used when hands are visibly soiled. Hand sanitizer should contain at least sixty "
    "percent alcohol by volume.",
    "stroke": "Statins lower the risk of a further stroke in older adults. High blood pressure is the most important "
    "treatable risk factor for stroke.",
    "wounds": "Compression therapy is the main treatment for venous leg ulcers. Debridement removes dead tissue so "
    "that a wound can heal.",
}
SETTINGS = """
vertical: medicine
ingest: {sources: [{path: "sources/**", license: CC0-1.0}]}
elicit:
  retrieve_k: 2
  teacher: {model: qwen2.5-7b-instruct, base_url: "%s", retries: 0, price_in: 2.0, price_out: 10.0}
"""


@pytest.fixture(scope="session")
def indexed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four documents, read, scrubbed and indexed by the real models."""
    root = tmp_path_factory.mktemp("indexed") / "project"
    (root / "sources").mkdir(parents=True)
    for name, text in TEXTS.items():
        (root / f"sources/{name}.md").write_text(f"# {name.title()}\n\n{text}\n", encoding="utf-8")
    (root / "kdvert.yaml").write_text(SETTINGS % "http://127.0.0.1:9/v1", encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", "--until", "index", "--project", str(root)])
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def indexed(indexed_once: Path, tmp_path: Path, endpoint: Any) -> Path:
    """A copy of that project whose teacher is the mock endpoint."""
    root = tmp_path / "project"
    shutil.copytree(indexed_once, root)
    (root / "kdvert.yaml").write_text(SETTINGS % endpoint.url, encoding="utf-8")
    return root


@pytest.fixture
def invoke() -> Callable[..., Any]:
    """Return a function that calls kdvert on a project and checks its exit code."""

    def called(root: Path, *arguments: str, code: int = 0) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--project", str(root)])
        assert result.exit_code == code, result.output + str(result.exception)
        assert "Traceback" not in result.output
        return json.loads(result.stdout) if "--json" in arguments else result.output

    return called
