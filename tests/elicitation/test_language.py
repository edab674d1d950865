"""Where sentences end, with and without grammar."""

from __future__ import annotations

import pytest

from kdvert.knowledge.language import load

TEXT = """# Asthma

Asthma is a long-term disease of the airways, e.g. of children. Dr. Lee saw it in 2021! Is it treated?

- Inhaled steroids reduce it.
  They are taken daily.
| drug | dose |
El asma es una enfermedad. No se cura.
"""


@pytest.mark.parametrize(
    "whole",
    [
        "Sulfolobus spp. are used in biotechnology ([figure or section]).",
        "Ignaz Semmelweis (1847) observed that people who gave birth fell ill ([table 3]).",
        "Give 2.5 mg b.i.d. with food.",
    ],
)
def test_brackets_and_abbreviations_end_no_sentence(whole: str) -> None:
    text = f"Cells are small. {whole} They divide."
    assert [text[start:end] for start, end in load("en").ends(text)] == ["Cells are small.", whole, "They divide."]


@pytest.mark.parametrize("code", ["en", "es"])
def test_ends_are_those_of_sentences(code: str) -> None:
    language = load(code)
    ends = language.ends(TEXT)
    assert ends == [(start, end) for start, end, _ in language.sentences(TEXT)]
    assert "They are taken daily." in [TEXT[start:end] for start, end in ends]
    assert not any("drug" in TEXT[start:end] for start, end in ends)
