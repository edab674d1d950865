"""What each component adds, counted by hand."""

from __future__ import annotations

from kdvert.privacy.measurement_gold import Row, Span
from kdvert.privacy.measurement_mapping import LabelMap
from kdvert.privacy.measurement_sources import Contribution, contributions
from kdvert.privacy.spans import Hit


def hits(*spans: tuple[int, int]) -> list[Hit]:
    return [Hit("X", start, end, 1.0) for start, end in spans]


def test_what_nothing_else_found():
    text = "Ann Lee, Bob, Oslo, Monday"
    gold = Row("r", text, (Span(0, 7, "N"), Span(9, 12, "N"), Span(14, 18, "P")))
    found = [
        {
            "names": hits((0, 3), (9, 12)),
            "model": hits((4, 7), (9, 12), (20, 26)),
            "places": hits((14, 18), (20, 23)),
            "idle": [],
        }
    ]
    assert contributions([gold], found) == [
        # Without either of the two, "Ann Lee" is missed; Bob is found by both.
        Contribution("places", 4, 4, 3, 0, 1),
        Contribution("model", 6, 3, 6, 3, 1),
        Contribution("names", 6, 3, 0, 0, 1),
    ]


def test_rows_add_up_and_ignored_labels_do_not_count():
    text = "Ann of Acme"
    gold = Row("r", text, (Span(0, 3, "N"), Span(7, 11, "FIRM")))
    labels = LabelMap({"N": ("PERSON",), "FIRM": ()})
    found = [{"a": hits((0, 3), (7, 11))}, {"a": hits((0, 3)), "b": hits((0, 3), (4, 6))}]
    assert contributions([gold, gold], found, labels) == [
        Contribution("a", 6, 3, 0, 0, 1),
        Contribution("b", 3, 0, 2, 2, 0),
    ]
