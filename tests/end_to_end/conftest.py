"""A small project run for real, once, with the network refused; the tests look at what it left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdvert.weights import DEFAULT_EMBEDDER, DEFAULT_MODEL, resolve

GUARD = '''
"""Loaded by every Python process of the run: refuses and records any connection that leaves this machine."""
import os, sys

def hook(event, args):
    if event == "socket.connect":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if host is None or str(host) in ("127.0.0.1", "localhost", "::1"):
        return
    with open(os.environ["KDVERT_TEST_ATTEMPTS"], "a") as stream:
        stream.write(f"{event} {host}\\n")
    raise PermissionError(f"the test refuses {event} to {host}")

sys.addaudithook(hook)
'''

DOCUMENTS = ("asthma.md", "hypertension.md", "hand-hygiene.md")
SMALL = (
    "elicit.passages=8", "elicit.per_passage=2", "distill.epochs=2", "evaluate.limit=6",
    "distill.checkpoint_steps=2", "filter.min_accepted=4",
)  # fmt: skip


@dataclass
class Kdvert:
    """Runs the command line in a subprocess, the network refused."""

    root: Path
    environment: dict[str, str]
    attempts: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "kdvert", *arguments]

    def run(self, *arguments: str, code: int | None = 0) -> str:
        done = subprocess.run(
            self.command(*arguments), cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=900
        )
        assert code in (None, done.returncode), done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str) -> dict:
        return json.loads(self.run(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.root, env=self.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def at(self, root: Path) -> Kdvert:
        return Kdvert(root, self.environment, self.attempts)


@pytest.fixture(scope="session")
def small_settings(tiny_model: Path) -> list[str]:
    """The ``--set`` options of a run that takes a minute, with a tiny random student."""
    return [part for s in (*SMALL, f"distill.student={tiny_model}") for part in ("--set", s)]


@pytest.fixture(scope="session")
def kdvert(tmp_path_factory: pytest.TempPathFactory) -> Kdvert:
    """The command line with the network refused, in an empty folder."""
    base = tmp_path_factory.mktemp("e2e")
    (base / "guard").mkdir()
    (base / "guard" / "sitecustomize.py").write_text(GUARD)
    attempts = base / "attempts.txt"
    environment = {**os.environ, "PYTHONPATH": str(base / "guard"), "KDVERT_TEST_ATTEMPTS": str(attempts)}
    for name in (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_DATASETS_OFFLINE",
        "ANONYMIZED_TELEMETRY",
        "DO_NOT_TRACK",
    ):
        environment.pop(name, None)  # the command line must see to these by itself
    return Kdvert(base, environment, attempts)


@pytest.fixture(scope="session")
def finished(kdvert: Kdvert, small_settings: list[str]) -> Kdvert:
    """A project of three documents, run to its end."""
    for ref in (DEFAULT_MODEL, DEFAULT_EMBEDDER):
        resolve(ref)
    kdvert.run("new", "medicine", "project")
    project = kdvert.at(kdvert.root / "project")
    for path in (project.root / "sources").iterdir():
        if path.name not in DOCUMENTS:
            path.unlink()
    project.run("run", *small_settings)
    return project


@pytest.fixture
def copy(finished: Kdvert, tmp_path: Path) -> Kdvert:
    """A copy of the finished project, to be damaged."""
    shutil.copytree(finished.root, tmp_path / "project")
    return finished.at(tmp_path / "project")
