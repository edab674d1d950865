"""The time of a study is nobody's date; the dates of a patient are."""

from __future__ import annotations

import re

import pytest

from kdvert.privacy.study_periods import is_one

DATE = re.compile(r"(?:January|March|May|June)(?: \d{1,2},)? \d{4}")


@pytest.mark.parametrize(
    "text",
    [
        "Between January 2003 and June 2005, 112 consecutive patients underwent surgery.",
        "METHODS: From March 2007 to January 2011, procedures were reviewed.",
        "We followed a cohort (n = 40) from January 1, 2005, to June 30, 2009.",
    ],
)
def test_the_ends_of_a_study_are_told(text: str) -> None:
    found = [m.span() for m in DATE.finditer(text)]
    assert len(found) == 2
    assert all(is_one(text, *span) for span in found)


@pytest.mark.parametrize(
    "text",
    [
        "She was admitted from January 3, 2019 to January 9, 2019 with chest pain.",
        "The patient was seen on March 4, 2019.",
        "Of 40 patients one was born in May 1951.",
        "He was enrolled in March 2019 and is one of 40 participants.",
    ],
)
def test_the_dates_of_a_person_are_not(text: str) -> None:
    found = [m.span() for m in DATE.finditer(text)]
    assert found
    assert not any(is_one(text, *span) for span in found)
