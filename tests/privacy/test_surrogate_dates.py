from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.privacy.draws import Draws
from kdvert.privacy.surrogate_dates import WEEKS, Shift, day_first, offset

WEEK = Shift(datetime.timedelta(weeks=10), day_first=False, language="en")


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("March 5th, 2021", "May 14th, 2021"),
        ("March 24th, 2021", "June 2nd, 2021"),
        ("14 March 1986", "23 May 1986"),
        ("2024-05-06", "2024-07-15"),
        ("2024-05-06T10:30:00Z", "2024-07-15T10:30:00Z"),
        ("07/21/1949", "09/29/1949"),
        ("7/1/49", "9/9/49"),
        ("June 2016", "August 2016"),
        ("May 6", "July 15"),
        ("03/2026", "05/2026"),
        ("22nd of January 2005", "2nd of April 2005"),
        ("Jan. 3, 2020", "Mar. 13, 2020"),
        ("JAN 3, 2020", "MAR 13, 2020"),
        ("Monday, May 6, 2024 at 10:30 am", "Monday, July 15, 2024 at 10:30 am"),
        ("May 6, '24", "July 15, '24"),
        ("5 de marzo de 2021", "14 de mayo de 2021"),
        ("1er mars 2021", "10 mai 2021"),
        ("le 15 août 2021", "le 24 octobre 2021"),
    ],
)
def test_dates_keep_their_form(value: str, moved: str) -> None:
    assert WEEK(value) == moved


@pytest.mark.parametrize(
    "value", ["Jan 3 to 5, 2020", "3 days ago", "last spring", "2021", "13/13/2020", "99/99/9999", "Monday", "", "May"]
)
def test_what_is_not_understood_is_not_guessed(value: str) -> None:
    assert WEEK(value) is None


def test_a_date_that_tells_the_order_decides_for_all() -> None:
    assert day_first(["3/4/2021", "25/4/2021"], "en")
    assert not day_first(["3/4/2021", "4/25/2021"], "es")
    assert day_first(["3/4/2021"], "es")
    assert not day_first(["3/4/2021"], "en")
    assert Shift(datetime.timedelta(weeks=10), day_first=True, language="es")("01/02/2021") == "12/04/2021"


FORMS = {
    "%Y-%m-%d": r"\d{4}-\d\d-\d\d",
    "%m/%d/%Y": r"\d\d/\d\d/\d{4}",
    "%d %B %Y": r"\d{1,2} [A-Z][a-z]+ \d{4}",
    "%B %d, %Y": r"[A-Z][a-z]+ \d{1,2}, \d{4}",
}


@given(
    first=st.dates(datetime.date(1905, 1, 1), datetime.date(2095, 12, 31)),
    second=st.dates(datetime.date(1905, 1, 1), datetime.date(2095, 12, 31)),
    form=st.sampled_from(sorted(FORMS)),
    seed=st.integers(0, 10_000),
)
def test_days_between_dates_stay(first: datetime.date, second: datetime.date, form: str, seed: int) -> None:
    moved_by = offset(Draws(b"k" * 32, str(seed)))
    assert WEEKS[0] * 7 <= abs(moved_by.days) <= WEEKS[1] * 7
    assert moved_by.days % 7 == 0
    shift = Shift(moved_by, day_first=False, language="en")
    texts = [shift(date.strftime(form)) for date in (first, second)]
    assert all(text and re.fullmatch(FORMS[form], text) for text in texts)
    moved = [datetime.datetime.strptime(str(text), form).date() for text in texts]
    assert moved[1] - moved[0] == second - first
    assert moved[0] - first == moved_by
