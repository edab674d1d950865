"""Which language a text is in."""

from __future__ import annotations

import pytest

from kdvert.filescrub.rulebook import Rulebook
from kdvert.privacy.languages import SUPPORTED, language_of, likeliest_first
from kdvert.privacy.scrubber import Scrubber
from kdvert.stages.scrub import Config
from kdvert.verticals import PrivacySpec


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


def test_declared_languages_come_first_and_none_is_left_out() -> None:
    assert likeliest_first(["fr", "de"]) == ("fr", "en", "es")
    assert likeliest_first([]) == SUPPORTED


def test_the_languages_of_a_vertical_reach_the_detector() -> None:
    def told(*languages: str) -> Scrubber:
        return Scrubber.for_vertical(Rulebook(PrivacySpec(regimes=["gdpr"]), [], languages), Config())

    assert told("es")._detector.languages == ("es", "en", "fr")
    assert told()._detector.languages == SUPPORTED
    assert told("es").policy_sha != told().policy_sha
