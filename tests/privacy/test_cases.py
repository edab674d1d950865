from __future__ import annotations

import pytest

from kdvert import verticals
from kdvert.privacy.cases import problems
from kdvert.privacy.detectors import generic_specs
from kdvert.verticals import MatchCase, PatternSpec, RecognizerSpec

SPECS = [*generic_specs(), *(spec for v in verticals.discover().values() for spec in v.recognizers)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_every_case_of_every_recognizer_holds(spec: RecognizerSpec) -> None:
    assert problems(spec) == []


def make(regex: str, *, score: float = 0.8, context: tuple[str, ...] = (), near: str = "nothing") -> RecognizerSpec:
    return RecognizerSpec(
        name="badge",
        entity="BADGE",
        description="a badge",
        patterns=[PatternSpec(name="p", regex=regex, score=score)],
        context=list(context),
        matches=[MatchCase(text="badge B-12 is lost", find="B-12")],
        near_misses=[near],
    )


def test_a_missed_match_is_told() -> None:
    assert "finds nothing instead of 'B-12'" in problems(make(r"C-\d+"))[0]


def test_a_match_must_be_exact() -> None:
    assert "instead of 'B-12'" in problems(make(r"badge B-\d+"))[0]


def test_a_near_miss_that_is_found_is_told() -> None:
    assert "wrongly finds 'B-77'" in problems(make(r"B-\d+", near="vitamin B-77"))[0]


def test_a_low_score_counts_only_with_context() -> None:
    assert "finds nothing" in problems(make(r"B-\d+", score=0.1))[0]
    assert problems(make(r"B-\d+", score=0.1, context=("badge",), near="vitamin B-77")) == []


def test_a_broken_pattern_is_told_and_not_run() -> None:
    assert "is not a regular expression" in problems(make(r"(B-\d+"))[0]
    assert "matches the empty string" in problems(make(r"(?:B-\d+)?"))[0]


def test_a_pattern_that_blows_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdvert.privacy.matching.TIME_LIMIT", 0.2)
    assert "takes longer" in problems(make(r"(?:a|aa)+\d|B-12", near="a" * 60 + "! 7"))[0]


def test_a_group_named_value_is_what_is_found_and_the_rest_its_label() -> None:
    assert problems(make(r"badge (?P<value>B-\d+)", near="vitamin B-77")) == []


def test_a_checksum_leaves_out_what_fails_it_or_gives_it_another_score() -> None:
    spec = make(r"NPI (?P<value>\d{10})")
    checked = spec.patterns[0].model_copy(update={"checksum": "npi"})
    case = MatchCase(text="NPI 1234567893", find="1234567893")
    strict = spec.model_copy(update={"patterns": [checked], "matches": [case], "near_misses": ["NPI 1234567894"]})
    assert problems(strict) == []
    lenient = checked.model_copy(update={"score_if_wrong": 0.5})
    assert "wrongly finds '1234567894' (score 0.50)" in problems(strict.model_copy(update={"patterns": [lenient]}))[0]


def test_an_unknown_checksum_is_told_with_those_that_exist() -> None:
    spec = make(r"badge (?P<value>B-\d+)")
    wrong = spec.patterns[0].model_copy(update={"checksum": "nip"})
    fault = problems(spec.model_copy(update={"patterns": [wrong]}))[0]
    assert "unknown checksum 'nip'" in fault
    assert "npi" in fault


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_every_recognizer_is_proved_by_four_cases_of_each_sort(spec: RecognizerSpec) -> None:
    assert min(len(spec.matches), len(spec.near_misses)) >= 4
    assert len({(case.text, case.find) for case in spec.matches}) == len(spec.matches)


@pytest.mark.parametrize("spec", [s for s in SPECS if s.needs], ids=lambda s: s.name)
def test_a_word_that_a_recognizer_needs_stands_in_every_match(spec: RecognizerSpec) -> None:
    assert all(word == word.lower() for word in spec.needs)
    assert [c.text for c in spec.matches if not any(word in c.text.lower() for word in spec.needs)] == []
