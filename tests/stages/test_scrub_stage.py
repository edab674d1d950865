from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kdvert.errors import UserError
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import Document, ScrubLog, Source
from kdvert.stages import scrub
from kdvert.stages.contract import StageContext
from kdvert.store import hash_tree, read_json, read_jsonl, write_jsonl

TEXT = "Maria Alvarez, MRN 4821{n:04d}, was seen on May 6, 2024. Warfarin was stopped for 3 days. "


@pytest.fixture
def ingest(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "ingest"
    source = Source(uri="notes.jsonl", title="Note on Maria Alvarez", license="CC0-1.0", sha256="0" * 64)
    rows = [Document(id=f"notes.jsonl#{n}", source=source, text=TEXT.format(n=n)) for n in range(12)]
    write_jsonl(folder / "documents.jsonl", rows)
    return folder


def run(
    make_context: Callable[..., StageContext], ingest: Path, **settings: Any
) -> tuple[StageContext, dict[str, Any]]:
    ctx = make_context("scrub", {"ingest": ingest})
    return ctx, scrub.run(ctx, scrub.Config.model_validate(settings))


def test_the_documents_come_out_scrubbed(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx, summary = run(make_context, ingest)
    raw = read_jsonl(ingest / "documents.jsonl", Document)
    clean = read_jsonl(ctx.out / "documents.jsonl", Document)
    logs = read_jsonl(ctx.out / "logs.jsonl", ScrubLog)
    assert [d.id for d in clean] == [d.id for d in raw] == [log.document_id for log in logs]
    assert clean[3].text == (
        "[PERSON_1], MRN [MEDICAL_RECORD_NUMBER_1], was seen on 2024. Warfarin was stopped for 3 days. "
    )
    assert clean[3].source.title == "Note on [PERSON_1]"
    assert summary["documents"] == 12
    assert summary["entities"] == {"DATE_TIME": 12, "MEDICAL_RECORD_NUMBER": 12, "PERSON": 12}
    assert sorted(p.name for p in ctx.out.iterdir()) == ["documents.jsonl", "logs.jsonl", "summary.json"]


def test_no_file_holds_a_raw_value(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx, _ = run(make_context, ingest)
    for path in ctx.out.rglob("*"):
        text = path.read_text(encoding="utf-8")
        assert "Alvarez" not in text
        assert "48210" not in text


def test_the_summary_tells_the_policy(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx, _ = run(make_context, ingest, extra_regimes=["gdpr"], actions={"ZIP_CODE": "drop"})
    summary = read_json(ctx.out / "summary.json")
    assert summary["regimes"] == ["hipaa-safe-harbor", "gdpr"]
    assert summary["policy"]["types"]["ZIP_CODE"]["action"] == "drop"
    assert summary["policy_sha"] == summary["policy"]["policy_sha"]


def test_finished_documents_are_not_done_again(
    make_context: Callable[..., StageContext], ingest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = make_context("scrub", {"ingest": ingest})
    done: list[str] = []
    genuine = Scrubber.scrub

    def counted(self: Scrubber, document_id: str, text: str, title: str = "") -> Any:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(document_id)
        return genuine(self, document_id, text, title)

    monkeypatch.setattr(Scrubber, "scrub", counted)
    with pytest.raises(KeyboardInterrupt):
        scrub.run(ctx, scrub.Config())
    with open(ctx.out / "journal.jsonl", "ab") as stream:
        stream.write(b'{"key": "half a li')
    first, done[:] = list(done), []
    monkeypatch.setattr(Scrubber, "scrub", lambda *a, **k: (done.append(a[1]), genuine(*a, **k))[1])
    scrub.run(ctx, scrub.Config())
    assert first + done == [f"notes.jsonl#{n}" for n in range(12)]
    assert len(read_jsonl(ctx.out / "documents.jsonl", Document)) == 12


def test_a_journal_of_another_policy_or_text_is_not_used(
    make_context: Callable[..., StageContext], ingest: Path
) -> None:
    ctx = make_context("scrub", {"ingest": ingest})
    (ctx.out / "journal.jsonl").write_text('{"key": "old", "document": {}, "log": {}}\n', encoding="utf-8")
    scrub.run(ctx, scrub.Config())
    assert len(read_jsonl(ctx.out / "documents.jsonl", Document)) == 12


def test_wrong_settings_are_told_before_anything_is_written(
    make_context: Callable[..., StageContext], ingest: Path
) -> None:
    ctx = make_context("scrub", {"ingest": ingest})
    with pytest.raises(UserError, match="looser"):
        scrub.run(ctx, scrub.Config(actions={"PERSON": "keep"}))
    assert list(ctx.out.iterdir()) == []


def test_the_files_that_decide_are_named(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx = make_context("scrub", {"ingest": ingest})
    found = scrub.content(ctx, scrub.Config())
    assert all(path.exists() for path in found)
    assert {path.name for path in found} == {"privacy.yaml", "recognizers.yaml", "privacy"}


SCRIPT = """
import sys
from pathlib import Path
from kdvert import verticals
from kdvert.stages import scrub
from kdvert.stages.contract import StageContext
from kdvert.templates import TemplateSet

if __name__ == "__main__":
    ingest, out = map(Path, sys.argv[1:3])
    ctx = StageContext(
        project=out, name="k", vertical=verticals.load("medicine"), templates=TemplateSet(None, None),
        out=out, inputs={"ingest": ingest}, cache=out,
    )
    scrub.run(ctx, scrub.Config(workers=int(sys.argv[3])))
"""


@pytest.mark.parametrize(("workers", "repeats"), [(1, 2), pytest.param(2, 45, marks=pytest.mark.slow)])
def test_kill_and_run_again_gives_the_same(tmp_path: Path, workers: int, repeats: int) -> None:
    ingest = tmp_path / "ingest"
    source = Source(uri="notes.jsonl", title="Note", license="CC0-1.0", sha256="0" * 64)
    rows = [Document(id=f"n#{n}", source=source, text=TEXT.format(n=n) * repeats) for n in range(120)]
    write_jsonl(ingest / "documents.jsonl", rows)
    script = tmp_path / "call.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def start(out: Path) -> subprocess.Popen[bytes]:
        out.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, str(script), str(ingest), str(out), str(workers)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    assert start(tmp_path / "whole").wait() == 0
    process = start(tmp_path / "killed")
    journal = tmp_path / "killed" / "journal.jsonl"
    while process.poll() is None and not (journal.is_file() and journal.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "documents.jsonl").exists()
    assert start(tmp_path / "killed").wait() == 0
    outputs = [hash_tree(tmp_path / name, leave_out=["summary.json"]) for name in ("whole", "killed")]
    assert outputs[0] == outputs[1]
