"""Intervals: against published values, and by what they must hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdvert.privacy.measurement_counts import Counts, Key
from kdvert.privacy.measurement_statistics import Table, wilson

E, C, P = Key("entity", ""), Key("character", ""), Key("precision", "")


def test_wilson_against_published_values():
    # Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3
    for hits, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def table(*rows: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]) -> Table:
    return Table([{E: e, C: c, P: p} for e, c, p in rows])


def test_entities_of_one_text_do_not_count_as_independent():
    spread = table(*[((1, 2), (5, 10), (5, 10))] * 20).proportion(E)
    assert (spread.low, spread.high) == pytest.approx(wilson(20, 40))
    # The same shares, but each text is found or missed as a whole: as much as 20 texts tell.
    lumped = table(*[((2, 2), (10, 10), (10, 10)), ((0, 2), (0, 10), (0, 10))] * 10).proportion(E)
    assert lumped.value == spread.value
    assert (lumped.low, lumped.high) == pytest.approx(wilson(10, 20))


def test_perfect_and_empty_shares_keep_an_interval():
    full = table(*[((3, 3), (30, 30), (30, 30))] * 10)
    assert (full.proportion(E).low, full.proportion(E).high) == pytest.approx(wilson(30, 30))
    assert (full.ratio(C).low, full.ratio(C).high) == pytest.approx(wilson(10, 10))
    assert full.f2(C, P).value == 1.0
    assert 0.5 < full.f2(C, P).low < full.f2(C, P).high == 1.0
    none = table(*[((0, 3), (0, 30), (0, 30))] * 10)
    assert none.ratio(C).low == 0.0 < none.ratio(C).high
    assert none.f2(C, P).value == 0.0


def test_a_single_text_says_little():
    one = table(((1, 2), (5, 10), (5, 8)))
    assert (one.ratio(C).low, one.ratio(C).high) == pytest.approx(wilson(0.5, 1))
    f2 = one.f2(C, P)
    assert f2.low < f2.value < f2.high


def test_the_bootstrap_is_seeded_and_near_the_normal_approximation():
    rows = [((1, 1), (hits, 10), (10, 10)) for hits in (0, 5, 10, 10, 5) * 40]
    first, second = table(*rows).ratio(C), table(*rows).ratio(C)
    assert first == second
    # share .6, standard deviation of a text's share .374, 200 texts: .6 ± 1.96 · .374 / √200
    assert first.low == pytest.approx(0.6 - 0.0518, abs=0.008)
    assert first.high == pytest.approx(0.6 + 0.0518, abs=0.008)


pair = st.integers(0, 6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(pair, pair, pair), min_size=1, max_size=12))
def test_intervals_hold_their_point_and_stay_between_zero_and_one(rows: list[tuple[tuple[int, int], ...]]):
    counts: list[Counts] = [{E: e, C: c, P: p} for e, c, p in rows]
    made = Table(counts)
    for measure in (made.proportion(E), made.ratio(C), made.ratio(P), made.f2(C, P)):
        if measure.value is not None:
            assert measure.low is not None
            assert measure.high is not None
            assert 0 <= measure.low <= measure.value <= measure.high <= 1
