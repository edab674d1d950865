"""Bounds on the share of wrong records: published numbers, brute force, coverage by simulation."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdvert.rulings.bounds import corrected, interval, sample_size, upper


def few_found(failures: int, examined: int, wrong: int, population: int) -> Fraction:
    """Return P(X <= failures) of the hypergeometric distribution, exactly."""
    ways = sum(math.comb(wrong, k) * math.comb(population - wrong, examined - k) for k in range(failures + 1))
    return Fraction(ways, math.comb(population, examined))


@pytest.mark.parametrize(
    ("rate", "confidence", "size"),
    [
        (0.05, 0.95, 59), (0.01, 0.95, 299), (0.005, 0.95, 598), (0.001, 0.95, 2995),
        (0.05, 0.99, 90), (0.01, 0.99, 459), (0.005, 0.99, 919), (0.001, 0.99, 4603),
        (0.1, 0.9, 22), (0.5, 0.75, 2), (0.9, 0.9, 1), (0.99, 0.5, 1),
    ],
)  # fmt: skip
def test_clean_records_that_show_a_rate(rate, confidence, size):
    """The first eight are the published ones; the last are ties, where rounding would ask for one more."""
    assert sample_size(rate, confidence) == size


@given(st.integers(1, 60), st.integers(1, 99), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
@settings(max_examples=200, deadline=None)
def test_clean_records_of_a_known_number(population, percent, confidence):
    rate = percent / 100
    alpha = 1 - Fraction(str(confidence))
    wrong = percent * population // 100 + 1
    fewest = next(n for n in range(population + 1) if few_found(0, n, wrong, population) <= alpha)
    assert sample_size(rate, confidence, population) == fewest


def test_a_large_population_makes_no_difference_and_a_small_one_does():
    assert sample_size(0.01, 0.95, 10_000_000) == 299
    assert math.comb(494, 196) * 20 <= math.comb(500, 196)
    assert math.comb(494, 195) * 20 > math.comb(500, 195)
    assert sample_size(0.01, 0.95, 500) == 196  # six wrong of 500 must not all be missed
    assert sample_size(0.001, 0.95, 20) == 19  # one wrong of 20 would be too many: a tie, 1/20 is 5 %


@pytest.mark.parametrize(
    ("failures", "examined", "confidence", "expected"),
    [
        (0, 59, 0.95, 1 - 0.05 ** (1 / 59)),
        (0, 299, 0.95, 1 - 0.05 ** (1 / 299)),
        (0, 3, 0.95, 0.6316),  # Clopper and Pearson: 1 - 0.05^(1/3)
        (1, 10, 0.975, 0.4450),  # upper ends of tables of two-sided 95 % intervals
        (2, 20, 0.975, 0.3170),
        (10, 10, 0.95, 1.0),
        (0, 0, 0.95, 1.0),
    ],
)
def test_upper_bound(failures, examined, confidence, expected):
    assert upper(failures, examined, confidence) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("failures", "examined", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0), (0, 0, 0.0, 1.0)],
)
def test_interval_of_clopper_and_pearson(failures, examined, low, high):
    """Values as tables of the 95 % interval give them."""
    assert interval(failures, examined, 0.95) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 40), st.data())
@settings(max_examples=60, deadline=None)
def test_interval_inverts_the_binomial(examined, data):
    failures = data.draw(st.integers(0, examined))
    low, high = interval(failures, examined, 0.9)

    def at_most(k, p):
        return sum(math.comb(examined, i) * p**i * (1 - p) ** (examined - i) for i in range(k + 1))

    if failures < examined:
        assert at_most(failures, high) == pytest.approx(0.05)
        assert upper(failures, examined, 0.95) == pytest.approx(high)
    if failures:
        assert 1 - at_most(failures - 1, low) == pytest.approx(0.05)
    assert low <= failures / examined <= high


@given(st.integers(1, 40), st.data())
@settings(max_examples=100, deadline=None)
def test_upper_bound_with_a_population_inverts_the_hypergeometric(population, data):
    examined = data.draw(st.integers(0, population))
    failures = data.draw(st.integers(0, examined))
    confidence = data.draw(st.sampled_from([0.8, 0.9, 0.95, 0.99]))
    alpha = 1 - Fraction(str(confidence))
    fits = [d for d in range(population + 1) if few_found(failures, examined, d, population) > alpha]
    assert upper(failures, examined, confidence, population) == max(fits) / population


@given(st.sampled_from([0.01, 0.03, 0.1, 0.4]), st.sampled_from([0.9, 0.95, 0.99]), st.integers(1, 3000))
@settings(max_examples=100, deadline=None)
def test_sample_size_is_the_fewest_whose_bound_holds(rate, confidence, population):
    size = sample_size(rate, confidence, population)
    assert upper(0, size, confidence, population) <= rate < upper(0, size - 1, confidence, population)
    size = sample_size(rate, confidence)
    assert upper(0, size, confidence) <= rate < upper(0, size - 1, confidence)


def test_all_examined_gives_the_share_itself():
    assert upper(3, 40, 0.95, 40) == 3 / 40
    assert upper(0, 40, 0.99, 40) == 0


def test_a_perfect_recall_costs_only_the_split_and_no_recall_shows_nothing():
    sure = corrected(0, 300, 10**7, 10**7, 0.95)
    assert sure.rate_upper == pytest.approx(upper(0, 300, 0.975), rel=1e-5)
    assert sure.recall == 1
    assert corrected(0, 300, 0, 20, 0.95).rate_upper == 1
    nothing = corrected(0, 300, 0, 0, 0.95)
    assert (nothing.recall, nothing.recall_low, nothing.rate_upper) == (None, 0, 1)


def test_the_bound_is_divided_by_the_lower_bound_of_recall():
    found = corrected(2, 300, 18, 20, 0.95)
    assert found.recall == 0.9
    assert found.recall_low == pytest.approx(0.6830, abs=5e-5)  # lower end of the 95 % interval of 18 of 20
    assert found.rate_upper == pytest.approx(upper(2, 300, 0.975) / found.recall_low)
    assert corrected(90, 100, 5, 20, 0.95).rate_upper == 1


@given(st.integers(1, 12), st.data())
@settings(max_examples=40, deadline=None)
def test_the_corrected_bound_with_a_population_by_brute_force(population, data):
    examined = data.draw(st.integers(0, population))
    failures = data.draw(st.integers(0, examined))
    found = corrected(failures, examined, 9, 10, 0.9, population)

    def chance(wrong):  # over what is met, then over what is seen of it
        total = 0.0
        for met in range(min(wrong, examined) + 1):
            here = (
                math.comb(wrong, met) * math.comb(population - wrong, examined - met) / math.comb(population, examined)
            )
            seen = [
                math.comb(met, k) * found.recall_low**k * (1 - found.recall_low) ** (met - k) for k in range(met + 1)
            ]
            total += here * sum(seen[: failures + 1])
        return total

    assert found.rate_upper == max(d for d in range(population + 1) if chance(d) > 0.05) / population


def test_a_full_review_that_overlooks_is_no_proof():
    """A division would give 0 here: nothing was found, so nothing over recall is nothing."""
    assert upper(0, 40, 0.95, 40) == 0
    assert corrected(0, 40, 10, 20, 0.95, 40).rate_upper > 0.1


@pytest.mark.parametrize("population", [None, 120])
@pytest.mark.parametrize(("rate", "recall"), [(0.05, 0.6), (0.2, 0.9), (0.1, 1.0)])
def test_the_corrected_bound_covers_as_often_as_it_says(rate, recall, population):
    """Simulated reviews: every wrong record is seen with probability ``recall``, and so is every planted error."""
    draw = random.Random(11)
    runs, covered, plain, bounds = 1500, 0, 0, {}
    for _ in range(runs):
        if population is None:
            met = sum(draw.random() < rate for _ in range(80))
        else:
            met = sum(record < rate * population for record in draw.sample(range(population), 80))
        failures = sum(draw.random() < recall for _ in range(met))
        caught = sum(draw.random() < recall for _ in range(30))
        if (failures, caught) not in bounds:
            one = corrected(failures, 80, caught, 30, 0.9, population)
            bounds[failures, caught] = (one.rate_upper, upper(failures, 80, 0.9, population))
        covered += bounds[failures, caught][0] >= rate
        plain += bounds[failures, caught][1] >= rate
    assert covered / runs >= 0.9
    if recall < 0.7:
        assert plain / runs < 0.9, "the bound that takes reviewers for perfect must fail here, or this shows nothing"


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size(0, 0.95), lambda: sample_size(1, 0.95), lambda: sample_size(0.1, 1),
        lambda: sample_size(0.1, 0), lambda: sample_size(0.1, 0.95, 0), lambda: sample_size(math.nan, 0.95),
        lambda: upper(3, 2, 0.95), lambda: upper(-1, 2, 0.95), lambda: upper(0, 20, 0.95, 19), lambda: upper(0, 0, 0.95, 0),
        lambda: upper(0, 2, 95), lambda: interval(3, 2, 0.95), lambda: corrected(0, 10, 3, 2, 0.95),
        lambda: corrected(11, 10, 1, 2, 0.95), lambda: corrected(1, 10, 1, 2, 0.95, 9),
    ],
)  # fmt: skip
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError, match=r"must|expected|cannot"):
        call()
