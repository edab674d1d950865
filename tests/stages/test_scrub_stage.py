from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from kdvert import verticals
from kdvert.errors import UserError
from kdvert.privacy import keys, pool, sealed
from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubber
from kdvert.privacy.sealed import SealedMap
from kdvert.records import Document, ScrubLog, Source, sha256_text
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
    written = ["documents.jsonl", "ledger.jsonl", "logs.jsonl", "settings.json", "summary.json"]
    assert sorted(p.name for p in ctx.out.iterdir()) == written
    assert (ctx.out / "ledger.jsonl").read_text() == ""
    assert read_json(ctx.out / "settings.json")["replace_with"] == "placeholder"


def test_no_file_holds_a_raw_value(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx, _ = run(make_context, ingest)
    for path in ctx.out.rglob("*"):
        text = path.read_text(encoding="utf-8")
        assert "Alvarez" not in text
        assert "48210" not in text


def documents(folder: Path, *rows: tuple[str, str, str, dict[str, str]]) -> None:
    """Write documents of (id, path, text, other facts about the source)."""
    write_jsonl(
        folder / "documents.jsonl",
        [
            Document(
                id=i,
                text=text,
                source=Source(**({"uri": uri, "title": "T", "license": "CC0-1.0", "sha256": "0"} | more)),
            )
            for i, uri, text, more in rows
        ],
    )


def test_what_a_source_says_of_itself_names_nobody(make_context: Callable[..., StageContext], ingest: Path) -> None:
    address = {"url": "https://ward.example.org/~lopez/48213377", "publisher": "Dr. Maria Lopez, MRN 48213377"}
    agency = {"url": "https://example.org/asthma", "publisher": "US National Library of Medicine"}
    documents(
        ingest,
        ("doc-0001", "sources/Discharge Maria Lopez 1984.pdf", "Wash your hands.", address),
        ("doc-0002#1", "sources/ward/rows.jsonl", "Wash your hands.", agency),
        ("doc-0003#1", "sources/painful/ulster wounds.jsonl", "Wash your hands.", {}),
        ("doc-0003#2", "sources/painful/ulster wounds.jsonl", "Patient Mary Ulster, MRN 48213377, was seen.", {}),
    )
    ctx, _ = run(make_context, ingest)
    first, second, third, fourth = (d.source for d in read_jsonl(ctx.out / "documents.jsonl", Document))
    assert (first.uri, first.url) == ("doc-0001.pdf", "https://ward.example.org/")
    assert "Lopez" not in str(first.publisher)
    assert "48213377" not in str(first.publisher)
    assert (second.uri, second.url, second.publisher) == ("doc-0002.jsonl", agency["url"], agency["publisher"])
    assert third.uri == fourth.uri == "doc-0003.jsonl"
    assert first.sha256 == sha256_text("Wash your hands.")
    for path in ctx.out.rglob("*"):
        assert not [raw for raw in ("Lopez", "lopez", "Ulster", "ulster", "4821") if raw in path.read_text("utf-8")]


def test_a_path_of_plain_words_stays(make_context: Callable[..., StageContext], ingest: Path) -> None:
    documents(ingest, ("doc-0001", "sources/guidelines/asthma.md", "Wash your hands.", {}))
    ctx, _ = run(make_context, ingest)
    assert read_jsonl(ctx.out / "documents.jsonl", Document)[0].source.uri == "sources/guidelines/asthma.md"


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
    genuine = Scrubber.scrub_batch

    def counted(self: Scrubber, batch: Sequence[tuple[str, str, str]], **options: Any) -> Any:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.extend(document_id for document_id, _, _ in batch)
        return genuine(self, batch, **options)

    monkeypatch.setattr(pool, "BATCH", 5)
    monkeypatch.setattr(Scrubber, "scrub_batch", counted)
    with pytest.raises(KeyboardInterrupt):
        scrub.run(ctx, scrub.Config())
    with open(ctx.out / "journal.jsonl", "ab") as stream:
        stream.write(b'{"key": "half a li')
    first, done[:] = list(done), []

    def counted_on(self: Scrubber, batch: Sequence[tuple[str, str, str]], **options: Any) -> Any:
        done.extend(document_id for document_id, _, _ in batch)
        return genuine(self, batch, **options)

    monkeypatch.setattr(Scrubber, "scrub_batch", counted_on)
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


def test_surrogates_stand_in_the_ledger_and_a_second_scrubbing_changes_nothing(
    make_context: Callable[..., StageContext], ingest: Path, vertical: verticals.Vertical
) -> None:
    ctx, _ = run(make_context, ingest, replace_with="surrogate")
    clean = read_jsonl(ctx.out / "documents.jsonl", Document)
    assert not [d for d in clean if "Alvarez" in d.text + d.source.title or "[PERSON" in d.text]
    assert len({d.text.split(",")[0] for d in clean}) > 6  # another name in every document
    ledger = Ledger.read(ctx.out / "ledger.jsonl")
    assert {e.entity for e in ledger.entries} == {"PERSON", "MEDICAL_RECORD_NUMBER"}
    assert "Alvarez" not in (ctx.out / "ledger.jsonl").read_text()
    again = Scrubber.for_vertical(vertical, scrub.Config(replace_with="surrogate"), ledger=ledger)
    assert [again.scrub(d.id, d.text).text for d in clean] == [d.text for d in clean]
    assert [again.passage(d.text).text for d in clean] == [d.text for d in clean]


def test_a_rerun_draws_the_same_surrogates(make_context: Callable[..., StageContext], ingest: Path) -> None:
    ctx, _ = run(make_context, ingest, replace_with="surrogate")
    before = hash_tree(ctx.out, leave_out=["summary.json"])
    for path in ctx.out.iterdir():
        path.unlink()
    scrub.run(ctx, scrub.Config(replace_with="surrogate"))
    assert hash_tree(ctx.out, leave_out=["summary.json"]) == before


def test_a_sealed_map_gives_the_documents_back(
    make_context: Callable[..., StageContext], ingest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.SEAL_KEY, Fernet.generate_key().decode())
    ctx, _ = run(make_context, ingest, replace_with="surrogate", sealed_map=True)
    opened = SealedMap.open(ctx.out / sealed.FILE, keys.seal_key())
    raw = {d.id: d for d in read_jsonl(ingest / "documents.jsonl", Document)}
    clean = read_jsonl(ctx.out / "documents.jsonl", Document)
    assert opened.documents == list(raw)
    assert [opened.restore(d.id, d.text).text for d in clean] == [d.text for d in raw.values()]
    assert opened.restore(clean[0].id, clean[0].source.title, part="title").text == "Note on Maria Alvarez"


def test_a_missing_key_stops_before_anything_is_written(
    make_context: Callable[..., StageContext], ingest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (keys.SEAL_KEY, keys.SURROGATE_KEY):
        monkeypatch.delenv(name, raising=False)
    ctx = make_context("scrub", {"ingest": ingest})
    for settings in ({"sealed_map": True}, {"replace_with": "surrogate", "consistency": "corpus"}):
        with pytest.raises(UserError, match="not set"):
            scrub.run(ctx, scrub.Config.model_validate(settings))
    assert list(ctx.out.iterdir()) == []


@pytest.mark.parametrize("corpus_pass", [True, False])
def test_a_name_found_once_goes_from_all_documents(
    make_context: Callable[..., StageContext], ingest: Path, corpus_pass: bool
) -> None:
    source = Source(uri="n", title="Note", license="CC0-1.0", sha256="0" * 64)
    texts = [
        "The drug Quillonax was given.",
        "Patient Quillonax Brandvik, MRN 48210001, was seen.",
        "quillonax brandvik",
    ]
    texts.append("Refer to QUILLONAX BRANDVIK form")
    write_jsonl(ingest / "documents.jsonl", [Document(id=f"n#{n}", source=source, text=t) for n, t in enumerate(texts)])
    ctx, _ = run(make_context, ingest, corpus_pass=corpus_pass)
    clean = read_jsonl(ctx.out / "documents.jsonl", Document)
    assert "Brandvik" not in clean[1].text
    assert clean[0].text == texts[0]
    if corpus_pass:
        assert clean[3].text == "Refer to [PERSON_1] form"
        assert read_json(ctx.out / "summary.json")["scrubbed_again"] <= 1
    assert sorted(p.name for p in ctx.out.iterdir() if "journal" in p.name or "amended" in p.name) == []


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
