"""Token F1 as SQuAD defines it."""

from __future__ import annotations

import pytest

from kdvert.evaluation.metrics import normalize, token_f1


def test_case_punctuation_and_articles_do_not_count():
    assert normalize("The  Cat, (a) cat!") == ["cat", "cat"]


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("20 minutes", "20 minutes.", 1.0),
        ("", "20 minutes", 0.0),
        ("", "", 1.0),
        ("the", "a", 1.0),
        ("hours", "20 minutes", 0.0),
        ("hold it for 20 minutes", "20 minutes", 2 * 2 / (5 + 2)),
        ("no no no", "no", 2 * 1 / (3 + 1)),
    ],
)
def test_token_f1(answer, reference, expected):
    assert token_f1(answer, reference) == pytest.approx(expected)
