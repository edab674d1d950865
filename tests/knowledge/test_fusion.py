"""One score of two."""

from __future__ import annotations

import numpy as np
import pytest

from kdvert.knowledge.fusion import CANDIDATES, fuse


def _fuse(lexical: list[float], dense: dict[int, float], weight: float) -> list[float]:
    return [round(float(s), 6) for s in fuse(np.array(lexical, dtype="float32"), dense, weight)]


def test_both_parts_count_by_weight() -> None:
    assert _fuse([4.0, 2.0, 0.0], {1: 0.9, 2: 0.5}, 0.25) == [0.75, 0.625, 0.0]


def test_meaning_alone_decides_where_no_word_fits() -> None:
    assert _fuse([0.0, 0.0, 0.0], {1: 0.9, 2: 0.5}, 0.25) == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("weight", "expected"), [(0.0, [1.0, 0.5]), (1.0, [0.0, 1.0])])
def test_the_ends_of_the_scale(weight: float, expected: list[float]) -> None:
    assert _fuse([4.0, 2.0], {0: 0.1, 1: 0.3}, weight) == expected


def test_nothing_near_and_all_equally_near() -> None:
    assert _fuse([4.0], {}, 0.25) == [0.75]
    assert _fuse([4.0, 4.0], {0: 0.5, 1: 0.5}, 0.5) == [1.0, 1.0]


def test_a_score_does_not_depend_on_how_many_are_near() -> None:
    near = {place: 0.9 - place / 1000 for place in range(3 * CANDIDATES)}
    words = [1.0] * len(near)
    first = dict(list(near.items())[:CANDIDATES])
    assert _fuse(words, near, 0.25) == _fuse(words, first, 0.25)
    assert _fuse(words, near, 0.25)[CANDIDATES - 2 :][:3] == [0.752525, 0.75, 0.75]
