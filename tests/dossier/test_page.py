from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kdvert.dossier import fields, job, page
from kdvert.dossier.lineage import Lineage
from kdvert.errors import UserError
from kdvert.licensing.chain import Applied
from kdvert.licensing.conflicts import Conflict
from kdvert.reporting import html
from kdvert.store import read_json, sha256_file
from kdvert.templates import TemplateSet

Gathered = Callable[..., Lineage]
VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Tags that were not closed in order, ids, and targets of links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.targets += [found["href"] or ""] if "href" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


@pytest.fixture
def written(lineage: Lineage, tmp_path: Path) -> Path:
    job.write(lineage, tmp_path / "dossier")
    return tmp_path / "dossier"


def test_page_is_closed_well_formed_and_links_to_files_that_are_there(written: Path) -> None:
    text = (written / page.FILE).read_text(encoding="utf-8")
    files = [row["file"] for row in read_json(written / "index.json")["files"]]
    assert html.openings(text, files) == []
    assert html.openings(text) != []
    outline = Outline(text)
    assert (outline.crossed, outline.open) == ([], [])
    assert len(set(outline.ids)) == len(outline.ids)
    for target in outline.targets:
        assert target[1:] in outline.ids if target.startswith("#") else (written / target).is_file()


def test_page_shows_the_verdict_chain_duties_and_hashes(written: Path, lineage: Lineage) -> None:
    text = (written / page.FILE).read_text(encoding="utf-8")
    assert "Allowed, with duties" in text
    for link in lineage.licensing.links:
        assert link.code in text
        assert link.facts_sha256 in text
    for document in lineage.documents:
        assert document.sha256 in text
    assert lineage.student.adapter_sha256 in text
    for row in fields.still_open({}):
        assert row.who.split(" ", 1)[1] in unescape(text)
        assert row.about in unescape(text)


def test_overrides_and_conflicts_are_shown(gathered: Gathered, tmp_path: Path) -> None:
    lineage = gathered()
    lapsed = Applied(
        id="o1", by="Jane Counsel", target="source:CC-BY-4.0", lifts="ask-counsel", held=False, why="expired",
        reason="Agreed with the client.", expires=date(2026, 1, 2),
    )  # fmt: skip
    conflict = Conflict(code="two-share-alikes", verdict="ask-counsel", reason="Not both.", between=["A", "B"])
    check = lineage.licensing.model_copy(update={"overrides": [lapsed], "conflicts": [conflict]})
    job.write(lineage.model_copy(update={"licensing": check}), tmp_path / "dossier")
    text = (tmp_path / "dossier" / page.FILE).read_text(encoding="utf-8")
    for said in ("Jane Counsel", "Agreed with the client.", "2026-01-02", "lapsed", "two-share-alikes", "A and B"):
        assert said in text


def test_a_filled_field_leaves_the_list_and_stands_in_the_page(gathered: Gathered, tmp_path: Path) -> None:
    index = job.write(gathered(answers={"provider_name": "<b>Acme</b> GmbH"}), tmp_path / "dossier")
    assert "provider_name" not in {row.field for row in index.to_fill}
    text = (tmp_path / "dossier" / page.FILE).read_text(encoding="utf-8")
    assert "&lt;b&gt;Acme&lt;/b&gt; GmbH" in text


def test_index_lists_every_file_with_its_hash(written: Path) -> None:
    index = read_json(written / "index.json")
    there = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()} - {"index.json"}
    assert {row["file"] for row in index["files"]} == there
    for row in index["files"]:
        assert row["sha256"] == sha256_file(written / row["file"])
        assert row["size"] == (written / row["file"]).stat().st_size
        assert row["about"]


def test_the_same_lineage_gives_the_same_bytes(written: Path, lineage: Lineage, tmp_path: Path) -> None:
    job.write(lineage, tmp_path / "again")
    assert (tmp_path / "again" / "index.json").read_bytes() == (written / "index.json").read_bytes()


def test_an_older_dossier_is_replaced_and_nothing_else(written: Path, lineage: Lineage, tmp_path: Path) -> None:
    (written / "stale.txt").write_text("old", encoding="utf-8")
    job.write(lineage, written)
    assert not (written / "stale.txt").exists()
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="no dossier"):
        job.write(lineage, other)
    assert [p.name for p in other.iterdir()] == ["thesis.txt"]


def test_a_failure_leaves_the_old_dossier(written: Path, lineage: Lineage, tmp_path: Path) -> None:
    before = (written / "index.json").read_bytes()
    wrong = lineage.model_copy(update={"student": lineage.student.model_copy(update={"adapter_sha256": "no hash"})})
    with pytest.raises(Exception, match=r"bom\.cdx\.json"):
        job.write(wrong, written)
    assert (written / "index.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_records_are_handed_on_only_when_asked(
    written: Path, lineage: Lineage, folders: dict[str, Path], tmp_path: Path
) -> None:
    assert not (written / "data").exists()
    job.write(lineage, tmp_path / "with", data={"train": folders["distill"] / "train.jsonl"})
    stated = {f.name: f.sha256 for f in lineage.data}
    assert sha256_file(tmp_path / "with/data/train.jsonl") == stated["train"]


def test_a_project_may_override_a_part_of_the_page(lineage: Lineage, tmp_path: Path) -> None:
    own = tmp_path / "templates"
    (own / "dossier").mkdir(parents=True)
    text = '{% extends "shared/dossier/dossier.html.j2" %}{% block fill %}<p>Ask Bob.</p>{% endblock %}'
    (own / "dossier/dossier.html.j2").write_text(text, encoding="utf-8")
    job.write(lineage, tmp_path / "dossier", templates=TemplateSet(own, None))
    made = (tmp_path / "dossier" / page.FILE).read_text(encoding="utf-8")
    assert "Ask Bob." in made
    assert not re.search(r'id="fill"', made)
