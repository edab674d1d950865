"""The report's figures as inline SVG: no pixels, no fonts, colors from the page's own style sheet.

Coordinates are CSS pixels. Each figure is drawn twice, for a wide page and for a phone, because an SVG that shrinks
takes its letters along. Text stays text, so that it can be searched and read aloud; colors are written as CSS
variables, so that a figure follows light, dark and print.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from kdvert.reporting.comparison import MODES, metric, named, shown
from kdvert.reporting.facts import CurvePoint, FunnelStep, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, NARROW = 704, 328
_TEXT, _SMALL = 13, 11.5

# Each stands in the drawing for a variable of the style sheet, and is replaced by it afterward.
INK, MUTED, GRID, ACCENT, SECOND, BAD = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f", "#101112"
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", ACCENT: "accent", SECOND: "second", BAD: "bad"}


@dataclass(frozen=True)
class Picture:
    """A figure in both widths, as SVG elements, and what it shows in words."""

    alt: str
    wide: Markup
    narrow: Markup


def funnel(steps: Sequence[FunnelStep]) -> Picture:
    """Draw one horizontal bar a step, its count at the end."""
    alt = "Bars: " + ", ".join(f"{s.label.lower()} {s.count:,}" for s in steps)
    return _picture("funnel", alt, lambda width: _funnel(steps, width))


def change(measures: Sequence[Measure]) -> Picture:
    """Draw the student's change against its base, dot and interval, better always to the right."""
    scored = [m for m in measures if m.outcome != "unscored"]
    parts = [f"{named(m.metric, m.mode)}: {shown(m.metric, m.delta, signed=True)}, {m.outcome}" for m in scored]
    alt = "Change of the student against its base. " + "; ".join(parts)
    return _picture("change", alt, lambda width: _change(scored, width))


def curve(train: Sequence[CurvePoint], validation: Sequence[CurvePoint]) -> Picture:
    """Draw training and validation loss over optimizer steps, a line an objective: their losses do not compare."""
    own = [(f"{name} {part[0].objective}".rstrip(), part) for name, part in _phases(train)]
    parts = [
        f"{name} loss from {points[0].loss:.2f} at step {points[0].step} to {points[-1].loss:.2f} at {points[-1].step}"
        for name, points in [*own, ("validation", validation)]
        if points
    ]
    alt = "Learning curve: " + "; ".join(parts)
    return _picture("curve", alt, lambda width: _curve(train, validation, width))


def _picture(name: str, alt: str, draw: Callable[[int], Figure]) -> Picture:
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kdvert", "text.parse_math": False}):
        return Picture(alt, *(_svg(draw(width), f"{name}-{width}") for width in (WIDE, NARROW)))


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)  # SVG counts points of 1/72 inch: one to a pixel
    figure.patch.set_visible(False)
    FigureCanvasSVG(figure)
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes by pixels from the top left corner."""
    total_width, total_height = figure.get_size_inches() * 72
    box = (left / total_width, 1 - (top + height) / total_height, width / total_width, height / total_height)
    axes: Axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=_SMALL, labelcolor=MUTED)
    return axes


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure with one bare set of axes in pixels, y downward."""
    figure = _figure(width, height)
    axes = _axes(figure, 0, 0, width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    return figure, axes


def _funnel(steps: Sequence[FunnelStep], width: int) -> Figure:
    from matplotlib.patches import Rectangle

    beside = width >= WIDE  # on a phone the label stands above its bar
    left, row, top, thick = (150, 34, 9, 16) if beside else (0, 46, 22, 14)
    figure, axes = _canvas(width, row * len(steps) + 2)
    most = max((s.count for s in steps), default=0) or 1
    room = width - left - 16 - 8 * len(f"{most:,}")
    for number, step in enumerate(steps):
        y = row * number + top
        length = max(room * step.count / most, 1.5 if step.count else 0)
        last = number == len(steps) - 1
        axes.add_patch(Rectangle((left, y), length, thick, facecolor=ACCENT if last else SECOND, linewidth=0))
        height = y + thick / 2 if beside else y - 9
        axes.text(0, height, step.label, color=INK, fontsize=_TEXT, va="center_baseline")
        axes.text(left + length + 8, y + thick / 2, f"{step.count:,}", color=INK, fontsize=_TEXT, va="center_baseline")
    return figure


def _change(measures: Sequence[Measure], width: int) -> Figure:
    names = list(dict.fromkeys(m.metric for m in measures))
    left, right = (170, 16) if width >= WIDE else (104, 12)
    row, head, foot = 26, 30, 34
    heights = [head + row * sum(m.metric == name for m in measures) + foot for name in names]
    figure = _figure(width, sum(heights) + 24)
    share = _zero_share(measures)
    _directions(figure, left, width - left - right, share)
    top = 24.0
    for name, height in zip(names, heights, strict=True):
        rows = [m for m in measures if m.metric == name]
        axes = _axes(figure, left, top + head, width - left - right, row * len(rows))
        _panel(axes, name, rows, share, left=left)
        top += height
    return figure


def _directions(figure: Figure, left: float, width: float, share: float) -> None:
    axes = _axes(figure, left, 0, width, 20)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(20, 0)
    style: dict[str, Any] = {"color": MUTED, "fontsize": _SMALL, "va": "center_baseline"}
    axes.text(share * width - 10, 10, "← worse", ha="right", **style)
    axes.text(share * width + 10, 10, "better →", ha="left", **style)


def _panel(axes: Axes, name: str, rows: Sequence[Measure], share: float, *, left: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator
    from matplotlib.transforms import blended_transform_factory

    how = metric(name)
    sign, scale = _sign(rows[0]), 100 if how.percent else 1
    below, above = _reach(rows)
    span = max(below / share, above / (1 - share)) * scale or 1.0
    limits = (-share * span, (1 - share) * span)
    axes.set_xlim(*(limits if sign > 0 else (-limits[0], -limits[1])))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.grid(axis="x", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6 if left > 120 else 4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.tick_params(axis="x", pad=6)
    axes.set_yticks([])
    beside = blended_transform_factory(axes.figure.transFigure, axes.transData)
    title = f"{how.label}, {how.unit}" if how.unit else how.label
    axes.text(0, -1, title, transform=beside, color=INK, fontsize=_TEXT, fontweight="bold", va="center_baseline")
    for y, row in enumerate(rows):
        label = MODES.get(row.mode, row.mode)
        axes.text(0, y, label, transform=beside, color=INK, fontsize=_TEXT, va="center_baseline")
        _dot(axes, y, row, scale)


def _dot(axes: Axes, y: int, row: Measure, scale: int) -> None:
    assert row.low is not None
    assert row.high is not None
    assert row.delta is not None
    color = {"better": ACCENT, "worse": BAD}.get(row.outcome, MUTED)
    axes.plot([row.low * scale, row.high * scale], [y, y], color=color, linewidth=2.5, solid_capstyle="round")
    shape = "D" if row.outcome == "worse" else "o"
    fill = "none" if row.outcome == "unclear" else color  # shape and fill say it too, for those who see no hue
    (mark,) = axes.plot([row.delta * scale], [y], shape, color=color, markersize=8, markeredgewidth=2)
    mark.set_markerfacecolor(fill)


def _zero_share(measures: Sequence[Measure]) -> float:
    """Return where zero stands, as a share of the width: the same in every panel, with room for the widest one."""
    shares = []
    for name in dict.fromkeys(m.metric for m in measures):
        below, above = _reach([m for m in measures if m.metric == name])
        shares.append(below / (below + above) if below + above else 0.5)
    return min(max([0.3, *shares]), 0.7)


def _reach(rows: Sequence[Measure]) -> tuple[float, float]:
    """Return how far the rows of one metric reach to the worse and to the better side."""
    ends = [0.0, *(value * _sign(row) for row in rows for value in (row.low, row.high, row.delta) if value is not None)]
    return -min(ends) * 1.12, max(ends) * 1.12


def _sign(row: Measure) -> int:
    return 1 if row.higher_is_better else -1


def _curve(train: Sequence[CurvePoint], validation: Sequence[CurvePoint], width: int) -> Figure:
    from matplotlib.ticker import MaxNLocator

    height, right = 250, 92 if width >= WIDE else 78
    figure = _figure(width, height)
    axes = _axes(figure, 38, 26, width - 38 - right, height - 26 - 44)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(GRID)
    phases = _phases(train)
    for number, (_, part) in enumerate(phases):
        axes.plot(*_xy(part), color=SECOND, linewidth=2)
        if len(phases) > 1:
            axes.annotate(
                part[0].objective, (part[0].step, 1), xycoords=("data", "axes fraction"), xytext=(4, -12),
                textcoords="offset points", color=MUTED, fontsize=_SMALL, annotation_clip=False,
            )  # fmt: skip
        if number:
            axes.axvline(part[0].step, color=GRID, linewidth=1, linestyle="--")
    axes.plot(*_xy(validation), "o-", color=ACCENT, linewidth=2, markersize=6)
    axes.margins(y=0.15 if len(phases) > 1 else 0.05)  # room for their names
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6 if width >= WIDE else 4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlabel("optimizer step", color=MUTED, fontsize=_SMALL, labelpad=6)
    figure.text(0, 1 - 10 / height, "Loss, nats per token", color=MUTED, fontsize=_SMALL, va="center_baseline")
    _end_labels(axes, [("training", train[-1:]), ("validation", validation)], figure.get_size_inches()[1] * 72 - 70)
    return figure


def _phases(train: Sequence[CurvePoint]) -> list[tuple[str, list[CurvePoint]]]:
    """Part the training at its objectives; each with its name for readers."""
    return [("training", list(part)) for _, part in groupby(train, key=lambda p: p.objective)]


def _end_labels(axes: Axes, lines: Sequence[tuple[str, Sequence[CurvePoint]]], height: float) -> None:
    """Name each line at its end; two ends that lie close are pushed apart so that the names do not overlap."""
    low, high = axes.get_ylim()
    gap = 16 * (high - low) / height
    ends = sorted((points[-1].loss, name) for name, points in lines if points)
    if len(ends) == 2 and ends[1][0] - ends[0][0] < gap:
        middle = (ends[0][0] + ends[1][0]) / 2
        ends = [(middle - gap / 2, ends[0][1]), (middle + gap / 2, ends[1][1])]
    for y, name in ends:
        axes.annotate(
            name, (1, y), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            color=INK, fontsize=_TEXT, va="center_baseline", annotation_clip=False,
        )  # fmt: skip


def _xy(points: Sequence[CurvePoint]) -> tuple[list[int], list[float]]:
    return [p.step for p in points], [p.loss for p in points]


def _tick(value: float, position: int) -> str:
    return "0" if abs(value) < 1e-12 else f"{value:+.3g}".replace("-", "−")


_HEAD = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.S)
_FAMILY = re.compile(r"font-family: [^;\"]+; ?")


def _svg(figure: Figure, name: str) -> Markup:
    """Return the figure as an SVG element that can stand in a page beside others; matplotlib escaped its texts."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = _HEAD.sub("", stream.getvalue().decode("utf-8"))
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", text)
    for color, variable in _VARIABLES.items():
        text = text.replace(color, f"var(--{variable})")
    text = _FAMILY.sub("", text)  # the page's own
    start = text.index("<svg")
    end = text.index(">", start)
    box = re.search(r'viewBox="([^"]+)"', text[start:end])
    assert box is not None
    _, _, width, _ = box[1].split()
    head = f'<svg viewBox="{box[1]}" width="{width}" aria-hidden="true" focusable="false">'
    return Markup(head + text[end + 1 :].strip())
