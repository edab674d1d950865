"""The arithmetic of plans against what is known of it."""

from __future__ import annotations

import random
import statistics

import pytest

from kdvert.pipeline import plan_ranges as ranges
from kdvert.reporting.plans import Range, exactly


def test_student_t_matches_the_tables():
    assert [ranges.student_t(n) for n in (1, 5, 30)] == [12.706, 2.571, 2.042]
    assert ranges.student_t(60) == pytest.approx(2.000, abs=2e-3)
    assert ranges.student_t(10_000) == pytest.approx(1.960, abs=1e-3)


def test_what_was_asked_counts_as_it_is():
    assert ranges.count([1, 2, 0], 0, least=0, most=2) == exactly(3)
    assert ranges.amount([10.0, 20.0], [1, 2], 0, 0) == exactly(30)


def test_limits_of_the_possible_hold():
    all_good = ranges.count([2] * 4, 6, least=0, most=2)
    assert (all_good.expected, all_good.high) == (20, 20)
    assert 8 <= all_good.low < 20
    none = ranges.count([0] * 10, 90, least=0, most=2)
    assert (none.expected, none.low) == (0, 0)
    assert none.high == pytest.approx(90 * 2 * 0.3085, rel=1e-3), "0 of 10: up to 30.85 % at 97.5 %"


def test_one_passage_says_next_to_nothing():
    one = ranges.count([1], 9, least=0, most=2)
    assert one.low < 1.5
    assert one.high > 18
    assert ranges.amount([100.0], [400], 9, 3600) == Range(expected=1000, low=100, high=None)


def test_amounts_follow_the_size_of_prompts():
    found = ranges.amount([100, 200, 300], [400, 800, 1200], 2, 4000)
    assert (found.expected, found.low, found.high) == (1600, 1600, 1600), "a token is four characters in all of them"


@pytest.mark.parametrize("sample", [5, 20])
def test_ranges_hold_what_comes_in_nineteen_of_twenty_cases(sample):
    """Tokens of 200 passages, drawn from a skewed distribution; 95 % is the aim, skew costs some of it."""
    chance = random.Random(7)
    held = 0
    for _ in range(400):
        all_ = [chance.lognormvariate(5, 0.5) for _ in range(200)]
        found = ranges.amount(all_[:sample], [1] * sample, 200 - sample, 200 - sample)
        held += found.low <= sum(all_) <= found.high
    assert 0.88 <= held / 400 <= 1.0


@pytest.mark.parametrize("rate", [0.02, 0.5, 0.97])
def test_ranges_of_counts_hold_too(rate):
    chance = random.Random(3)
    held, widths = 0, []
    for _ in range(400):
        all_ = [sum(chance.random() < rate for _ in range(2)) for _ in range(100)]
        found = ranges.count(all_[:10], 90, least=0, most=2)
        held += found.low <= sum(all_) <= found.high
        widths.append(found.high - found.low)
    assert held / 400 >= 0.95
    assert statistics.mean(widths) < 150, "the range must say something: 0 to 200 would not"


def test_what_is_not_known_of_one_is_not_known_of_the_sum():
    total = exactly(5) + Range(low=2, high=None)
    assert total == Range(expected=None, low=7, high=None)
    assert (exactly(5) + Range()).low == 5
    assert Range(expected=3, low=1, high=9).clipped(2, 6) == Range(expected=3, low=2, high=6)
    assert Range(low=1.2, high=3.4, expected=2.5).whole() == Range(expected=2.5, low=1, high=4)
