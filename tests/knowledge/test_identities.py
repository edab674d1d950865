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


def test_a_forgotten_name_is_gone_and_its_number_is_never_given_again(tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    ids = Identities(path)
    for name in ("a", "b", "c"):
        ids.of(name)
    assert ids.of("b", "r") == "doc-0002#1"
    assert ids.of("b", "s") == "doc-0002#2"
    ids.forget("b", "r")
    assert (ids.find("b", "r"), ids.find("b", "s"), ids.find("b", "t")) == (None, "doc-0002#2", None)
    assert ids.of("b", "r") == "doc-0002#3"
    ids.forget("b")
    ids.forget("never seen")
    assert (ids.find("b"), ids.find("b", "s"), ids.find("c")) == (None, None, "doc-0003")
    ids.save()
    again = Identities(path)
    assert [again.of("b"), again.of("d"), again.of("a")] == ["doc-0004", "doc-0005", "doc-0001"]
