"""Scholars of a textbook are public; whoever a text treats, teaches or sues is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert.privacy.public_people import is_one, surnames
from kdvert.privacy.scrubber import Scrubber


@pytest.mark.parametrize(
    ("text", "surname"),
    [
        ("Wenzel Achtermann (1884–1951) founded the school. Achtermann is read today.", "Achtermann"),
        ("His findings (Brandmere, 1925) show a growth.", "Brandmere"),
        ("Brandmere and Tallis (1968) disagreed.", "Brandmere"),
        ("The American ecologist Rowena Whitlock studied lakes.", "Whitlock"),
        ("It is found in mice (Ossby, Tallis, & Brandmere, 2009).", "Tallis"),
        ("The genus was discovered by Wenzel Achtermann in the 1980s.", "Achtermann"),
        ("Tallwick's theory of drives is old.", "Tallwick"),
        ("The theory of tides, proposed by Wenzel Achtermann, failed.", "Achtermann"),
    ],
)
def test_a_text_introduces_its_scholars(text: str, surname: str) -> None:
    assert surname in surnames(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rowena Whitlock was seen on the ward; her test was negative.",
        "Mr. Brandmere came back. Brandmere (2019) signed the form.",
        "Rowena Whitlock (1961–2019), MRN 4471902, died on the ward.",
        "Statistician Odalys Brandmere checked the table.",
        "The leak was discovered by Rowena Whitlock in the kitchen.",
        "Anna's theory is that the bus was late.",
    ],
)
def test_nobody_private_becomes_a_scholar(text: str) -> None:
    assert surnames(text) == frozenset()


def test_a_full_name_is_known_by_its_last_word() -> None:
    text, known = "Wenzel Achtermann met Achtermann’s Odalys", frozenset({"Achtermann"})
    assert all(is_one(text, *span, known) for span in ((0, 17), (0, 6), (22, 34)))
    assert not is_one(text, 35, 41, known)


def test_a_textbook_keeps_its_scholars_and_loses_its_pupil(make_scrubber: Callable[..., Scrubber]) -> None:
    text = (
        "The German psychologist Wenzel Achtermann (1884–1951) described insight. Achtermann's theory was tested in 1930. "
        "The pupil Odalys Brandmere solved the puzzle."
    )
    done = make_scrubber("education").scrub("chapter", text).text
    assert "Wenzel Achtermann" in done
    assert "Achtermann's theory" in done
    assert "Brandmere" not in done
