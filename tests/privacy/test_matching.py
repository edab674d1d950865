"""Patterns run near digits only must find what they find everywhere."""

from __future__ import annotations

import pytest
import regex

from kdvert import verticals
from kdvert.privacy.detectors import generic_specs
from kdvert.privacy.matching import FLAGS, REACH, PatternMatcher, around, in_context, masked, needs_digit, regions
from kdvert.verticals import RecognizerSpec

SPECS = [*generic_specs(), *(spec for v in verticals.discover().values() for spec in v.recognizers)]
FILLER = "It was said that nothing of the kind had been seen in the town before, and no one knew why. " * 3


def found(pattern: str, text: str) -> set[tuple[int, int]]:
    compiled = regex.compile(pattern, FLAGS)
    group = "value" if "value" in compiled.groupindex else 0
    return {m.span(group) for m in compiled.finditer(text) if m[group]}


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_the_gate_hides_no_match(spec: RecognizerSpec) -> None:
    text = FILLER + FILLER.join(case.text + "\n\n" for case in spec.matches) + FILLER
    everywhere = {span for p in spec.patterns for span in found(p.regex, text)}
    assert {(h.start, h.end) for h in PatternMatcher([spec]).find(text)} == everywhere


def test_a_recognizer_of_words_needs_no_digit() -> None:
    assert not needs_digit(next(s for s in SPECS if s.name == "form_of_address"))
    assert needs_digit(next(s for s in SPECS if s.name == "stated_age"))


def test_regions_end_at_blanks() -> None:
    text = "word " * 100 + "12 " + "word " * 100
    [(start, end)] = regions(text)
    assert start < text.index("12") < end < len(text)
    assert text[end] == " "


def test_context_raises_a_score_once() -> None:
    text = "her account and accounts 12"
    assert in_context(text, 25, 0.3, frozenset({"account"})) == pytest.approx(0.65)
    assert in_context(text, 25, 0.9, frozenset({"account"})) == 1.0
    assert in_context(text, 25, 0.3, frozenset({"loan"})) == 0.3


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_a_search_around_changes_finds_what_stands_there(spec: RecognizerSpec) -> None:
    """A change right before, and right behind, each of a recognizer's own cases: it is found as by a full search."""
    matcher = PatternMatcher([spec])
    for case in spec.matches:
        for text, change in (
            (f"{FILLER}[CITY_1]. {case.text}\n\n{FILLER}", len(FILLER)),
            (f"{FILLER}{case.text}\n\n[CITY_1] {FILLER}", len(FILLER) + len(case.text) + 2),
        ):
            changed = (change, change + len("[CITY_1]"))
            full, again = set(matcher.find(text)), set(matcher.find(text, [changed]))
            near = {h for h in full if changed[0] - REACH <= h.start and h.end <= changed[1] + REACH}
            assert near <= again <= full


def test_nothing_far_from_a_change_is_searched() -> None:
    matcher = PatternMatcher(SPECS)
    text = f"MRN 48213907. {FILLER}{FILLER}[CITY_1] {FILLER}{FILLER}MRN 48213908."
    start = text.index("[")
    assert {text[h.start : h.end] for h in matcher.find(text)} >= {"48213907", "48213908"}
    assert list(matcher.find(text, [(start, start + 8)])) == []
    assert list(matcher.find(text, [])) == []


def test_digits_that_were_put_in_open_no_search() -> None:
    [spec] = [s for s in SPECS if s.name == "stated_age"]
    text = f"{FILLER}She was 94 years old. {FILLER}"
    start = text.index("94")
    matcher = PatternMatcher([spec])
    assert list(matcher.find(text))
    assert list(matcher.find(text, [(start, start + 2)])) == []


def test_masked_keeps_every_offset() -> None:
    text = "see [PERSON_1] and 12 👩🏽 there"
    done = masked(text, [(4, 14), (19, 21)])
    assert len(done) == len(text)
    assert done[:4] + done[14:19] + done[21:] == text[:4] + text[14:19] + text[21:]
    assert not regex.search(r"[\w\[\]]", done[4:14] + done[19:21])
    assert masked(text, []) == text


def test_stretches_around_neighbors_are_joined() -> None:
    text = "word " * 200
    [(start, end)] = around([(300, 310), (340, 350)], text)
    assert (start, end >= 350 + REACH) == (300 - REACH, True)
    first, second = around([(100, 110), (700, 710)], text)
    assert first[1] < second[0]
    assert text[first[1]] == " "
    assert around([], text) == []
