"""Patterns run near digits only must find what they find everywhere."""

from __future__ import annotations

import pytest
import regex

from kdvert import verticals
from kdvert.privacy.detectors import generic_specs
from kdvert.privacy.matching import FLAGS, PatternMatcher, in_context, needs_digit, regions
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
