"""Ids that say nothing of names and stay."""

from __future__ import annotations

from pathlib import Path

from kdvert.knowledge.identities import Identities


def test_numbers_stay_and_new_ones_are_added(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "ids.json"
    first = Identities(path)
    assert [first.of("b"), first.of("a"), first.of("a", "r"), first.of("b")] == [
        "doc-0001", "doc-0002", "doc-0002#1", "doc-0001",
    ]  # fmt: skip
    first.save()
    second = Identities(path)
    assert [second.of("c"), second.of("a", "q"), second.of("a", "r")] == ["doc-0003", "doc-0002#2", "doc-0002#1"]


def test_no_name_stands_in_the_file(tmp_path: Path) -> None:
    ids = Identities(tmp_path / "ids.json")
    ids.of("sources/Maria Lopez.md", "ana@example.org")
    ids.save()
    text = (tmp_path / "ids.json").read_text()
    assert "Lopez" not in text
    assert "ana@" not in text


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    assert Identities(tmp_path / "ids.json").of("caf\udce9") == "doc-0001"
