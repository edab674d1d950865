"""Texts made to hide values or to take for ever: what is found, where it stands, and that scrubbing ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdvert.filescrub.rulebook import rulebook
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import ScrubLog
from kdvert.stages.scrub import Config


@pytest.fixture(scope="module")
def strictest() -> Scrubber:
    """A scrubber of every regime and every vertical."""
    made = Scrubber.for_vertical(rulebook(None), Config())
    made.load()
    return made


def rebuilt(text: str, log: ScrubLog, clean: str) -> str:
    """Put what the log says was taken back into the clean text; its spans must lie in order and inside the text."""
    parts = []
    cursor = 0
    for finding, move in zip(log.findings, log.moves, strict=True):
        assert (finding.start, finding.end) == (move.start, move.end)
        assert 0 <= move.start < move.end <= len(text)
        parts += [clean[cursor : move.scrubbed_start], text[move.start : move.end]]
        cursor = move.scrubbed_end
    return "".join([*parts, clean[cursor:]])


def found(text: str, log: ScrubLog) -> set[str]:
    return {text[f.start : f.end] for f in log.findings}


TRICKS = {
    "family emoji": ("👩🏽‍⚕️ Mr. John Marsden 🙂 (SSN 219-09-9999) 👨‍👩‍👧‍👦", {"John Marsden", "219-09-9999"}),
    "combining marks": (
        unicodedata.normalize("NFD", "Mr. José Núñez saw Ms. Zoë Müller."),
        {unicodedata.normalize("NFD", name) for name in ("José Núñez", "Zoë Müller")},
    ),
    "zero width": ("Mr. John Mars\u200bden, SSN 2\u200b19-09\u200d-9999", {"John Mars\u200bden", "2\u200b19-09\u200d-9999"}),
    "homoglyphs": ("Mr. Jоhn Mаrsdеn, j.mаrsden@example.com", {"Jоhn Mаrsdеn", "j.mаrsden@example.com"}),
    "full width": ("ＳＳＮ ２１９－０９－９９９９", {"２１９－０９－９９９９"}),
    "other digits": ("SSN ٢١٩-٠٩-٩٩٩٩", {"٢١٩-٠٩-٩٩٩٩"}),
    "entities": (
        "Mr. John&nbsp;Marsden, j.marsden&#64;example.com, SSN 219&#45;09&ndash;9999",
        {"John&nbsp;Marsden", "j.marsden&#64;example.com", "219&#45;09&ndash;9999"},
    ),
    "percent": ("j.marsden%40example.com", {"j.marsden%40example.com"}),
    "line breaks": ("SSN 219-09-\n9999. Card 4111 1111\n1111 1111.", {"219-09-\n9999", "4111 1111\n1111 1111"}),
    "quoted line breaks": ("SSN: 219-\n> 09-9999, please", {"219-\n> 09-9999"}),
    "directions": ("Mr. \u202eJohn Marsden\u202c, SSN \u2066219-09-9999\u2069", {"John Marsden", "219-09-9999"}),
    "dashes": ("SSN 219–09–9999", {"219–09–9999"}),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_a_hidden_value_is_found_where_it_stands(strictest: Scrubber, trick: str) -> None:
    text, values = TRICKS[trick]
    done = strictest.scrub("d", text)
    assert values <= found(text, done.log)
    assert rebuilt(text, done.log, done.text) == text
    assert strictest.scrub("d", done.text).text == done.text


def test_nested_and_overlapping_values_go_as_wholes(strictest: Scrubber) -> None:
    link = "https://example.org/?user=j.marsden@example.com&ssn=219-09-9999"
    text = f"See {link}, written by Mr. John Marsden of 12 John Marsden Lane, Fairhollow, OH 43999."
    done = strictest.scrub("d", text)
    assert {link, "John Marsden"} <= found(text, done.log)
    assert not [raw for raw in ("Marsden", "marsden", "219", "Fairhollow") if raw in done.text]
    assert rebuilt(text, done.log, done.text) == text
    assert strictest.scrub("d", done.text).text == done.text


def test_names_of_several_languages_in_one_text(strictest: Scrubber) -> None:
    text = (
        "Mr. John Marsden was seen by the doctor and sent home.\n\n"
        "La paciente Lucía Fernández Ortega, con DNI 12345678Z, fue dada de alta.\n\n"
        "Le patient Étienne Marchand demeure 14 rue des Lilas, 69003 Lyon."
    )
    done = strictest.scrub("d", text)
    assert {"John Marsden", "Lucía Fernández Ortega", "12345678Z", "Étienne Marchand"} <= found(text, done.log)
    assert rebuilt(text, done.log, done.text) == text
    assert strictest.scrub("d", done.text).text == done.text


ENDLESS = (
    "A. ", "a.", "1 ", "1-", "MRN ", "a@", "John A. ", "de la ", "9" * 16 + " ", "12/12/", "\n1", "http://", "X v. Y ",
    "[PERSON_1] ", "e\u0301", "&#64;", "\u200b1", "SSN 219-09-9999 ", "Dr. A. B. ", "(", ",", "_", "🙂",
)  # fmt: skip


@pytest.mark.parametrize("unit", ENDLESS)
def test_repetition_blows_nothing_up(strictest: Scrubber, unit: str) -> None:
    """What takes more than a minute is held back, which would raise here."""
    text = (unit * 1000)[:1000]
    done = strictest.scrub("d", text)
    assert rebuilt(text, done.log, done.text) == text
    assert strictest.scrub("d", done.text).text == done.text


PARTS = [
    *(text for text, _ in TRICKS.values()), "Dr. Alvarez", "La paciente Lucía Fernández", "M. Marchand", "90 años",
    "[PERSON_1]", "[REMOVED_US_SSN]", "[PERS\u200bON_1]", "&lt;b&gt;", "&#x5b;CITY_1&#93;", "the patient", "\n", "\u2028",
    "\ud800", "\x00", "é̂", "،", "。",
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=8), glue=st.sampled_from([" ", "", "\n"]))
def test_any_text_keeps_its_offsets_and_is_done_in_one_pass(strictest: Scrubber, parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    done = strictest.scrub("d", text)
    assert rebuilt(text, done.log, done.text) == text
    assert strictest.scrub("d", done.text).text == done.text
