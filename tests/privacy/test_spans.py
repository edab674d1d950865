from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kdvert.privacy.spans import Hit, Piece, meeting, render, resolve, subtract

ACTIONS = {"A": "replace", "B": "mask", "AGE": "generalize", "DATE_TIME": "generalize", "K": "keep", "X": "drop"}

hits = st.lists(
    st.builds(
        lambda entity, start, length: Hit(entity, start, start + length, 0.5),
        st.sampled_from(sorted(ACTIONS)),
        st.integers(0, 60),
        st.integers(0, 12),
    ),
    max_size=12,
)


@given(hits, st.randoms(use_true_random=False))
def test_pieces_are_disjoint_cover_every_hit_and_do_not_depend_on_order(found: list[Hit], random: object) -> None:
    pieces = resolve(found, ACTIONS)
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert resolve(shuffled, ACTIONS) == pieces
    assert all(a.end <= b.start for a, b in pairwise(pieces))
    acted = {i for h in found if ACTIONS[h.entity] != "keep" for i in range(h.start, h.end)}
    assert {i for p in pieces for i in range(p.start, p.end)} == acted


def test_the_strictest_action_wins_on_the_union() -> None:
    (piece,) = resolve([Hit("A", 0, 5, 0.9), Hit("X", 4, 8, 0.5)], ACTIONS)
    assert piece == Piece("X", 0, 8, 0.9, "drop")


def test_a_union_of_kinds_is_replaced_and_not_made_coarser() -> None:
    (piece,) = resolve([Hit("AGE", 0, 5, 0.9), Hit("DATE_TIME", 3, 8, 0.5)], ACTIONS)
    assert piece.action == "replace"


def test_touching_hits_stay_apart() -> None:
    assert len(resolve([Hit("A", 0, 5, 0.9), Hit("A", 5, 8, 0.9)], ACTIONS)) == 2


@given(st.text("abcdefgh ", min_size=30, max_size=80), hits, st.integers(0, 200), st.integers(1, 20))
def test_offsets_map_back(text: str, found: list[Hit], start: int, length: int) -> None:
    pieces = [p for p in resolve(found, ACTIONS) if p.end <= len(text)]
    done = render(text, pieces, [f"[{n}]" for n in range(len(pieces))])
    for piece, (s, e) in zip(pieces, done.spans):
        assert done.to_original(s, e) == (piece.start, piece.end)
    start, end = min(start, len(done.text)), min(start + length, len(done.text))
    if start < end:
        a, b = done.to_original(start, end)
        assert 0 <= a < b <= len(text)
        if all(e <= start or s >= end for s, e in done.spans):
            assert text[a:b] == done.text[start:end]


def test_subtract() -> None:
    assert subtract(0, 10, [(2, 3), (5, 7)]) == [(0, 2), (3, 5), (7, 10)]
    assert subtract(2, 6, [(0, 3), (5, 9)]) == [(3, 5)]
    assert subtract(2, 3, [(0, 9)]) == []
    assert subtract(2, 3, []) == [(2, 3)]


@given(
    marks=st.lists(st.integers(0, 60), unique=True, max_size=20),
    start=st.integers(0, 60),
    length=st.integers(1, 20),
)
def test_the_spans_that_meet_one_are_those_that_share_a_character(marks: list[int], start: int, length: int) -> None:
    ends = sorted(marks)
    spans = list(zip(ends[::2], ends[1::2], strict=False))
    end = start + length
    assert list(meeting(spans, start, end)) == [(s, e) for s, e in spans if s < end and start < e]
