"""A project whose stages have left their output, with a lock that fits it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from kdvert import content
from kdvert.licensing import manifest
from kdvert.pipeline import kept_facts, runner
from kdvert.pipeline.fingerprint import input_hash, output_hashes
from kdvert.pipeline.lock import LockRow, read_lock, write_row
from kdvert.pipeline.scaffold import new_project
from kdvert.pipeline.table import STAGES
from kdvert.project import read
from kdvert.store import write_text
from kdvert.verticals import Vertical


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of kdvert's own facts, to be edited, with a manifest that fits it; kdvert reads this one."""
    shipped = content.content_root()
    root = tmp_path / "content"
    shutil.copytree(shipped / "compliance", root / "compliance")
    (root / "templates").symlink_to(shipped / "templates")
    write_text(root / "compliance" / manifest.FILE, manifest.text(root / "compliance"))
    monkeypatch.setattr(content, "content_root", lambda: root)
    _forget_facts()
    yield root / "compliance"
    monkeypatch.undo()
    _forget_facts()


@pytest.fixture
def forget_facts() -> Callable[[], None]:
    """Return a function that has the facts read anew."""
    return _forget_facts


def _forget_facts() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("kdvert.licensing"):
            for thing in vars(module).values():
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


@pytest.fixture
def finished(tmp_path: Path, vertical: Vertical, facts: Path) -> Path:
    """A project's folder: the medicine scaffold, and what every stage but the report leaves behind."""
    root = tmp_path / "project"
    new_project(vertical, root)
    path = Path(__file__).parents[1] / "reporting" / "finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(root / "work", vertical)
    for row in STAGES[:-1]:
        lock = read_lock(root / "work")
        inputs = {name: input_hash(lock[name], with_summary=row.reports) for name in row.needs}
        outputs = output_hashes(row, root / "work" / row.name)
        parts = {"version": row.module.VERSION, "config": "", "inputs": inputs, "content": {}}
        write_row(root / "work", row.name, LockRow(parts=parts, outputs=outputs, summary={}, seconds=1, finished=""))
    for stage in ("elicit", "distill"):
        kept_facts.keep(root / "work", stage, date(2026, 11, 24))
    return root


@pytest.fixture
def prepared(finished: Path) -> runner.Run:
    """The finished project, ready to be looked at."""
    return runner.prepare(read(finished))
