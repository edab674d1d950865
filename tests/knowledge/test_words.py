"""What counts of a text for search by words."""

from __future__ import annotations

import pytest

from kdvert.knowledge.words import Analyzer, pairs


def test_stems_numbers_and_function_words() -> None:
    words = Analyzer("en").words("What were the net sales of 1,496.5 million in 2019, and of the Antibodies?")
    assert words == ["were", "net", "sale", "1496.5", "million", "2019", "antibodi"]


def test_scripts_without_spaces_give_signs_and_pairs() -> None:
    words = Analyzer("ja").words("手を洗う X線")
    assert words[:4] == ["手", "を", "洗", "う"]
    assert "手 を" in pairs(words)


def test_words_that_ask_count_half_unless_there_are_no_others() -> None:
    analyzer = Analyzer("en")
    assert analyzer.asked("percentage change in revenue") == (["percentag", "chang", "revenu"], ["revenu"])
    assert analyzer.asked("percentage change")[1] == ["percentag", "chang"]


def test_labels_are_headings_and_cells_with_letters() -> None:
    text = "## Net sales\n\nProse is no label.\n\nTotal costs | 12 | 13\n | 2019 | Revenue"
    assert Analyzer("en").labels(text) == ["net", "sale", "total", "cost", "revenu"]


@pytest.mark.parametrize(("language", "text", "stems"), [
    ("de", "die Häuser und der Hund", ["haus", "hund"]),
    ("xx", "the houses", ["the", "houses"]),
])  # fmt: skip
def test_other_languages(language: str, text: str, stems: list[str]) -> None:
    assert Analyzer(language).words(text) == stems


def test_a_text_without_words() -> None:
    assert Analyzer("en").words(" —…!? ") == []
    assert Analyzer("en").asked("") == ([], [])
    assert pairs(["one"]) == []
