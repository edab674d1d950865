"""Surrogates through the whole scrubber, with the real detectors."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubber

SECRET = b"0123456789abcdef0123456789abcdef"
CASE = (
    "Leonora Vantongeren, born 03/14/1941, MRN 48213907, lives at 418 Larkspur Lane, Fairhollow, Ohio 43999. "
    "Dr. Emeka Thorncastle, NPI 1234567893, saw Vantongeren on May 6, 2024; she was 93 years old. "
    "Call (555) 555-0142 or write to l.vantongeren@example.org. Leonora takes warfarin twice daily."
)
RAW = ["Leonora", "Vantongeren", "48213907", "Larkspur", "Fairhollow", "43999", "Emeka", "Thorncastle", "1234567893"]


@pytest.fixture(scope="module")
def faking(scrubber: Scrubber) -> Scrubber:
    """The medicine vertical's scrubber with surrogates."""
    return replace(scrubber, replace_with="surrogate", secret=SECRET)


def test_surrogates_stand_where_the_regime_replaces_and_coarser_forms_where_it_generalizes(faking: Scrubber) -> None:
    done = faking.scrub("case", CASE)
    assert not [raw for raw in RAW if raw.casefold() in done.text.casefold()]
    assert "born 1941" in done.text
    assert "on 2024; she was 90 or older" in done.text
    assert re.search(r"\(\d{3}\) 555-01\d\d", done.text)
    assert "[" not in done.text
    assert not [raw for raw in RAW for entry in done.ledger if raw.casefold() in entry.value.casefold()]


def test_moves_index_both_texts(faking: Scrubber) -> None:
    done = faking.scrub("case", CASE)
    cursor = scrubbed = 0
    for move in done.log.moves:
        assert CASE[cursor : move.start] == done.text[scrubbed : move.scrubbed_start]
        cursor, scrubbed = move.end, move.scrubbed_end
    assert CASE[cursor:] == done.text[scrubbed:]


def test_dates_move_together_where_a_regime_replaces_them(make_scrubber: Callable[..., Scrubber]) -> None:
    made = make_scrubber("law", actions={"DATE_TIME": "replace", "DATE_OF_BIRTH": "replace"})
    made = replace(made, replace_with="surrogate", secret=SECRET)
    done = made.scrub("d", "Filed on March 3, 2021. Heard on March 17, 2021. Decided on 2021-04-28.")
    import datetime as dt

    first, second = (dt.datetime.strptime(d, "%B %d, %Y") for d in re.findall(r"[A-Z][a-z]+ \d{1,2}, \d{4}", done.text))
    third = dt.datetime.fromisoformat(re.findall(r"\d{4}-\d\d-\d\d", done.text)[0])
    assert (second - first).days == 14
    assert (third - second).days == 42
    assert first != dt.datetime(2021, 3, 3)


def test_a_passage_gets_placeholders_and_keeps_the_ledger(faking: Scrubber) -> None:
    done = faking.scrub("case", CASE)
    reader = replace(faking, ledger=Ledger(done.ledger))
    assert reader.passage(done.text).text == done.text
    name = next(e.value for e in done.ledger if e.entity == "PERSON" and " " in e.value)
    replied = reader.passage(f"{name} was seen by Dr. Emeka Thorncastle.")
    assert replied.text == f"{name} was seen by Dr. [PERSON_1]."


def test_nothing_raw_is_shown(faking: Scrubber, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        done = faking.scrub("case", CASE)
    shown = caplog.text + done.log.model_dump_json()
    assert not [raw for raw in RAW if not raw.isdigit() and raw in shown]
    assert SECRET.decode() not in shown + repr(faking)


WORDS = [
    "Maria Alvarez", "Dr. Alvarez", "ALVAREZ", "M. Alvarez", "John Bell", "Rose", "in Fresno", "Ohio 43999", "Elm Hospital",
    "418 Larkspur Lane", "March 5, 2021", "born 1/2/1934", "2024", "aged 94", "90 or older", "MRN 48213907",
    "(555) 555-0142", "a.b@example.org", "www.example.org", "[PERSON_1]", "****1234", "SSN 219-09-9999", "warfarin",
    "the patient", "and", "was seen", ".", ",", "\n\n", "(", "é̂", "🙂",
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=14))
def test_scrubbing_twice_changes_nothing(faking: Scrubber, parts: list[str]) -> None:
    text = " ".join(parts)
    once = faking.scrub("d", text)
    again = replace(faking, ledger=Ledger(once.ledger), secret=b"x" * 32).scrub("e", once.text)
    assert again.text == once.text
    for move in once.log.moves:
        assert 0 <= move.start < move.end <= len(text)
        assert text[move.start : move.end] != once.text[move.scrubbed_start : move.scrubbed_end]


@pytest.mark.slow
def test_a_line_of_five_megabytes(faking: Scrubber) -> None:
    text = f"{'plain words go here ' * 260_000}Seen by Dr. Emeka Thorncastle."
    assert len(text) > 5_000_000
    done = faking.scrub("huge", text)
    assert "Thorncastle" not in done.text
    assert len(done.log.moves) == 1
