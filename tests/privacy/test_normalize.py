"""Tricks that hide values, and the way back to the text as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.privacy import normalize


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4111\u200b1111", "41111111"),
        ("m\u00ad.vale&#64;orchard.example", "m.vale@orchard.example"),
        ("\uff12\uff11\uff19-09", "219-09"),
        ("\u0661\u0662\u0663", "123"),
        ("Jos\u0065\u0301", "Jos\u00e9"),
        ("P\u0430ul V\u0430le", "Paul Vale"),
        ("219\u201109\u20119999", "219-09-9999"),
        ("219&ndash;09&#8211;9999", "219-09-9999"),
        ("219\u201309\u20139999", "219-09-9999"),
        ("m.vale%40orchard.example", "m.vale@orchard.example"),
        ("Va&zwnj;le", "Vale"),
        ("Ms.\u00a0Vale", "Ms. Vale"),
    ],
)
def test_tricks_are_undone(text: str, shown: str) -> None:
    done = normalize.plain(text)
    assert done is not None
    assert done.text == shown
    assert done.to_original(0, len(shown)) == (0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, 12 of it.",
        "up 5 %40 more",
        "then \u2013 as now",
        "Москва и Афины",
        "naïve café",
        "",
        "12\n13 apples",
    ],
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert normalize.plain(text) is None


def test_a_span_maps_to_what_it_was_made_of() -> None:
    text = "See &#77;r\u200b. V\u0430le now"
    done = normalize.plain(text)
    assert done is not None
    start = done.text.index("Vale")
    assert text[slice(*done.to_original(start, start + 4))] == "V\u0430le"


def test_a_number_cut_by_a_line_break_is_joined() -> None:
    text = "card 4111 1111\n1111 1111 now"
    done = normalize.joined(text)
    assert done is not None
    assert done.text == "card 4111 1111 1111 1111 now"
    assert text[slice(*done.to_original(5, 24))] == "4111 1111\n1111 1111"
    assert done.joints == (14,)


@given(st.text(alphabet="ab1 %40\u2013\u200b\u00adа&#64;é\u0301\u00a0\n", max_size=60), st.data())
def test_offsets_always_index_the_original(text: str, data: st.DataObject) -> None:
    done = normalize.plain(text)
    if done is None or not done.text:
        return
    start = data.draw(st.integers(0, len(done.text) - 1))
    end = data.draw(st.integers(start + 1, len(done.text)))
    left, right = done.to_original(start, end)
    assert 0 <= left < right <= len(text)


def test_a_span_of_the_original_maps_to_what_is_searched() -> None:
    text = "\u00adSee &#77;r\u200b. V\u0430le of [CITY_1], now"
    done = normalize.plain(text)
    assert done is not None
    for value, shown in [("&#77;r\u200b.", "Mr."), ("V\u0430le", "Vale"), ("[CITY_1]", "[CITY_1]"), ("now", "now")]:
        start = text.index(value)
        left, right = done.from_original(start, start + len(value))
        assert done.text[left:right] == shown


@given(st.text(alphabet="ab1 %40\u2013\u200b\u00adа&#64;é\u0301\u00a0\n", max_size=60), st.data())
def test_the_way_there_and_back_loses_nothing(text: str, data: st.DataObject) -> None:
    done = normalize.plain(text)
    if done is None or not done.text:
        return
    start = data.draw(st.integers(0, len(done.text) - 1))
    end = data.draw(st.integers(start + 1, len(done.text)))
    left, right = done.from_original(*done.to_original(start, end))
    assert 0 <= left <= start
    assert end <= right <= len(done.text)


@given(st.text(alphabet="ab1 \u200b\u00adа&#64;\u00a0", max_size=40), st.data())
def test_spans_in_order_stay_in_order(text: str, data: st.DataObject) -> None:
    done = normalize.plain(text)
    if done is None or not text:
        return
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6)))
    mapped = [done.from_original(cut, cut)[0] for cut in cuts]
    assert mapped == sorted(mapped)
