"""The ingest stage: rules, the license gate, broken documents, provenance."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kdvert.content import compliance_facts
from kdvert.errors import GateBlocked, UserError
from kdvert.licensing.sources_of_run import sources_of_run, terms_by_document
from kdvert.records import Document
from kdvert.stages import ingest
from kdvert.stages.contract import StageContext
from kdvert.store import read_json, read_jsonl
from kdvert.verticals import Vertical

Make = Callable[..., StageContext]
ALL = {"path": "sources/**", "license": "CC-BY-4.0"}


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a source file."""

    def write(name: str, content: str | bytes = "Some text.") -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def go(make_context: Make) -> Callable[..., tuple[dict[str, Any], list[Document]]]:
    """Return a function that runs the stage with settings and reads the documents."""

    def run(**settings: Any) -> tuple[dict[str, Any], list[Document]]:
        ctx = make_context("ingest")
        summary = ingest.run(ctx, ingest.Config(**({"sources": [ALL]} | settings)))
        return summary, read_jsonl(ctx.out / "documents.jsonl", Document)

    return run


def pdf_bytes() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    stream = BytesIO()
    canvas = Canvas(stream)
    canvas.setTitle("Hand Hygiene Guide")
    canvas.drawString(72, 700, "Clean hands prevent infection.")
    canvas.save()
    return stream.getvalue()


def docx_bytes() -> bytes:
    import docx

    stream = BytesIO()
    made = docx.Document()
    made.core_properties.title = "Wound Care Policy"
    made.add_paragraph("Rinse the wound.")
    made.save(stream)
    return stream.getvalue()


Put = Callable[..., Path]
Go = Callable[..., tuple[dict[str, Any], list[Document]]]


def row(**fields: Any) -> str:
    return json.dumps({"title": "T", "text": "Some text.", **fields})


def test_documents_carry_their_source(put: Put, go: Go) -> None:
    put("a/asthma.md", "# Asthma\n\nText.")
    put("wound-care_notes.txt")
    put("rows.jsonl", row(id="x1", license="mit", publisher="NIH", url="https://x.org") + "\n" + row())
    rule = ALL | {"publisher": "Ward 7", "retrieved": "2026-01-31"}
    summary, documents = go(sources=[rule])
    assert [d.id for d in documents] == ["doc-0001", "doc-0002#1", "doc-0002#2", "doc-0003"]
    assert [d.source.uri for d in documents] == [
        "sources/a/asthma.md", "sources/rows.jsonl", "sources/rows.jsonl", "sources/wound-care_notes.txt",
    ]  # fmt: skip
    asthma, first, second, notes = (d.source for d in documents)
    assert (asthma.title, asthma.license, asthma.publisher) == ("Asthma", "CC-BY-4.0", "Ward 7")
    assert (asthma.uri, asthma.retrieved) == ("sources/a/asthma.md", "2026-01-31")
    assert (first.license, first.publisher, first.url, first.uri) == (
        "MIT",
        "NIH",
        "https://x.org",
        "sources/rows.jsonl",
    )
    assert (second.license, second.publisher) == ("CC-BY-4.0", "Ward 7")
    assert notes.title == "wound care notes"
    assert summary == {
        "documents": 4, "files": 3, "skipped": 0, "characters": sum(len(d.text) for d in documents),
        "guessed_encodings": {}, "licenses": {"CC-BY-4.0": 3, "MIT": 1}, "reasons": {}, "license_files": 0,
        "license_signs": {"agree": 0, "none": 3, "differ": 1, "unreadable": 0, "methods": {}},
        "license_mismatches": 1, "settled_mismatches": 0, "known_corpora": {},
    }  # fmt: skip


def test_the_verticals_own_corpus(put: Put, go: Go, vertical: Vertical) -> None:
    for path in vertical.corpus:
        put(path.name, path.read_bytes())
    _, documents = go()
    assert len(documents) == len(vertical.corpus) >= 12
    assert all(f"# {d.source.title}" in d.text for d in documents)


def test_formats_meet_in_one_file(put: Put, go: Go, make_context: Make) -> None:
    put("guide.pdf", pdf_bytes())
    put("policy.docx", docx_bytes())
    put("page.HTM", "<title>Page</title><p>Text.")
    summary, documents = go()
    assert [d.source.title for d in documents] == ["Hand Hygiene Guide", "Page", "Wound Care Policy"]
    assert summary["documents"] == 3
    assert not (make_context("ingest").out / "read").exists()


def test_a_killed_run_does_not_read_slow_formats_again(
    put: Put, make_context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("guide.pdf", pdf_bytes())
    put("last.md")
    ctx, config = make_context("ingest"), ingest.Config(sources=[ALL])
    real = ingest.load

    def load(path: Path, **options: Any) -> Any:
        if path.name == "last.md":
            raise KeyboardInterrupt
        return real(path, **options)

    monkeypatch.setattr(ingest, "load", load)
    with pytest.raises(KeyboardInterrupt):
        ingest.run(ctx, config)
    assert not (ctx.out / "documents.jsonl").exists()
    read: list[str] = []
    monkeypatch.setattr(ingest, "load", lambda path, **options: (read.append(path.name), real(path, **options))[1])
    ingest.run(ctx, config)
    assert read == ["last.md"]
    assert [d.source.title for d in read_jsonl(ctx.out / "documents.jsonl", Document)] == ["Hand Hygiene Guide", "last"]


def test_the_first_matching_rule_holds(put: Put, go: Go, caplog: pytest.LogCaptureFixture) -> None:
    put("a.md")
    put("b.md")
    rules = [
        {"path": "sources/a.*", "license": "MIT", "title": "Named"},
        ALL,
        {"path": "sources/c.md", "license": "MIT"},
    ]
    with caplog.at_level(logging.WARNING, logger="kdvert"):
        _, documents = go(sources=rules)
    assert [(d.source.title, d.source.license) for d in documents] == [("Named", "MIT"), ("b", "CC-BY-4.0")]
    assert "'sources/c.md' holds for no file" in caplog.text


def test_rules_may_name_files_outside_sources_and_links_are_followed(
    put: Put, go: Go, make_context: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    big = tmp_path_factory.mktemp("elsewhere")
    (big / "far.md").write_text("Far away.", encoding="utf-8")
    put("a.md")
    (tmp_path / "sources" / "linked").symlink_to(big)
    (tmp_path / "sources" / "linked" / "loop").symlink_to(tmp_path / "sources")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "b.txt").write_text("Outside.", encoding="utf-8")
    rules = [ALL, {"path": "notes/*.txt", "license": "MIT"}]
    _, documents = go(sources=rules)
    assert [d.source.uri for d in documents] == ["notes/b.txt", "sources/a.md", "sources/linked/far.md"]
    content = ingest.content(make_context("ingest"), ingest.Config(sources=rules))
    assert content[0] == tmp_path / "sources"
    assert {p.name for p in content} >= {"b.txt", "far.md", "licenses"}
    assert "a.md" not in {p.name for p in content}


def test_hidden_files_and_litter_are_no_sources(put: Put, go: Go) -> None:
    for name in (".DS_Store", ".hidden/a.md", "Thumbs.db", "~$a.docx", "a.md"):
        put(name)
    assert [d.source.uri for d in go()[1]] == ["sources/a.md"]


# --- names of people in names of files ---------------------------------------------------------------------------


def put_named(put: Put) -> None:
    put("Discharge Maria Lopez 1984.txt", "Clean hands prevent infection.")
    put("ward 48213377/guide.md", "# Guide\n\nText.")
    put("rows.jsonl", row(id="ana.lopez@example.org") + "\n" + row(id="48213377"))
    put("Ana_Lopez.pdf", b"no pdf")
    put("Ana_Lopez.xlsx", b"x")
    put("Ana_Lopez.html", "Ana était là, ça va très bien déjà à l'hôpital où elle a été opérée.".encode("cp1252"))


def test_names_stay_in_the_folder_of_raw_documents(put: Put, go: Go, caplog: pytest.LogCaptureFixture) -> None:
    put_named(put)
    with caplog.at_level(logging.DEBUG):
        summary, documents = go(on_broken="skip", sources=[{"path": "sources/*Lopez*.md"}, ALL])
    told = json.dumps(summary) + caplog.text + " ".join(d.id for d in documents)
    assert not [raw for raw in ("Lopez", "lopez", "48213377") if raw in told]
    assert summary["documents"] == 5
    assert documents[1].source.title == "Discharge"
    assert summary["guessed_encodings"] == {"doc-0001 (.html)": "cp1252"}


def test_the_original_of_each_document_can_be_found(
    put: Put, go: Go, make_context: Make, read_lines: Callable[[Path], list[dict[str, Any]]]
) -> None:
    put_named(put)
    _, documents = go(on_broken="skip")
    originals = {o["id"]: o for o in read_lines(make_context("ingest").out / "originals.jsonl")}
    assert {d.id for d in documents} < set(originals)
    by_row = {o["row"]: o["uri"] for o in originals.values() if "row" in o}
    assert by_row == dict.fromkeys(("ana.lopez@example.org", "48213377"), "sources/rows.jsonl")
    assert "sources/Ana_Lopez.pdf" in {o["uri"] for o in originals.values()}


def test_errors_name_documents_by_id_and_say_where_the_names_stand(put: Put, go: Go, make_context: Make) -> None:
    put_named(put)
    for settings, kind in (({}, UserError), ({"sources": [{"path": "sources/*Lopez*"}]}, GateBlocked)):
        with pytest.raises(kind) as caught:
            go(**settings)
        assert not [raw for raw in ("Lopez", "lopez", "48213377") if raw in str(caught.value)]
        assert "doc-000" in str(caught.value)
        assert "originals.jsonl" in str(caught.value)
    assert "Ana_Lopez.pdf" in (make_context("ingest").out / "originals.jsonl").read_text(encoding="utf-8")


def test_ids_stay_when_files_and_rows_come_and_go(put: Put, go: Go) -> None:
    put("b.md")
    put("rows.jsonl", row(id="x") + "\n" + row(id="y"))
    first = {d.source.uri: d.id for d in go()[1]}
    put("a.md")
    put("rows.jsonl", row(id="new") + "\n" + row(id="y")).touch()
    documents = go()[1]
    assert [d.id for d in documents] == ["doc-0003", first["sources/b.md"], "doc-0002#3", "doc-0002#2"]


def test_the_same_sources_get_the_same_ids_anywhere(put: Put, go: Go, tmp_path: Path) -> None:
    put_named(put)
    first = [d.id for d in go(on_broken="skip")[1]]
    shutil.rmtree(tmp_path / "work")
    assert [d.id for d in go(on_broken="skip")[1]] == first


# --- the license gate --------------------------------------------------------------------------------------------


def test_every_document_without_a_license_is_named_at_once(put: Put, go: Go) -> None:
    put("fine.md")
    put("open.md")
    put("no-rule.pdf", b"never read")
    put("rows.jsonl", row(license="MIT") + "\n" + row(id="r2") + "\n" + row(license="Acme-Secret-1.0"))
    rules = [
        {"path": "sources/fine.md", "license": "CC0-1.0"}, {"path": "sources/*.jsonl"}, {"path": "sources/open.*"},
    ]  # fmt: skip
    with pytest.raises(GateBlocked) as caught:
        go(sources=rules)
    text = str(caught.value)
    assert "4 documents have no license" in text
    assert "sources/no-rule.pdf: no rule matches it." in text
    assert '- {path: "sources/no-rule.pdf", license: <SPDX id>}' in text
    assert "sources/open.md: the rule 'sources/open.*' states no license" in text
    assert "sources/rows.jsonl, line 2: neither the row nor the rule 'sources/*.jsonl' states" in text
    assert "sources/rows.jsonl, line 3: Unknown license 'Acme-Secret-1.0'" in text
    assert "kdvert.yaml" in text


@pytest.mark.parametrize("expression", ["Acme-Secret-1.0", "CC-BY-4.0 AND", "see website", ""])
def test_a_license_that_nobody_knows_blocks(put: Put, go: Go, expression: str, make_context: Make) -> None:
    put("a.md")
    with pytest.raises(GateBlocked, match=r"sources/a\.md"):
        go(sources=[{"path": "sources/*", "license": expression}])
    assert not (make_context("ingest").out / "documents.jsonl").exists()


def test_only_the_first_ten_are_listed(put: Put, go: Go) -> None:
    for i in range(13):
        put(f"{i:02}.md")
    with pytest.raises(GateBlocked) as caught:
        go(sources=[])
    assert caught.value.message.count("no rule matches it") == 10
    assert "… and 3 more" in caught.value.message


def test_the_gate_comes_before_broken_documents(put: Put, go: Go) -> None:
    put("broken.pdf", b"no pdf")
    put("z.md")
    with pytest.raises(GateBlocked):
        go(sources=[{"path": "sources/*.pdf", "license": "MIT"}])


# --- what documents show of their license ------------------------------------------------------------------------

NC_PAGE = '<meta name="dcterms.license" content="https://creativecommons.org/licenses/by-nc/4.0/"><p>Some text.'


def test_a_page_that_shows_another_license_is_asked_about_and_keeps_the_stated_one(
    put: Put, go: Go, make_context: Make, caplog: pytest.LogCaptureFixture
) -> None:
    put("page.html", NC_PAGE)
    with caplog.at_level(logging.WARNING, logger="kdvert"):
        summary, (document,) = go()
    assert document.source.license == "CC-BY-4.0"
    assert summary["license_mismatches"] == 1
    (found,) = sources_of_run(make_context("ingest").out).mismatches
    assert (found.declared, found.detected, found.method) == ("CC-BY-4.0", "CC-BY-NC-4.0", "html")
    assert "`kdvert check` lists them" in caplog.text


def test_a_rule_settles_it(put: Put, go: Go, make_context: Make, caplog: pytest.LogCaptureFixture) -> None:
    put("page.html", NC_PAGE)
    rule = ALL | {"settled": "CC-BY-NC-4.0: the publisher wrote so on 2026-03-01"}
    with caplog.at_level(logging.WARNING, logger="kdvert"):
        summary, _ = go(sources=[rule])
    assert (summary["license_mismatches"], summary["settled_mismatches"]) == (0, 1)
    assert sources_of_run(make_context("ingest").out).mismatches == []
    assert caplog.text == ""


def test_a_rule_that_settles_nothing_is_named(put: Put, go: Go, caplog: pytest.LogCaptureFixture) -> None:
    put("page.html", "<p>Some text.")
    with caplog.at_level(logging.WARNING, logger="kdvert"):
        go(sources=[ALL | {"settled": ["MIT: because"]}])
    assert "settles a license that no document shows" in caplog.text


def test_license_files_are_no_documents_and_need_no_rule(put: Put, go: Go, make_context: Make) -> None:
    put("book/a.txt")
    put("book/LICENSE.md", (compliance_facts() / "texts" / "CC-BY-ND-4.0.txt").read_bytes())
    put("book/package.json", "{}")
    put("a.md.license", "SPDX-License-Identifier: MIT")
    put("copyright.md", "# Copyright\n\nA chapter on the law of copyright.")
    put("LICENSE-AGREEMENT.txt", "This contract is made between the parties.")
    put("LICENSE.pdf", pdf_bytes())
    summary, documents = go()
    assert [d.source.uri for d in documents] == [
        "sources/LICENSE-AGREEMENT.txt", "sources/LICENSE.pdf", "sources/book/a.txt", "sources/copyright.md",
    ]  # fmt: skip
    assert summary["license_files"] == 3
    assert [m.detected for m in sources_of_run(make_context("ingest").out).mismatches] == ["CC-BY-ND-4.0"]


def test_a_rule_that_names_a_license_file_makes_it_a_document(put: Put, go: Go) -> None:
    put("LICENSE.txt", "All about licenses.")
    _, documents = go(sources=[{"path": "sources/LICENSE.txt", "license": "MIT"}])
    assert [d.source.uri for d in documents] == ["sources/LICENSE.txt"]


def test_a_link_brings_the_license_beside_its_target(
    put: Put, go: Go, make_context: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    far = tmp_path_factory.mktemp("far")
    (far / "a.md").write_text("Far away.", encoding="utf-8")
    (far / "COPYING").write_text("This work is licensed under CC BY-NC 4.0.", encoding="utf-8")
    put("own.md")
    (tmp_path / "sources" / "a.md").symlink_to(far / "a.md")
    summary, _ = go()
    assert summary["license_mismatches"] == 1
    assert far / "COPYING" in ingest.content(make_context("ingest"), ingest.Config(sources=[ALL]))


def test_a_row_that_states_another_license_than_its_rule(put: Put, go: Go, make_context: Make) -> None:
    put("rows.jsonl", row(license="CC BY-NC 4.0") + "\n" + row(license="https://creativecommons.org/licenses/by/4.0/"))
    summary, documents = go()
    assert [d.source.license for d in documents] == ["CC-BY-NC-4.0", "CC-BY-4.0"]
    assert summary["license_mismatches"] == 1


def test_a_row_that_names_its_license_by_address_alone(put: Put, go: Go) -> None:
    put("rows.jsonl", row(license_url="https://creativecommons.org/licenses/by-sa/4.0/", rights=["odd", 1]))
    _, (document,) = go(sources=[{"path": "sources/*"}])
    assert document.source.license == "CC-BY-SA-4.0"


def test_corpora_are_recognized_by_row_rule_page_or_text(put: Put, go: Go, make_context: Make) -> None:
    put("rows.jsonl", row(id="pubmed:1") + "\n" + row(source="github.com/pubmedqa/pubmedqa data/x.json") + "\n" + row(
        url="https://arxiv.org/abs/2402.13116"))  # fmt: skip
    put("page.html", '<link rel="canonical" href="https://caselaw.nationalarchives.gov.uk/uksc/2024/1"><p>Appeal.')
    put("memo.txt", "PRIVILEGED AND CONFIDENTIAL\n\nOn the merger.")
    put("book.txt")
    rules = [{"path": "sources/book.txt", "license": "CC-BY-4.0", "publisher": "OpenStax"}, ALL]
    summary, _ = go(sources=rules)
    assert summary["known_corpora"] == {
        "arxiv": 1, "openstax": 1, "privileged-matter": 1, "pubmed-abstracts": 2, "uk-find-case-law": 1,
    }  # fmt: skip
    terms = terms_by_document(make_context("ingest").out)
    assert sorted(use.corpora for use in terms.values() if use.corpora)[0] == ("arxiv",)


def test_models_that_wrote_texts_and_editions(put: Put, go: Go, make_context: Make) -> None:
    put("a.md", "# Psychology\n\nText.")
    _, (document,) = go(sources=[ALL | {"written_by": "openai:gpt-4", "edition": "2e"}])
    assert document.source.title == "Psychology, 2e"
    (use,) = sources_of_run(make_context("ingest").out).uses
    assert use.written_by == ("openai:gpt-4",)


def test_signs_and_terms_name_no_file(put: Put, go: Go, make_context: Make) -> None:
    put("Ana Lopez/LICENSE", "This work of Ana Lopez is licensed under CC BY-NC 4.0.")
    put("Ana Lopez/notes of Lopez.md", "Copyright 2020 Ana Lopez. All rights reserved.")
    go(sources=[{"path": "sources/Ana Lopez/*", "license": "CC-BY-4.0"}])
    out = make_context("ingest").out
    written = "".join(
        (out / name).read_text(encoding="utf-8") for name in ("detected.jsonl", "terms.jsonl", "mismatches.jsonl")
    )
    assert '"detected":"CC-BY-NC-4.0"' in written
    assert "Lopez" not in written


# --- broken documents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make_folder", [True, False])
def test_no_sources(go: Go, tmp_path: Path, make_folder: bool) -> None:
    if make_folder:
        (tmp_path / "sources").mkdir()
    with pytest.raises(UserError, match="There are no documents") as caught:
        go()
    assert ".pdf" in str(caught.value.hint)


def put_broken(put: Put) -> dict[str, str]:
    put("binary.md", b"\x00\x01")
    put("tail.pdf", b"%PDF-1.4 and no end")
    put("empty.txt", b"")
    put("large.txt", "x" * 60_000)
    put("sheet.xlsx", b"x")
    put("rows.jsonl", "\n".join([row(id="a"), "{", row(id="a"), row(id="b")]))
    return {
        "sources/binary.md": "binary", "sources/tail.pdf": "truncated", "sources/empty.txt": "empty",
        "sources/large.txt": "too_large", "sources/sheet.xlsx": "unsupported", "sources/rows.jsonl": "invalid_row",
        "sources/rows.jsonl, line 3": "duplicate_id",
    }  # fmt: skip


def test_stop_names_all_broken_documents(put: Put, go: Go, make_context: Make) -> None:
    expected = put_broken(put)
    put("good.md")
    with pytest.raises(UserError) as caught:
        go(max_megabytes=0.05)
    assert caught.value.exit_code == 2
    assert "7 documents cannot be read" in caught.value.message
    for uri, reason in expected.items():
        assert any(uri in line and f"[{reason}]" in line for line in caught.value.message.splitlines())
    assert "on_broken: skip" in str(caught.value.hint)
    assert not (make_context("ingest").out / "documents.jsonl").exists()


def test_skip_leaves_them_out_and_names_them(
    put: Put, go: Go, make_context: Make, read_lines: Callable[[Path], list[dict[str, Any]]]
) -> None:
    expected = put_broken(put)
    put("good.md")
    summary, documents = go(max_megabytes=0.05, on_broken="skip")
    assert [Path(d.source.uri).name for d in documents] == ["good.md", "rows.jsonl", "rows.jsonl"]
    out = make_context("ingest").out
    skipped = read_lines(out / "skipped.jsonl")
    assert {s["document"]: s["reason"] for s in skipped} == expected
    assert all(s["detail"] for s in skipped)
    assert summary["skipped"] == 7
    assert summary["reasons"]["truncated"] == 1
    assert read_json(out / "summary.json") == summary


def test_skip_with_nothing_left_is_an_error(put: Put, go: Go) -> None:
    put("empty.txt", b"")
    with pytest.raises(UserError, match="1 document cannot be read"):
        go(on_broken="skip")


def test_a_name_that_is_no_unicode(go: Go, put: Put, tmp_path: Path) -> None:
    put("good.md")
    (tmp_path / "sources" / "caf\udce9.md").write_text("Text.", encoding="utf-8")
    summary, documents = go(on_broken="skip")
    assert [d.source.uri for d in documents] == ["sources/good.md"]
    assert summary["reasons"] == {"file_name": 1}


def test_a_guessed_encoding_is_reported_and_can_be_stated(put: Put, go: Go, caplog: pytest.LogCaptureFixture) -> None:
    put("polish.txt", "Pacjent zgłosił się z gorączką.".encode("cp1250"))
    with caplog.at_level(logging.WARNING, logger="kdvert"):
        summary, _ = go()
    assert list(summary["guessed_encodings"]) == ["sources/polish.txt"]
    assert "state `encoding:` in its rule" in caplog.text
    summary, (document,) = go(sources=[ALL | {"encoding": "cp1250"}])
    assert document.text == "Pacjent zgłosił się z gorączką."
    assert summary["guessed_encodings"] == {}


def test_no_text_of_a_document_reaches_the_log(put: Put, go: Go, caplog: pytest.LogCaptureFixture) -> None:
    put("rows.jsonl", row(text="Patient Jane Roe") + '\n{"text": "Patient Jane Roe')
    put("a.pdf", b"%PDF-1.4 Jane Roe\n%%EOF")
    put("a.html", "<div>" * 3000 + "Jane Roe")
    with caplog.at_level(logging.DEBUG), pytest.raises(UserError) as caught:
        go()
    assert "Roe" not in caplog.text
    assert "Roe" not in str(caught.value)


def test_two_thousand_rows(put: Put, go: Go) -> None:
    put("rows.jsonl", "\n".join(row(id=str(i), text=f"Row {i}. " + "word " * 250) for i in range(2000)))
    summary, documents = go()
    assert summary["documents"] == len(documents) == 2000


@pytest.mark.parametrize(
    "settings",
    [
        {"sources": [{"path": "/etc/*"}]},
        {"sources": [{"path": "../other/*"}]},
        {"sources": [{"path": "sources/*", "encoding": "no-such"}]},
        {"sources": [{"path": "sources/*", "retrieved": "last week"}]},
        {"sources": [{"path": "sources/*", "settled": "CC-BY-NC-4.0"}]},
        {"sources": [{"path": "sources/*", "settled": [": because"]}]},
        {"on_broken": "ignore"},
        {"max_megabytes": 0},
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ingest.Config(**settings)
