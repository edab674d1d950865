"""Sentences are the same with and without grammar."""

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


@pytest.mark.parametrize("code", ["en", "es"])
def test_ends_are_those_of_sentences(code: str) -> None:
    language = load(code)
    ends = language.ends(TEXT)
    assert ends == [(start, end) for start, end, _ in language.sentences(TEXT)]
    assert "They are taken daily." in [TEXT[start:end] for start, end in ends]
    assert not any("drug" in TEXT[start:end] for start, end in ends)
