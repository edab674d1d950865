"""The picture of a measurement: one bar a share that was counted, with its figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kdvert.errors import UserError
from kdvert.privacy.measurement import Report, score
from kdvert.privacy.measurement_gold import Row, Span
from kdvert.privacy.measurement_plot import plot
from kdvert.privacy.spans import Hit


@pytest.fixture
def report() -> Report:
    text = "Ann met Bob in Oslo"
    spans = (Span(0, 3, "NAME$1$"), Span(8, 11, "NAME$1$"), Span(15, 19, "PLACE"))
    return score([Row("r", text, spans)], [[Hit("PERSON", 0, 3, 1.0), Hit("PLACE", 15, 19, 1.0)]])


def test_the_picture_says_what_the_report_says(report: Report, tmp_path: Path):
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot(report, tmp_path / "new" / "p.svg")
    drawn = re.findall(r"<text[^>]*>([^<]+)<", (tmp_path / "new" / "p.svg").read_text())
    for said in (
        "all types (3)",
        "NAME$1$ (2)",
        "PLACE (1)",
        "0.67",
        "0.50",
        "1.00",
        "entity recall",
        "character precision",
    ):
        assert said in drawn
    # The label's name is no type of finding, so it has no precision: 3 + 2 + 3 bars.
    assert sum(bool(re.fullmatch(r"\d\.\d\d", t)) and t not in ("0.25", "0.75") for t in drawn) >= 8


def test_pixels_are_written(report: Report, tmp_path: Path):
    plot(report, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_an_unknown_format_or_place_is_the_users_error(report: Report, tmp_path: Path):
    with pytest.raises(UserError, match=r"no picture format '\.txt'"):
        plot(report, tmp_path / "p.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        plot(report, tmp_path / "file" / "p.png")
