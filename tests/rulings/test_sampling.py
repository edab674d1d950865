"""Samples: proportional, complete, repeatable, and each record as likely as another."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdvert.rulings.sampling import allocation, doubles, draw

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 60))


def records(**counts):
    return [(f"{stratum}{number}", stratum) for stratum, count in counts.items() for number in range(count)]


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        ({"a": 50, "b": 50}, 10, {"a": 5, "b": 5}),
        ({"a": 90, "b": 10}, 10, {"a": 9, "b": 1}),
        ({"a": 60, "b": 33, "c": 7}, 10, {"a": 6, "b": 3, "c": 1}),  # quotas 6, 3.3, 0.7
        ({"a": 47, "b": 16, "c": 16, "d": 12, "e": 6, "f": 3}, 10, {"a": 4, "b": 2, "c": 1, "d": 1, "e": 1, "f": 1}),
        ({"a": 997, "b": 2, "c": 1}, 100, {"a": 98, "b": 1, "c": 1}),
        ({"a": 5, "b": 0}, 3, {"a": 3, "b": 0}),
        ({"a": 5, "b": 3, "c": 1}, 2, {"a": 1, "b": 1, "c": 0}),  # not one for each
        ({"a": 5, "b": 3}, 8, {"a": 5, "b": 3}),
        ({"a": 5, "b": 3}, 99, {"a": 5, "b": 3}),
        ({"a": 5}, 0, {"a": 0}),
        ({}, 4, {}),
    ],
)
def test_allocation(counts, size, expected):
    assert allocation(counts, size) == expected


@given(COUNTS, st.integers(0, 500))
@settings(max_examples=400)
def test_allocation_holds_what_it_promises(counts, size):
    shares = allocation(counts, size)
    total, strata = sum(counts.values()), [s for s, count in counts.items() if count]
    assert set(shares) == set(counts)
    assert sum(shares.values()) == min(size, total)
    assert all(0 <= shares[s] <= counts[s] for s in counts)
    if size >= len(strata):
        assert all(shares[s] >= 1 for s in strata)
        if all(size * counts[s] >= total for s in strata):  # none is raised to one: within one of its quota
            assert all(abs(shares[s] - min(size, total) * counts[s] / total) < 1 for s in strata)
    assert allocation(dict(reversed(counts.items())), size) == shares
    assert all(shares[s] <= shares[t] for s in strata for t in strata if counts[s] < counts[t])


def test_a_sample_is_the_same_whatever_the_order():
    known = records(qa=70, refusal=25, reasoning=5)
    drawn = draw(known, 20, seed=3)
    mixed = known.copy()
    random.Random(1).shuffle(mixed)
    assert draw(mixed, 20, seed=3) == drawn
    assert Counter(one.rstrip("0123456789") for one in drawn) == {"qa": 14, "refusal": 5, "reasoning": 1}
    assert draw(known, 20, seed=4) != drawn
    assert len(set(drawn)) == 20


def test_a_larger_sample_holds_the_smaller_one():
    known = records(a=40, b=60)
    assert set(draw(known, 10, 1)) < set(draw(known, 50, 1))


def test_review_order_mixes_the_strata():
    drawn = draw(records(a=50, b=50), 60, seed=9)
    assert {one[0] for one in drawn[:10]} == {"a", "b"}
    assert drawn != sorted(drawn)


def test_as_many_as_there_are_gives_all():
    known = records(a=3, b=2)
    for size in (5, 6, 1000):
        assert sorted(draw(known, size, 0)) == ["a0", "a1", "a2", "b0", "b1"]
    assert draw([], 5, 0) == []
    assert draw(known, 0, 0) == []


def test_each_record_is_as_likely():
    known = records(a=10, b=20)
    drawn = Counter(one for seed in range(2000) for one in draw(known, 6, seed))
    assert set(drawn) == {one for one, _ in known}
    assert min(drawn.values()) > 320  # 400 expected of each, standard deviation 18
    assert max(drawn.values()) < 480


def test_a_record_that_stands_there_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        draw([("one", "a"), ("one", "b")], 1, 0)
    with pytest.raises(ValueError, match="negative"):
        draw([("one", "a")], -1, 0)
    with pytest.raises(ValueError, match="negative"):
        allocation({"a": -1}, 1)


def test_doubles():
    ids = [f"r{number}" for number in range(40)]
    chosen = doubles(ids, 0.1, 5)
    assert len(chosen) == 4
    assert chosen < set(ids)
    assert doubles(ids[::-1], 0.1, 5) == chosen
    assert doubles(ids, 0.1, 6) != chosen
    assert doubles(ids, 0.001, 5) < chosen
    assert len(doubles(ids, 0.001, 5)) == 1
    assert doubles(ids, 1, 5) == set(ids)
    assert doubles(ids, 0, 5) == doubles([], 0.5, 5) == set()
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between"):
            doubles(ids, share, 5)


def test_doubles_are_not_the_first_of_the_review():
    """Who stops early would else leave only doubles, and who goes on would meet none."""
    known = records(a=200)
    order = draw(known, 200, 7)
    chosen = doubles(order, 0.2, 7)
    assert 8 <= len(chosen & set(order[:100])) <= 32
