"""A small project under review, its people, and its server: fixtures for tests over HTTP and in browsers."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from starlette.testclient import TestClient

from kdvert import project
from kdvert.pipeline import runner
from kdvert.pipeline.lock import LockRow, write_row
from kdvert.progress import Silent
from kdvert.records import (
    Chunk,
    Document,
    Evidence,
    Example,
    Finding,
    Message,
    Provenance,
    Sampling,
    ScrubLog,
    Source,
    SpanMove,
    Verdict,
    sha256_text,
)  # fmt: skip
from kdvert.review import accounts, server
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk
from kdvert.store import write_json, write_jsonl, write_text

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
QUICK = {"n": 1 << 4, "r": 8, "p": 1}
TOKEN = "token-of-the-review-tests"
PASSPHRASE = "seven unrelated plain words"
DRUGS = (
    "Aspirin", "Warfarin", "Heparin", "Insulin", "Digoxin", "Ramipril", "Bisoprolol", "Amiodarone", "Furosemide",
    "Metformin", "Gabapentin", "Morphine",
)  # fmt: skip
HOSTILE = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
POLICY = {"look_at": "sample", "bound": 0.3, "double": 0.0, "sign_off": "training"}


def passage(drug: str) -> str:
    """The text of a document."""
    return (
        f"{drug} lowers the risk of a further stroke in adults. Treatment with {drug} starts within nine days. "
        "The letter was written by [PERSON_1] on the ward."
    )


def record(number: int, *, title: str = "", failed: str | None = None) -> Example:
    """A record about a drug."""
    drug = DRUGS[number % len(DRUGS)]
    text = passage(drug)
    quote = text.split(". ")[0] + "."
    request = sha256_text(f"request {number}")
    chunk = f"doc-{number % len(DRUGS):04d}@0-{len(text)}"
    question = f"What does {drug} do to the risk of a further stroke in adults? {title}".strip()
    return Example(
        id=f"{request}-0", vertical="medicine", strategy="curation", skill="grounded_qa", quote=quote,
        messages=[Message(role="user", content=question), Message(role="assistant", content=quote)],
        evidence=[Evidence(chunk_id=chunk, start=0, end=len(quote), quote_sha=sha256_text(quote))],
        provenance=Provenance(
            teacher="m", route="local", templates={"elicit/a.j2": "0" * 64}, request_ids=[request], chunk_ids=[chunk],
            document_ids=[chunk.partition("@")[0]], licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(),
            versions={},
        ),
        verdicts=[Verdict(check="support", passed=failed is None, reason=failed, score=1.0 - number / 50)],
    )  # fmt: skip


def build(root: Path, policy: dict[str, object] | None = None) -> Path:
    """Write the project as a run leaves it after ``filter``."""
    root.mkdir(parents=True)
    settings = {"vertical": "medicine", "name": "ward", "review": policy if policy is not None else POLICY}
    write_text(root / "kdvert.yaml", yaml.safe_dump(settings))
    work = root / "work"
    texts = [passage(drug) for drug in DRUGS]
    ids = [f"doc-{i:04d}" for i in range(len(DRUGS))]
    sources = [Source(uri=f"sources/{i}.md", title=f"Letter {i} {HOSTILE if i == 1 else ''}", license="CC0-1.0",
                      sha256=hashlib.sha256(text.encode()).hexdigest()) for i, text in enumerate(texts)]  # fmt: skip
    documents = [Document(id=i, source=s, text=t) for i, s, t in zip(ids, sources, texts)]
    write_jsonl(work / "scrub/documents.jsonl", documents)
    logs = [_log(i, text) for i, text in zip(ids, texts)]
    write_jsonl(work / "scrub/logs.jsonl", logs)
    write_jsonl(work / "scrub/ledger.jsonl", [])
    write_json(work / "scrub/settings.json", {})
    chunks = [Chunk(id=f"{i}@0-{len(t)}", document_id=i, start=0, end=len(t), title=s.title, license="CC0-1.0", text=t)
              for i, s, t in zip(ids, sources, texts)]  # fmt: skip
    write_jsonl(work / "index/chunks.jsonl", chunks)
    write_jsonl(work / "filter/accepted.jsonl", [record(n, title=HOSTILE if n == 3 else "") for n in range(12)])
    rejects = [record(20, failed="answer_not_supported"), record(21, failed="no_evidence")]
    write_jsonl(work / "filter/rejected.jsonl", rejects)
    for stage in ("scrub", "index", "filter"):
        row = LockRow(parts={}, outputs={}, summary={}, seconds=0, finished=NOW.isoformat())
        write_row(work, stage, row)
    return root


def _log(document: str, text: str) -> ScrubLog:
    at = text.index("[PERSON_1]")
    found = Finding(entity="PERSON", start=at, end=at + 8, score=0.7, action="replace")
    move = SpanMove(start=at, end=at + 8, scrubbed_start=at, scrubbed_end=at + 10)
    return ScrubLog(document_id=document, findings=[found], moves=[move])


PEOPLE = {"Ada Adams": "admin", "Rita Roe": "reviewer", "Rob Ray": "reviewer", "Abe Low": "approver"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The project's folder."""
    return build(tmp_path / "site")


@pytest.fixture
def people(root: Path) -> Accounts:
    """The project's people: an admin, two reviewers and an approver."""
    return _add_people(root)


def _add_people(root: Path) -> Accounts:
    made = Accounts(root)
    for name, role in PEOPLE.items():
        made.add(name, role, PASSPHRASE, NOW)  # type: ignore[arg-type]
    return made


@pytest.fixture(scope="session")
def manned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its people, whose passphrases are stretched for less long."""
    root = build(tmp_path_factory.mktemp("manned") / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_COST", QUICK)
        _add_people(root)
    return root


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passphrases stretched for less long: a tenth of a second each is a minute for all tests."""
    monkeypatch.setattr(accounts, "_COST", QUICK)


@pytest.fixture
def copied(tmp_path: Path, manned: Path, quick: None) -> Path:
    """A copy of that project, to be changed."""
    return Path(shutil.copytree(manned, tmp_path / "manned"))


@pytest.fixture
def open_desk(root: Path) -> Iterator[Callable[[], Desk]]:
    """Return a function that opens the review anew."""
    opened: list[Desk] = []

    def opening() -> Desk:
        desk = Desk.open(runner.prepare(project.read(root)), Silent())
        opened.append(desk)
        return desk

    yield opening
    for desk in opened:
        desk.queue.close()


class Visitor(TestClient):
    """A browser without a screen: past the gate, and signed in if a name is given."""

    csrf = ""

    def sign_in(self, name: str, passphrase: str = PASSPHRASE):
        answer = self.post("/sign-in", data={"name": name, "passphrase": passphrase})
        self.csrf = (re.findall(r'name="csrf" value="([^"]+)"', answer.text) or [""])[0]
        return answer

    def submit(self, path: str, **form: str):
        """Send a form of this session."""
        return self.post(path, data={"csrf": self.csrf, **form})


@dataclass
class Place:
    """The application as it is served, without a socket in between."""

    opened: server.Opened
    clock: list[float]

    @property
    def site(self):
        return self.opened.site

    @property
    def desk(self) -> Desk:
        return self.opened.site.desk

    @property
    def origin(self) -> str:
        parts = urlsplit(self.opened.url)
        return f"{parts.scheme}://{parts.netloc}"

    def visitor(self, name: str | None = None, *, gate: bool = True) -> Visitor:
        made = Visitor(self.opened.app, base_url=self.origin, raise_server_exceptions=False)
        if gate:
            assert made.get(f"/?token={TOKEN}").status_code == 200
        if name:
            assert made.sign_in(name).status_code == 200
        return made


@pytest.fixture
def place(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The application, with a clock of its own."""
    monkeypatch.setenv(server.VARIABLE, TOKEN)
    clock = [1000.0]
    with server.open_server(runner.prepare(project.read(copied)), 0) as opened:
        for part in (opened.site, opened.site.sessions, opened.site.throttle):
            name = "clock" if part is opened.site else "_clock"
            setattr(part, name, lambda: clock[0])
        yield Place(opened, clock)


@pytest.fixture
def serve(root: Path) -> Iterator[Callable[[], str]]:
    """Return a function that starts ``kdvert review`` in a process of its own and gives its address with the token."""
    started: list[subprocess.Popen[str]] = []

    def serving() -> str:
        command = [sys.executable, "-u", "-m", "kdvert", "review", "--project", str(root), "--port=0", "--no-browser"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, server.VARIABLE: TOKEN}
        )
        started.append(process)
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                _wait_for(found.group())
                return found.group()
        raise AssertionError("the server did not start")

    yield serving
    for process in started:
        process.terminate()
        process.wait(30)


def _wait_for(url: str) -> None:
    import requests

    for _ in range(200):
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
