"""A small project whose records wait for people: real texts, the files of the stages written as they leave them."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from kdvert.decisions import enrolling, signers, trail, trail_check
from kdvert.decisions.signing import KEY, Signer
from kdvert.pipeline import runner
from kdvert.pipeline.lock import LockRow, write_row
from kdvert.privacy.as_scrubbed import AsScrubbed
from kdvert.progress import Silent
from kdvert.project import read
from kdvert.records import Example
from kdvert.review import preparing
from kdvert.review.desk import Desk, Wish
from kdvert.review.queue import Filter
from kdvert.store import write_json, write_jsonl, write_text
from kdvert.verticals import Vertical

from .browser import chromium, new_page, online  # noqa: F401 - fixtures
from .place import copied, manned, open_desk, people, place, quick, root, serve  # noqa: F401 - fixtures

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETTINGS = """vertical: medicine
name: under-review
use: {distribution: internal, commercial: false}
ingest: {sources: [{path: "sources/*.md", license: CC0-1.0, publisher: kdvert project}]}
review: {look_at: sample, bound: 0.1, double: 0.2}
"""


@dataclass
class Site:
    """A project under review. Rita and Rolf review, Anna approves, Ada administers."""

    root: Path
    keys: dict[str, tuple[Signer, str]] = field(default_factory=dict)

    def person(self, name: str, role: str = "reviewer") -> Signer:
        if name not in self.keys:
            made, private = enrolling.enroll(self.root, name=name, role=role, now=NOW, fresh=True)  # type: ignore[arg-type]
            self.keys[name] = (made, str(private))
        return self.keys[name][0]

    def private(self, name: str) -> str:
        return self.keys[name][1]

    def desk(self) -> Desk:
        return Desk.open(runner.prepare(read(self.root)), Silent())

    def records(self, desk: Desk) -> list[Example]:
        return [desk.queue.example(e) for e in desk.queue.all(Filter(place="accepted"), "")]

    def decide(self, desk: Desk, name: str, record: str, action: str = "accept", **more: object) -> trail.Entry:
        entry = desk.queue.entry(record)
        assert entry
        wish = Wish(record, action, entry.version, **more)  # type: ignore[arg-type]
        return desk.decide(self.person(name), wish)

    def plant(self, count: int = 3) -> Desk:
        return preparing.plant(self.desk(), self.person("Ada"), count, Silent())

    def entries(self) -> list[trail.Entry]:
        return trail.entries(self.root)

    def wrong(self) -> list[str]:
        """Return the codes of what is wrong with the trail."""
        return [d.code for d in trail_check.differences(self.root, signers.read(self.root))]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, vertical: Vertical) -> Path:
    finished, made = _finished_run(), tmp_path_factory.mktemp("review") / "project"
    work = made / "work"
    docs = finished.documents(vertical)
    parts = finished.chunks(docs)
    accepted, rejected = finished.examples(parts)
    write_text(made / "kdvert.yaml", SETTINGS)
    for path in vertical.corpus:
        write_text(made / "sources" / path.name, path.read_text(encoding="utf-8"))
    write_jsonl(work / "scrub/documents.jsonl", docs)
    write_jsonl(work / "scrub/logs.jsonl", [finished._log(d, n) for n, d in enumerate(docs)])
    write_jsonl(work / "scrub/ledger.jsonl", [])
    write_json(work / "scrub/settings.json", AsScrubbed().__dict__)
    write_jsonl(work / "index/chunks.jsonl", parts)
    write_jsonl(work / "filter/accepted.jsonl", accepted[:60])
    write_jsonl(work / "filter/rejected.jsonl", rejected[:10])
    for name in ("ingest", "scrub", "index", "elicit", "filter"):
        row = LockRow(parts={}, outputs={}, summary={}, seconds=1, finished="2026-11-24T00:00:00")
        write_row(work, name, row)
    return made


@pytest.fixture
def site(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A copy of the project, to be changed."""
    monkeypatch.delenv(KEY, raising=False)
    shutil.copytree(built, tmp_path / "project")
    made = Site(tmp_path / "project")
    for name, role in (("Rita", "reviewer"), ("Rolf", "reviewer"), ("Anna", "approver"), ("Ada", "admin")):
        made.person(name, role)
    return made


def _finished_run() -> ModuleType:
    path = Path(__file__).parents[1] / "reporting" / "finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
