from __future__ import annotations

import re
from typing import Any

import pytest

from kdvert.records import Chunk, Evidence, sha256_text
from kdvert.reporting import html, plots, reasons
from kdvert.reporting.comparison import headline, in_words, measure, outcome, shown
from kdvert.reporting.facts import CurvePoint, FunnelStep, Measure
from kdvert.reporting.masking import mask
from kdvert.reporting.samples import choose, passage
from kdvert.rulings import applying


def row(metric: str = "token_f1", mode: str = "closed_book", **changes: Any) -> Measure:
    base = {"base": 0.2, "student": 0.3, "delta": 0.1, "low": 0.05, "high": 0.15, "n": 40, "higher_is_better": True}
    return measure({"mode": mode, "metric": metric, **base, **changes})


@pytest.mark.parametrize(
    ("delta", "low", "high", "higher", "expected"),
    [
        (0.1, 0.05, 0.2, True, "better"),
        (0.1, 0.05, 0.2, False, "worse"),
        (-0.1, -0.2, -0.01, False, "better"),
        (-0.1, -0.2, -0.01, True, "worse"),
        (0.1, 0.0, 0.2, True, "unclear"),
        (0.1, -0.1, 0.2, True, "unclear"),
        (None, None, None, True, "unscored"),
        (0.1, None, None, True, "unscored"),
    ],
)
def test_outcome(delta: float | None, low: float | None, high: float | None, higher: bool, expected: str) -> None:
    assert outcome(delta, low, high, higher_is_better=higher) == expected


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "could not be compared"),
        ([row(), row(mode="retrieval")], "beats its base on all 2 measures"),
        ([row()], "on the one measure"),
        ([row(), row(low=-0.1)], "beats its base on 1 of 2 measures; the others show no clear difference"),
        ([row(), row(low=-0.2, high=-0.1)], "on 1 of 2 measures and falls behind on 1"),
        ([row(low=-0.2, high=-0.1)], "falls behind its base on 1 of 1 measures; none shows it better"),
        ([row(low=-0.1)], "No measure shows a difference"),
        ([row(delta=None)], "could not be compared"),
    ],
)
def test_headline(rows: list[Measure], words: str) -> None:
    assert words in headline(rows)


def test_words_name_each_measure_once() -> None:
    rows = [
        row(),
        row("answer_nll", delta=-0.5, low=-0.6, high=-0.4, higher_is_better=False),
        row(mode="retrieval", low=-1),
    ]
    assert in_words(rows, 0.95) == (
        "It is better in closed-book token F1 (+0.100, interval +0.050 to +0.150) and closed-book answer loss "
        "(−0.500 nats per token, interval −0.600 to −0.400). For token F1 with retrieval the 95 % interval includes no "
        "change, so nothing is claimed."
    )


def test_not_a_number_is_no_score() -> None:
    assert row(base=float("nan")).base is None


@pytest.mark.parametrize(
    ("name", "value", "signed", "text"),
    [
        ("choice_accuracy", 0.3448, False, "34.5 %"),
        ("choice_accuracy", 0.069, True, "+6.9"),
        ("answer_nll", -0.0004, True, "0.000"),
        ("answer_nll", None, False, "–"),
        ("bleu", 0.5, False, "0.500"),
    ],
)
def test_values(name: str, value: float | None, signed: bool, text: str) -> None:
    assert shown(name, value, signed=signed) == text


def test_choice_is_spread_and_ignores_order() -> None:
    keyed = [(f"id{n}", n % 3) for n in range(30)]
    chosen = choose(keyed, 5)
    assert chosen == choose(list(reversed(keyed)), 5)
    assert len({int(name[2:]) % 3 for name in chosen[:3]}) == 3
    assert choose(keyed[:2], 5) == choose(keyed[:2], 2)
    assert choose(keyed, 0) == []


def test_passage_is_cut_at_its_evidence() -> None:
    text = "One. Two. Three."
    chunk = Chunk(id="d@0-16", document_id="d", start=0, end=16, title="T", license="CC0-1.0", text=text)
    spans = [span(text, 5, 9), span(text, 7, 16), Evidence(chunk_id="d@0-16", start=0, end=3, quote_sha="0" * 64)]
    segments, intact = passage(chunk, spans)
    assert [(s.text, s.marked) for s in segments] == [("One. ", False), ("Two.", True), (" Three.", True)]
    assert not intact
    assert passage(chunk, [span(text, 0, 16)]) == (
        [segments[0].model_copy(update={"text": text, "marked": True})],
        True,
    )


def span(text: str, start: int, end: int) -> Evidence:
    return Evidence(chunk_id="d@0-16", start=start, end=end, quote_sha=sha256_text(text[start:end]))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"api_key": "abc"}, {"api_key": "(hidden)"}),
        ({"password": 1234}, {"password": "(hidden)"}),
        ({"api_key_env": "OPENAI_API_KEY"}, {"api_key_env": "OPENAI_API_KEY"}),
        ({"api_key_env": "sk-notaname"}, {"api_key_env": "(hidden)"}),
        ({"max_tokens": 5, "token": None}, {"max_tokens": 5, "token": None}),
        ({"url": "https://u:p@h/x?token=a&b=c"}, {"url": "https://h/x?token=(hidden)&b=c"}),
        ({"notes": ["hf_abcdefghijklmnop here"]}, {"notes": ["(hidden) here"]}),
    ],
)
def test_masking(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert mask(settings) == expected


@pytest.mark.parametrize(
    "part",
    [
        "<script>1</script>",
        '<img src="https://host/x.png">',
        '<img src="data:text/html,x">',
        '<a href="https://host">x</a>',
        '<svg><use xlink:href="other.svg#x"/></svg>',
        "<p onclick=alert(1)>",
        '<p style="background:url(//host/x)">',
        "<style>@import 'x.css';</style>",
        "<style>p{background:url(x.png)}</style>",
        '<link rel="stylesheet" href="x.css">',
        '<meta http-equiv="refresh" content="0;url=x">',
        "<form>",
    ],
)
def test_openings_are_found(part: str) -> None:
    closed = f'<meta http-equiv="Content-Security-Policy" content="{html.POLICY}">'
    assert html.openings(closed + '<a href="#x">x</a><img src="data:image/png;base64,AA==">') == []
    assert html.openings(closed + part)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (120, "2 min"),
        (3700, "1 h 1 min"),
        (7200, "2 h"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert html.duration(seconds) == text


def pictures() -> list[plots.Picture]:
    rows = [row(), row(mode="retrieval", low=-0.2, high=-0.05), row("choice_accuracy", low=0.0)]
    points = [CurvePoint(step=n, loss=3 - n / 10) for n in range(10)]
    return [
        plots.funnel([FunnelStep(name="a", label="A & B", count=0), FunnelStep(name="b", label="B", count=7)]),
        plots.change(rows),
        plots.curve(points, points[:1]),
    ]


def test_pictures_take_their_colors_from_the_page() -> None:
    for picture in pictures():
        for svg in (picture.wide, picture.narrow):
            assert svg.startswith("<svg viewBox=")
            assert not re.search(r"#[0-9a-f]{6}\b", svg), "a color that does not follow the theme"
            assert "font-family" not in svg
            assert "<style" not in svg
            assert "<text" in svg
    assert "A &amp; B" in pictures()[0].wide


def test_pictures_are_the_same_each_time() -> None:
    assert pictures() == pictures()


@pytest.mark.parametrize("points", [[], [CurvePoint(step=1, loss=2.0)]])
def test_curve_of_few_points(points: list[CurvePoint]) -> None:
    assert "<svg" in plots.curve(points, [CurvePoint(step=1, loss=2.0)]).wide


def test_each_objective_has_a_line_of_its_own() -> None:
    points = [CurvePoint(step=n, loss=9 - n, objective="cpt" if n < 3 else "sft") for n in range(6)]
    picture = plots.curve(points, points[-1:])
    assert "training cpt loss from 9.00 at step 0 to 7.00 at 2; training sft loss from 6.00 at step 3" in picture.alt
    assert all(f">{name}<" in picture.wide for name in ("cpt", "sft"))


def test_names_of_close_lines_do_not_overlap() -> None:
    points = [CurvePoint(step=1, loss=2.0), CurvePoint(step=2, loss=1.0)]
    svg = plots.curve(points, [p.model_copy(update={"loss": p.loss + 0.001}) for p in points]).wide
    heights = [float(m) for m in re.findall(r' y="([\d.]+)"[^>]*>(?:training|validation)<', svg)]
    assert abs(heights[0] - heights[1]) >= 14


def test_every_reason_of_people_has_a_meaning() -> None:
    meant = [reasons.meaning(code) for code in sorted(applying.REASONS)]
    assert all(text.endswith(".") for text in meant)
    assert len(set(meant)) == len(meant)
