"""Means and intervals of base against student."""

from __future__ import annotations

import random

import pytest

from kdvert.evaluation.comparison import Pair, compare, paired_bootstrap
from kdvert.records import Score


def score(item, system, value, metric="token_f1", mode="closed_book", weight=1.0):
    return Score(item_id=item, system=system, mode=mode, metric=metric, value=value, weight=weight)


def both(item, base, student, **more):
    return [score(item, "base", base, **more), score(item, "student", student, **more)]


def test_means_are_weighted_and_delta_is_student_minus_base():
    scores = both("a", 2.0, 1.0, metric="answer_nll", weight=1) + both("b", 4.0, 3.5, metric="answer_nll", weight=3)
    (row,) = compare(scores, resamples=200, seed=0)
    assert row["base"] == pytest.approx(3.5)
    assert row["delta"] == pytest.approx(-0.625)
    assert row["low"] <= row["delta"] <= row["high"]
    assert (row["n"], row["unscored"], row["higher_is_better"]) == (2, 0, False)


def test_unscored_is_never_wrong():
    scores = [*both("a", 0.5, 1.0), *both("b", None, 1.0), *both("c", 0.0, None), score("d", "base", 1.0)]
    (row,) = compare(scores, resamples=200, seed=0)
    assert (row["base"], row["student"], row["n"], row["unscored"]) == (0.5, 1.0, 1, 3)
    assert row["low"] is None


def test_nothing_scored_gives_no_number():
    (row,) = compare(both("a", None, None), resamples=200, seed=0)
    assert row["base"] is row["delta"] is row["low"] is None


def test_rows_are_in_a_fixed_order():
    scores = [
        s
        for mode in ("retrieval", "closed_book")
        for metric in ("choice_accuracy", "token_f1", "answer_nll")
        for s in both("a", 0.0, 1.0, mode=mode, metric=metric)
    ]
    random.Random(1).shuffle(scores)
    rows = compare(scores, resamples=100, seed=0)
    assert [(r["mode"], r["metric"]) for r in rows] == [
        (mode, metric)
        for mode in ("closed_book", "retrieval")
        for metric in ("answer_nll", "token_f1", "choice_accuracy")
    ]


def test_the_seed_decides_the_interval():
    rng = random.Random(0)
    pairs = [Pair(rng.random(), rng.random(), 1.0) for _ in range(30)]
    assert paired_bootstrap(pairs, resamples=700, seed=1) == paired_bootstrap(pairs, resamples=700, seed=1)
    assert paired_bootstrap(pairs, resamples=700, seed=1) != paired_bootstrap(pairs, resamples=700, seed=2)


def test_pairing_narrows_the_interval():
    """Items differ much, systems by a constant: the difference is certain."""
    pairs = [Pair(i / 10, i / 10 + 0.1, 1.0) for i in range(20)]
    low, high = paired_bootstrap(pairs, resamples=500, seed=0)
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.1)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = random.Random(3)
    covered = 0
    for trial in range(200):
        pairs = [Pair(0.0, rng.gauss(0.3, 1.0), 1.0) for _ in range(40)]
        low, high = paired_bootstrap(pairs, resamples=400, seed=trial)
        covered += low <= 0.3 <= high
    assert 0.88 <= covered / 200 <= 0.99
