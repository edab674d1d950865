"""Which language a text is in."""

from __future__ import annotations

import pytest

from kdvert.privacy.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The patient was seen by her doctor on Monday and sent home.", "en"),
        ("La paciente fue vista por el médico y se le dio de alta con un tratamiento.", "es"),
        ("La patiente a été vue par le médecin et les soins sont terminés pour elle.", "fr"),
        ("Galip Yalman, Osman Yusuf", "en"),
        ("", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_only_the_languages_asked_for_are_answered() -> None:
    assert language_of("La paciente fue vista por el médico.", ("en",)) == "en"
    assert language_of("La paciente fue vista por el médico.", ("en", "fr")) in ("en", "fr")
