"""Nothing of a forgotten document is left in any byte, nothing of the others is lost, and a kill can be made good."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime

import pytest

from kdvert.decisions import batches, enrolling, erasable, signers, trail
from kdvert.decisions.trail_check import differences
from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge import chroma
from kdvert.lineage import erasing
from kdvert.lineage import job as jobs
from kdvert.lineage.adapters import tainted
from kdvert.pipeline import runner
from kdvert.store import hash_tree, read_json, write_json

SECRETS = ("zeppelin", "quixotic", "marzipan", "obsidian", "lighthouses", "harpoons")
HASH = "ab" * 32
BEFORE = datetime(2026, 5, 3, tzinfo=UTC)
OTHERS = ("corticosteroids", "Statins", "gramophones", "Retinal")


def keys(path, table, key) -> set[str]:
    database = sqlite3.connect(path)
    try:
        return {row[0] for row in database.execute(f"SELECT {key} FROM {table}")}
    finally:
        database.close()


def test_nothing_is_left_and_the_others_are(site, signer):
    assert len({path for path, _ in site.bytes_left(*SECRETS)}) >= 15
    others = {r for t in site.lineage.records.values() for r in t.example.provenance.request_ids
              if site.id("sources/zeppelin.md") not in t.example.provenance.document_ids}  # fmt: skip
    done = site.forget("sources/zeppelin.md", signer)
    assert site.bytes_left(*SECRETS) == []
    assert done.still_in == []
    assert done.searched > 10
    assert {w for _, w in site.bytes_left(*OTHERS)} == set(OTHERS)
    assert keys(site.work / "cache/elicit/replies.sqlite", "replies", "request_id") == others
    assert len(keys(site.work / "cache/index/vectors.sqlite", "vectors", "key")) == 7  # of 9 passages, two alike
    assert not (site.work / "index").exists()
    assert read_json(site.work / "lock.json") == {}
    assert not (site.root / jobs.FILE).exists()
    assert not (site.root / "dossier").exists()


def test_the_next_run_gives_the_others_the_same_ids(site, signer):
    before = {o.uri: o.id for o in site.lineage.originals.values() if o.row is None}
    site.forget("sources/zeppelin.md", signer)
    (site.root / "sources" / "new.md").write_text("A new document about wounds and their treatment.", encoding="utf-8")
    runner.execute(site.run, last="ingest")
    after = {o.uri: o.id for o in site.lineage.originals.values() if o.row is None}
    assert {uri: after[uri] for uri in before if uri in after} == {u: i for u, i in before.items() if "zepp" not in u}
    assert after["sources/new.md"] not in before.values()
    assert site.bytes_left(*SECRETS) == []


def test_a_document_that_comes_back_is_another_one(site, signer):
    text = (site.root / "sources/zeppelin.md").read_text(encoding="utf-8")
    old = site.id("sources/zeppelin.md")
    site.forget("sources/zeppelin.md", signer)
    (site.root / "sources/zeppelin.md").write_text(text, encoding="utf-8")
    runner.execute(site.run, last="ingest")
    assert site.id("sources/zeppelin.md") != old


def test_one_row_goes_and_the_numbers_of_the_others_stay(site, signer):
    path = site.root / "sources/rows.jsonl"
    before = path.read_text(encoding="utf-8").split("\n")
    ids = {o.row: o.id for o in site.lineage.originals.values() if o.row}
    site.forget("sources/rows.jsonl#2", signer)
    assert path.read_text(encoding="utf-8").split("\n") == [before[0], "", *before[2:]]
    assert site.bytes_left("gramophones", "turquoise", "debridement") == []
    runner.execute(site.run, last="ingest")
    assert {o.row: o.id for o in site.lineage.originals.values() if o.row} == {r: i for r, i in ids.items() if r != "2"}


def test_a_row_by_the_id_of_its_document(site, signer):
    site.forget(site.id("sources/rows.jsonl", "eyes"), signer)
    assert site.bytes_left("Retinal", "screening") == []
    assert {w for _, w in site.bytes_left("gramophones", "Soap")} == {"gramophones", "Soap"}


def test_all_rows_one_by_one_take_the_file_with_them(site, signer):
    site.forget("Example Press", signer)
    assert not (site.root / "sources/rows.jsonl").exists()
    assert site.bytes_left("gramophones", "Retinal", "Soap") == []


def test_a_whole_file_of_rows(site, signer):
    site.forget("sources/rows.jsonl", signer)
    assert not (site.root / "sources/rows.jsonl").exists()
    assert site.bytes_left("gramophones", "Retinal", "Soap") == []


@pytest.mark.parametrize("code", ["utf-16", "utf-16-be", "cp1252", "utf-8-sig"])
def test_a_row_in_another_encoding(site, signer, code):
    path = site.root / "sources/rows.jsonl"
    text = path.read_text(encoding="utf-8").replace("nurse", "Krankenschwester für Füße")
    path.write_bytes(("\ufeff" if code == "utf-16-be" else "").encode(code) + text.encode(code))
    if code == "cp1252":
        (site.root / "kdvert.yaml").write_text(
            'vertical: medicine\ningest: {sources: [{path: "sources/**", license: CC0-1.0, encoding: cp1252}]}\n'
        )
    made = site.plan("sources/rows.jsonl#2")
    jobs.write(site.root, made.job)
    site.eraser(made, signer).run()
    lines = text.split("\n")
    assert path.read_bytes().decode(code).lstrip("\ufeff").split("\n") == [lines[0], "", *lines[2:]]
    assert site.bytes_left("gramophones") == []


def test_a_file_in_a_folder_takes_the_empty_folder_with_it(site, signer):
    (site.root / "sources/copy.md").unlink()
    site.forget("sources/ward/stroke.md", signer)
    assert not (site.root / "sources/ward").exists()
    assert (site.root / "sources/asthma.md").exists()


def test_text_that_another_document_holds_too_stays_there_and_is_told(site, signer):
    made = site.plan("sources/ward/stroke.md")
    copy = site.id("sources/copy.md")
    assert list(made.shared) == [copy]
    assert made.shared[copy] >= 1
    done = site.forget("sources/ward/stroke.md", signer)
    assert "Statins" in (site.root / "sources/copy.md").read_text(encoding="utf-8")
    assert not (site.root / "sources/ward").exists()
    assert done.still_in == []
    site.forget("sources/copy.md", signer)
    assert site.bytes_left("Statins", "cholesterol") == []


def test_the_adapter_is_set_aside_with_a_mark(site, signer):
    done = site.forget("sources/zeppelin.md", signer)
    (marked,) = tainted(site.root)
    assert done.kept == [marked.path]
    assert marked.path.startswith("work/tainted/")
    assert marked.taint.documents == ["doc-0006"]
    assert marked.taint.train + marked.taint.validation >= 1
    assert (site.root / marked.path / "adapter_model.safetensors").is_file()
    assert not (site.work / "distill").exists()
    runner.execute(site.run, last="ingest")
    assert tainted(site.root) == [marked]


def test_a_second_source_is_added_to_the_mark(site, signer):
    asthma, zeppelin = site.id("sources/asthma.md"), site.id("sources/zeppelin.md")
    site.forget("sources/zeppelin.md", signer)
    site.forget("sources/asthma.md", signer)
    (marked,) = tainted(site.root)
    assert marked.taint.documents == sorted([asthma, zeppelin])


def test_adapters_can_be_deleted_too(site, signer):
    done = site.forget("sources/zeppelin.md", signer, delete=True)
    assert (done.kept, tainted(site.root)) == ([], [])
    assert not list(site.root.rglob("adapter_model.safetensors"))
    refs = trail.entries(site.root)[-1].refs
    assert len(refs["adapters"]) == 1


def test_a_copy_elsewhere_in_the_project_is_marked_where_it_lies(site, signer):
    shutil.copytree(site.work / "distill/adapter", site.root / "handed-on/adapter")
    shutil.copyfile(site.work / "distill/adapter.json", site.root / "handed-on/adapter.json")
    shutil.copytree(site.work / "distill/adapter", site.root / "unknown")
    done = site.forget("sources/zeppelin.md", signer)
    assert {t.path for t in tainted(site.root)} >= {"handed-on/adapter"}
    assert any("unknown" in note for note in done.notes)


@pytest.mark.parametrize("lineage", [None, {}, {"document_ids": ["doc-0006"]}, ["doc-0006"]])
def test_an_adapter_whose_facts_are_of_another_form(site, signer, lineage):
    """The current one is known by its records; of others kdvert says that it cannot tell."""
    facts = read_json(site.work / "distill/adapter.json") | {"lineage": lineage}
    write_json(site.work / "distill/adapter.json", facts)
    shutil.copytree(site.work / "distill/adapter", site.root / "handed-on/adapter")
    write_json(site.root / "handed-on/adapter.json", facts)
    done = site.forget("sources/zeppelin.md", signer)
    assert [t.taint.documents for t in tainted(site.root) if t.path in done.kept] == [["doc-0006"]]
    assert any("handed-on/adapter" in note for note in done.notes)


def test_an_adapter_that_learned_nothing_of_it_stays(site, signer):
    done = site.forget("sources/rows.jsonl#eyes", signer)
    assert tainted(site.root) == []
    assert (site.work / "distill/adapter/adapter_model.safetensors").is_file()
    assert "distill" in read_json(site.work / "lock.json")
    assert done.still_in == []
    assert site.bytes_left("Retinal") == []


def test_the_trail_is_signed_holds_no_text_and_is_believed(site, signer):
    done = site.forget("sources/zeppelin.md", signer)
    entry = trail.entries(site.root)[-1]
    assert (entry.kind, entry.sha, entry.who) == ("source-forgotten", done.entry_sha, signer.key_id)
    assert entry.refs["documents"] == ["doc-0006"]
    assert entry.refs["records"]
    assert differences(site.root, signers.read(site.root)) == []


def test_comments_about_its_records_are_erased_and_others_stay(site, signer):
    zeppelin, asthma = (
        next(r for r, t in site.lineage.records.items() if t.example.provenance.document_ids[0] == site.id(uri))
        for uri in ("sources/zeppelin.md", "sources/asthma.md")
    )
    reviewer = enrolling.enroll(site.root, name="Rita Roe", role="reviewer", now=BEFORE, fresh=True)[0]
    for record, text in ((zeppelin, "The zeppelin hums, says the reviewer"), (asthma, "Well said of asthma")):
        item = erasable.put(site.root, "comment", text)
        trail.append(site.root, "record-accepted", now=BEFORE, signer=reviewer, refs={"record": record}, items=[item])
    site.forget("sources/zeppelin.md", signer)
    assert [erasable.get(site.root, i).text for i in erasable.ids(site.root)] == ["Well said of asthma"]
    assert site.bytes_left(*SECRETS) == []
    assert differences(site.root, signers.read(site.root)) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", list(erasing.STEPS))
def test_a_kill_in_any_step_is_made_good(site, signer, monkeypatch, step, when):
    real = erasing.STEPS[step]

    def killed(eraser):
        if when == "after":
            real(eraser)
        raise KeyboardInterrupt

    made = site.plan("sources/zeppelin.md")
    jobs.write(site.root, made.job)
    with monkeypatch.context() as patch:
        patch.setitem(erasing.STEPS, step, killed)
        with pytest.raises(KeyboardInterrupt):
            site.eraser(made, signer).run()
    with pytest.raises(UserError, match="interrupted"):
        runner.execute(site.run, last="ingest")
    pending = jobs.read(site.root)
    site.eraser(made.model_copy(update={"job": pending}), signer).run()
    assert site.bytes_left(*SECRETS) == []
    assert [t.path for t in tainted(site.root)] == [
        "work/tainted/" + tainted(site.root)[0].path.split("/")[2] + "/adapter"
    ]
    assert sum(e.kind == "source-forgotten" for e in trail.entries(site.root)) == 1
    assert len(keys(site.work / "cache/elicit/replies.sqlite", "replies", "request_id")) >= 5
    assert jobs.read(site.root) is None


def test_a_kill_while_folders_are_removed(site, signer, monkeypatch):
    made = site.plan("sources/zeppelin.md")
    jobs.write(site.root, made.job)
    real, calls = shutil.rmtree, []

    def killed(path, *args, **options):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        real(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            site.eraser(made, signer).run()
    assert site.bytes_left(*SECRETS)
    site.eraser(made.model_copy(update={"job": jobs.read(site.root)}), signer).run()
    assert site.bytes_left(*SECRETS) == []


def test_a_comment_on_many_records_at_once_goes_with_the_first_of_them(site, signer):
    by_uri = {
        uri: {r: HASH for r, t in site.lineage.records.items() if site.id(uri) in t.example.provenance.document_ids}
        for uri in ("sources/zeppelin.md", "sources/asthma.md", "sources/ward/stroke.md")
    }
    reviewer = enrolling.enroll(site.root, name="Rita Roe", role="reviewer", now=BEFORE, fresh=True)[0]
    both = by_uri["sources/zeppelin.md"] | by_uri["sources/asthma.md"]
    for rows, text in ((both, "The zeppelin hums here, too"), (by_uri["sources/ward/stroke.md"], "Well said")):
        item, refs = erasable.put(site.root, "comment", text), {"list": batches.put(site.root, rows)}
        trail.append(site.root, "records-accepted", now=BEFORE, signer=reviewer, refs=refs, items=[item])
    site.forget("sources/zeppelin.md", signer)
    assert [erasable.get(site.root, i).text for i in erasable.ids(site.root)] == ["Well said"]
    assert site.bytes_left(*SECRETS) == []


def test_a_plan_changes_nothing(site):
    before = hash_tree(site.root)
    made = site.plan("sources/zeppelin.md")
    assert {k: v for k, v in hash_tree(site.root).items() if not k.endswith(("-wal", "-shm"))} == before
    assert made.cached == {"replies.sqlite": len(made.job.records) + 1, "vectors.sqlite": 1}
    assert made.job.stages == [
        *("ingest", "scrub", "index", "elicit", "filter", "review", "features", "distill", "evaluate", "report")
    ]


def test_a_project_that_never_ran(site, signer):
    shutil.rmtree(site.work)
    done = site.forget("sources/zeppelin.md", signer)
    assert not (site.root / "sources/zeppelin.md").exists()
    assert (site.root / "sources/asthma.md").exists()
    assert done.stages == []
    assert trail.entries(site.root)[-1].refs["documents"] == []
    assert site.bytes_left(*SECRETS) == []


def test_a_row_of_a_file_that_was_never_read(site, signer):
    shutil.rmtree(site.work)
    with pytest.raises(UserError, match="no such row"):
        site.plan("sources/rows.jsonl#77")
    site.forget("sources/rows.jsonl#2", signer)
    assert site.bytes_left("gramophones") == []
    assert {w for _, w in site.bytes_left("Retinal")} == {"Retinal"}


def test_a_source_that_was_removed_by_hand_before(site, signer):
    """The file is gone and ingest ran without it; caches and adapters still know it."""
    old = site.id("sources/zeppelin.md")
    (site.root / "sources/zeppelin.md").unlink()
    runner.execute(site.run, last="ingest")
    assert site.bytes_left(*SECRETS)
    made = site.plan("sources/zeppelin.md")
    assert made.job.documents == [old]
    site.forget("sources/zeppelin.md", signer)
    assert site.bytes_left(*SECRETS) == []
    assert (site.work / "ingest/documents.jsonl").is_file()


def test_twice_is_refused_with_the_day(site, signer):
    site.forget("doc-0006", signer)
    with pytest.raises(UserError, match="forgotten already"):
        site.plan("doc-0006")


def test_a_record_is_no_source(site):
    record = next(iter(site.lineage.records))
    with pytest.raises(UserError, match="is a record") as error:
        site.plan(record)
    assert "kdvert forget doc-" in error.value.hint


def test_a_file_of_the_users_own_is_named_and_left(site, signer):
    text = (site.root / "sources/zeppelin.md").read_text(encoding="utf-8")
    (site.root / "notes.txt").write_text(text, encoding="utf-8")
    (site.root / "rules.txt").write_text("see sources/zeppelin.md", encoding="utf-8")
    done = site.forget("sources/zeppelin.md", signer)
    assert done.still_in == ["notes.txt"]
    assert done.named_in == ["rules.txt"]
    assert (site.root / "notes.txt").read_text(encoding="utf-8") == text


def test_links_to_the_file_go_with_it(site, signer, tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("The umbrella collects porcelain thunder in the attic of the museum.", encoding="utf-8")
    (site.root / "sources/link.md").symlink_to(outside)
    (site.root / "sources/again.md").symlink_to(site.root / "sources/asthma.md")
    done = site.forget("sources/link.md", signer)
    assert not (site.root / "sources/link.md").is_symlink()
    assert outside.exists()
    assert any("outside the project" in note for note in done.notes)
    site.forget("sources/asthma.md", signer)
    assert not (site.root / "sources/again.md").is_symlink()
    assert site.bytes_left("corticosteroids") == []


def test_replies_in_a_journal_that_was_never_written_back(site, signer):
    path = site.work / "cache/elicit/replies.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute(
        "INSERT INTO replies (request_id, text, scrubbed_by, truncated) VALUES ('abc', 'the marzipan zeppelin', 'x', 0)"
    )
    database.commit()
    journal = path.with_name(path.name + "-wal").read_bytes()
    assert b"marzipan" in journal
    database.close()
    path.with_name(path.name + "-wal").write_bytes(journal)  # as a kill leaves it
    site.forget("sources/zeppelin.md", signer)
    assert site.bytes_left(*SECRETS) == []


def test_a_damaged_cache_goes_as_a_whole(site, signer):
    (site.work / "cache/elicit/replies.sqlite").write_bytes(b"quixotic zeppelin, and no database")
    site.forget("sources/zeppelin.md", signer)
    assert site.bytes_left(*SECRETS) == []


def test_the_mark_survives_a_damaged_file_loudly(site, signer):
    site.forget("sources/zeppelin.md", signer)
    path = next(site.root.rglob("tainted.json"))
    path.write_text(json.dumps({"at": 1}))
    with pytest.raises(Exception, match="forgotten since"):
        tainted(site.root)


@pytest.mark.parametrize("current", ["gone", "stays"])
def test_collections_on_a_server_go_before_anything_else(site, signer, monkeypatch, current):
    """The server is not there at first: nothing is removed, and the second call finishes the job."""
    server, names = "http://127.0.0.1:9", ["kdvert-old", "kdvert-now"]
    write_json(site.work / "cache/index/collections.json", {server: names})
    info = read_json(site.work / "index/index.json")
    write_json(site.work / "index/index.json", info | {"server": server, "collection": "kdvert-now"})
    made = site.plan("sources/zeppelin.md")
    if current == "stays":
        made = made.model_copy(update={"job": made.job.model_copy(update={"stages": ["report"]})})
    jobs.write(site.root, made.job)
    with pytest.raises(WorkFailed, match="does not answer"):
        site.eraser(made, signer).run()
    assert (site.root / "sources/zeppelin.md").exists()
    deleted = []
    monkeypatch.setattr(chroma, "delete", lambda server, names: deleted.append((server, names)) or names)
    done = site.eraser(made.model_copy(update={"job": jobs.read(site.root)}), signer).run()
    assert deleted == [(server, names if current == "gone" else ["kdvert-old"])]
    assert any("vacuum" in note for note in done.notes)
