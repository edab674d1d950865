"""Organizations are told from courts, laws and departments, and a party's name from its description."""

from __future__ import annotations

import pytest

from kdvert.privacy import organizations

HEAD = "IN THE HIGH COURT\nW.P. 12 of 2019\n\n{party}\n... Petitioner\nversus\n1. The Union of Avadh\n... Respondent\n"


def _values(text: str, *tagged: str) -> set[str]:
    spans = [(text.index(value), text.index(value) + len(value)) for value in tagged]
    return {text[start:end] for start, end in organizations.find(text, spans, [])}


@pytest.mark.parametrize(
    "name", ["Finance Department", "Marketing Solutions", "the Supreme Court of Avadh", "Equality Act"]
)
def test_what_every_text_names_is_no_organization(name: str) -> None:
    assert _values(f"A memo from {name} arrived.", name) == set()


def test_a_tagged_name_counts_unless_it_is_a_short_form() -> None:
    assert _values("Plexonia sells pumps.", "Plexonia") == {"Plexonia"}
    assert _values("The COPD was mild.", "COPD") == set()


def test_a_party_ends_before_its_description() -> None:
    text = HEAD.format(
        party="1. Vantrell Mills Private Limited, having its registered office at Pune, through its partner"
    )
    assert any(v.startswith("Vantrell Mills") for v in _values(text))
    assert not any("registered" in v or "Pune" in v for v in _values(text))


def test_a_numbered_sentence_is_no_party() -> None:
    text = HEAD.format(party="1. This petition has been filed to challenge the order that was passed")
    assert not any("petition" in v for v in _values(text))


def test_a_text_says_which_words_are_its_firms() -> None:
    text = "Vantrell Technologies Co., Ltd. (“Vantrell Supply” or the “Supplier”) and Brandmere Inc. met. Meadow & Co. paid."
    assert "Vantrell" in organizations.firms(text)
    assert "Smith" not in organizations.firms("Smith Holdings Inc. is run by Smith.")
