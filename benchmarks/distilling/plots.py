"""The study's results as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def draw(rows: Sequence[dict[str, Any]], results: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write ``distillation-differences.svg`` and ``distillation-losses.svg``."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "kdvert"  # so that the same data gives the same file
    _differences([r for r in rows if r["run"] != "sft"], folder / "distillation-differences.svg")
    _losses(results, folder / "distillation-losses.svg")


def _differences(rows: Sequence[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.7 + 0.45 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(reversed(rows)):
        axes.plot([row["low"], row["high"]], [place, place], color="#35618f", linewidth=2)
        axes.plot(row["difference"], place, "o", color="#35618f")
    axes.margins(y=0.3)
    axes.axvline(0, color="#888888", linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{r['run']}, {r['answers']} answers" for r in reversed(rows)])
    axes.set_xlabel("held-out NLL a token against sft, nats (left is better)")
    figure.savefig(path, metadata={"Date": None})


def _losses(results: Sequence[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys((r["run"], r["answers"]) for r in results))
    figure = Figure(figsize=(7, 2.2 * ((len(kinds) + 1) // 2)), layout="constrained")
    grid = figure.subplots((len(kinds) + 1) // 2, 2, squeeze=False)
    for axes, kind in zip(grid.flat, kinds, strict=False):
        for result in (r for r in results if (r["run"], r["answers"]) == kind):
            points = [(p["step"], p["loss"]) for p in result["history"] if "loss" in p]
            axes.plot(*zip(*points, strict=True), label=f"seed {result['seed']}")
        axes.set_title(f"{kind[0]}, {kind[1]} answers", fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.set_ylabel("own loss, nats", fontsize=8)
        axes.legend(fontsize=7)
    for axes in list(grid.flat)[len(kinds) :]:
        axes.set_visible(False)
    figure.savefig(path, metadata={"Date": None})
