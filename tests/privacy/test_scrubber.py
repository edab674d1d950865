"""The whole way, with the real analyzer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdvert.errors import WorkFailed
from kdvert.privacy import detectors
from kdvert.privacy import scrubber as scrubber_module
from kdvert.privacy.detectors import LONGEST_WINDOW, OVERLAP, WINDOW, windows
from kdvert.privacy.scrubber import Scrubber

CASE = (
    "Leonora Vantongeren, born 03/14/1941, MRN 48213907, lives at 418 Larkspur Lane, Fairhollow, Ohio 43999. "
    "Dr. Emeka Thorncastle, NPI 1234567893, saw Vantongeren on May 6, 2024; she was 93 years old. "
    "Call (555) 555-0142 or write to l.vantongeren@example.org. Leonora takes warfarin twice daily."
)
RAW = [
    "Leonora", "Vantongeren", "03/14", "48213907", "Larkspur", "Fairhollow", "43999", "Emeka", "Thorncastle",
    "1234567893", "May 6", "93", "555-0142", "vantongeren",
]  # fmt: skip
PLAIN = (
    "Warfarin is taken once daily for 20 minutes or 3 months at age 65. Penicillin and Apixaban differ. "
    "In 2019 the United States and Ohio changed the rule. Hemoglobin A1c fell from 9.1 to 7.2 percent. "
    "Blood pressure was 120/80 mmHg. Hodgkin lymphoma and Bell palsy are diseases. Common Rule, 45 CFR 46.102(e)."
)


def test_every_identifier_goes_and_the_rest_stays(scrubber: Scrubber) -> None:
    done = scrubber.scrub("case", CASE)
    assert [raw for raw in RAW if raw in done.text] == []
    assert done.text == (
        "[PERSON_1], born 1941, MRN [MEDICAL_RECORD_NUMBER_1], lives at [STREET_ADDRESS_1], [CITY_1], Ohio 439XX. "
        "Dr. [PERSON_2], NPI [US_NPI_1], saw [PERSON_1] on 2024; she was 90 or older. "
        "Call [PHONE_NUMBER_1] or write to [EMAIL_ADDRESS_1]. [PERSON_1] takes warfarin twice daily."
    )


def test_an_ordinary_text_is_left_alone(scrubber: Scrubber) -> None:
    done = scrubber.scrub("plain", PLAIN)
    assert done.text == PLAIN
    assert done.log.findings == []


@pytest.mark.parametrize("name", ["medicine", "law", "finance", "education", "science"])
def test_the_sample_corpora_keep_no_contact_and_no_number(make_scrubber: Callable[..., Scrubber], name: str) -> None:
    from kdvert import verticals

    made = make_scrubber(name)
    vignettes = [p for p in verticals.load(name).corpus if "@example" in p.read_text(encoding="utf-8")][:2]
    assert vignettes
    for path in vignettes:
        done = made.scrub(path.name, path.read_text(encoding="utf-8"))
        assert not re.search(r"@example|\b555-\d{4}|MRN:? [A-Z]*\d|born (?:on )?(?!on |\d{4}\b)\w+ \d", done.text)
        assert "[PERSON_1]" in done.text


def test_moves_and_findings_index_both_texts(scrubber: Scrubber) -> None:
    done = scrubber.scrub("case", CASE)
    cursor = scrubbed = 0
    for finding, move in zip(done.log.findings, done.log.moves, strict=True):
        assert (finding.start, finding.end) == (move.start, move.end)
        assert CASE[cursor : move.start] == done.text[scrubbed : move.scrubbed_start]
        cursor, scrubbed = move.end, move.scrubbed_end
    assert CASE[cursor:] == done.text[scrubbed:]


def test_the_log_holds_no_raw_value(scrubber: Scrubber) -> None:
    line = scrubber.scrub("case", CASE).log.model_dump_json()
    assert [raw for raw in RAW if not raw.isdigit() and raw in line] == []


def test_names_of_the_text_go_from_the_title(scrubber: Scrubber) -> None:
    done = scrubber.scrub("case", CASE, "Visit of Vantongeren, 05/06/2024")
    assert done.title == "Visit of [PERSON_1], 2024"


def test_a_passage_keeps_its_placeholders(scrubber: Scrubber) -> None:
    passage = scrubber.passage("[PERSON_2] was seen by Dr. Emeka Thorncastle.")
    assert passage.text == "[PERSON_2] was seen by Dr. [PERSON_3]."
    assert passage.scrubbed_by == scrubber.policy_sha
    assert scrubber.passage(passage.text) == passage


WORDS = [
    "Maria Alvarez", "Dr. Alvarez", "Alvarez", "John Bell", "Rose", "May", "in Fresno", "Ohio 43999", "at Elm Hospital",
    "418 Larkspur Lane", "March 5, 2021", "born 1/2/1934", "2024", "aged 94", "90 or older", "MRN 48213907",
    "(555) 555-0142", "a.b@example.org", "www.example.org", "[PERSON_1]", "[REMOVED_US_SSN]", "[CITY_9", "****1234",
    "439XX", "SSN 219-09-9999", "warfarin", "Warfarin", "the patient", "and", "was seen", ".", ",", "\n\n", "(",
    "é̂", "🙂",
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=14))
def test_scrubbing_twice_changes_nothing(scrubber: Scrubber, parts: list[str]) -> None:
    text = " ".join(parts)
    once = scrubber.scrub("d", text)
    assert scrubber.scrub("d", once.text).text == once.text
    for move in once.log.moves:
        assert 0 <= move.start < move.end <= len(text)
        assert 0 <= move.scrubbed_start < move.scrubbed_end <= len(once.text)


@given(st.text("ab \n.", max_size=300), st.integers(5, 60))
def test_windows_cover_the_text(text: str, size: int) -> None:
    whole = text * 200
    covered = 0
    for start, window in windows(whole):
        assert whole[start : start + len(window)] == window
        assert start <= covered
        assert len(window) <= LONGEST_WINDOW + 2
        covered = start + len(window)
    assert covered == len(whole)


def test_a_name_on_a_cut_is_found(scrubber: Scrubber) -> None:
    filler = "word " * ((LONGEST_WINDOW - OVERLAP // 2) // 5)
    text = f"{filler}seen by Dr. Emeka Thorncastle, MRN 48213907, and {'word ' * 3000}"
    assert len(list(windows(text))) > 1
    done = scrubber.scrub("long", text)
    assert "Thorncastle" not in done.text
    assert "48213907" not in done.text


def test_windows_end_at_blank_lines() -> None:
    text = ("x" * WINDOW + "\n\n") * 3
    assert [start for start, _ in windows(text)] == [0, WINDOW + 2, 2 * WINDOW + 4]


@pytest.mark.slow
def test_a_line_longer_than_the_models_limit(scrubber: Scrubber) -> None:
    text = "plain words here " * 65_000 + "MRN 48213907."
    assert len(text) > 1_000_000
    done = scrubber.scrub("huge", text)
    assert done.text.endswith("MRN [MEDICAL_RECORD_NUMBER_1].")
    assert text[done.log.findings[0].start :].startswith("48213907")


def test_a_slow_text_is_held_back(make_scrubber: Callable[..., Scrubber], monkeypatch: pytest.MonkeyPatch) -> None:
    slow = make_scrubber()
    spec = next(s for s in slow.specs if s.entity == "US_SSN")
    pattern = spec.patterns[0].model_copy(update={"regex": r"(?:a|aa)+\d"})
    blow_up = spec.model_copy(update={"patterns": [pattern], "needs": []})
    slow = Scrubber(slow.policy, [blow_up], 0.4, 1.0)
    monkeypatch.setattr(scrubber_module, "SHORTEST_LIMIT", 0.5)
    with pytest.raises(WorkFailed, match=r"notes/1\.md: scrubbing took longer") as caught:
        slow.scrub("notes/1.md", "Maria Alvarez " + "a" * 60 + "! 1")
    assert "Alvarez" not in str(caught.value)


def test_a_failure_shows_nothing_of_the_text(
    scrubber: Scrubber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: object, text: str, *rest: object) -> None:
        raise ValueError(f"did not find word '{text}'")

    monkeypatch.setattr(detectors.Detector, "_analyze", fail)
    with caplog.at_level(logging.DEBUG), pytest.raises(WorkFailed) as caught:
        scrubber.scrub("notes/1.md", "Maria Alvarez")
    assert "notes/1.md" in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert caught.value.__suppress_context__
    assert "Alvarez" not in str(caught.value) + caplog.text


def test_nothing_raw_is_logged(scrubber: Scrubber, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        scrubber.scrub("case", CASE)
    assert [raw for raw in RAW if raw in caplog.text] == []


def test_the_description_tells_what_is_not_looked_for(make_scrubber: Callable[..., Scrubber]) -> None:
    told = make_scrubber("law").describe()
    assert told["regimes"][0]["id"] == "frcp-5-2"
    assert told["types"]["US_SSN"]["action"] == "mask"
    assert "us_federal_docket_number" in told["types"]["DOCKET_NUMBER"]["recognizers"]
    assert told["without_recognizer"] == []
    assert "FACE_PHOTO" in make_scrubber("medicine").describe()["without_recognizer"]


def test_the_policy_hash_follows_the_policy(make_scrubber: Callable[..., Scrubber]) -> None:
    plain = make_scrubber().policy_sha
    assert make_scrubber().policy_sha == plain
    assert make_scrubber(actions={"ZIP_CODE": "drop"}).policy_sha != plain
    assert make_scrubber(threshold=0.5).policy_sha != plain
    assert make_scrubber("law").policy_sha != plain


def test_mask_and_drop(make_scrubber: Callable[..., Scrubber]) -> None:
    law = make_scrubber("law").scrub("d", "Her Social Security number is 219-09-9999.")
    assert law.text == "Her Social Security number is ****9999."
    card = make_scrubber("finance").scrub("d", "Card 4111 1111 1111 1111, CVV 417.")
    assert card.text == "Card [CREDIT_CARD_1], CVV [REMOVED_CARD_SECURITY_CODE]."


@pytest.mark.parametrize("text", ["", " ", "\n\n\n", "\ud800", "​", "A" * 3000, "🙂" * 50, "[PERSON_1]"])
def test_odd_texts_pass(scrubber: Scrubber, text: str) -> None:
    assert scrubber.scrub("odd", text).text == text
