"""Draw a measurement: recall and precision per type, with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdvert.errors import UserError
from kdvert.privacy.measurement import Report, Scores
from kdvert.privacy.measurement_statistics import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".pdf", ".png", ".svg")
_SERIES = (
    ("entity recall", "entity_recall", "#1f5a94"),
    ("character recall", "character_recall", "#7fb2e0"),
    ("character precision", "character_precision", "#e08a2c"),
)
"""Legend, attribute of `Scores`, color; told apart in gray and by the color-blind too."""
_THICK = 0.26
_INK, _MUTED = "#1c1e21", "#5f6670"


def plot(report: Report, path: Path) -> None:
    """Write horizontal bars per type, most entities on top, all types together first.

    Args:
        report: what was measured.
        path: the picture; its suffix names one of `FORMATS`. A file that is there is replaced.

    Raises:
        UserError: another suffix, or the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path}: no picture format '{path.suffix}'.", hint=f"Use one of {', '.join(FORMATS)}.")
    types = sorted(report.types.items(), key=lambda item: (-item[1].entity_recall.of, item[0]))
    lines = [("all types", report.overall), *types]
    try:
        with rc_context({"text.parse_math": False}):  # a label may hold dollar signs
            figure = Figure(figsize=(8.5, 1.5 + 0.52 * len(lines)), dpi=120, layout="constrained")
            _draw(figure.add_subplot(), lines, f"{report.texts:,} texts, {report.characters:,} characters")
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).", hint="Name another file.") from error


def _draw(axes: Axes, lines: Sequence[tuple[str, Scores]], title: str) -> None:
    for number, (legend, attribute, color) in enumerate(_SERIES):
        measures = [(line, getattr(scores, attribute)) for line, (_, scores) in enumerate(lines)]
        shown = [(line + (number - 1) * _THICK, m) for line, m in measures if m.value is not None]
        _bars(axes, shown, legend, color)
    axes.set_yticks(range(len(lines)), [f"{name} ({scores.entity_recall.of:,})" for name, scores in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.axhline(0.5, color=_MUTED, linewidth=0.6)
    axes.set_xlim(0, 1.09)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("share, with 95 % interval; in brackets: entities", color=_MUTED)
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.grid(axis="x", color="#d7dbe0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=_INK)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.9 / (len(lines) + 1)), ncols=3, frameon=False)


def _bars(axes: Axes, shown: Sequence[tuple[float, Measure]], legend: str, color: str) -> None:
    heights = [height for height, _ in shown]
    values = [m.value or 0.0 for _, m in shown]
    arms = [
        [max(0.0, (m.value or 0.0) - (m.low or 0.0)) for _, m in shown],
        [max(0.0, (m.high or 0.0) - (m.value or 0.0)) for _, m in shown],
    ]
    axes.barh(heights, values, height=_THICK * 0.9, color=color, label=legend)
    axes.errorbar(values, heights, xerr=arms, fmt="none", ecolor=_INK, elinewidth=0.8, capsize=2)
    for height, m in shown:
        axes.text(min((m.high or 0.0) + 0.01, 1.03), height, f"{m.value:.2f}", va="center", fontsize=6.5, color=_INK)
