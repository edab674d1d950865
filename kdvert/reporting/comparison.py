"""Base against student: which differences lie beyond their interval, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kdvert.reporting.facts import Measure, Outcome


@dataclass(frozen=True)
class Metric:
    """How a metric is named and printed. ``unit`` completes "a difference of 0.1 …"; empty for a plain score."""

    label: str
    unit: str = ""
    digits: int = 3
    percent: bool = False


METRICS: Mapping[str, Metric] = {
    "nll": Metric("Answer loss", "nats per token"),
    "answer_nll": Metric("Answer loss", "nats per token"),
    "f1": Metric("Token F1"),
    "token_f1": Metric("Token F1"),
    "accuracy": Metric("Choice accuracy", "points", 1, percent=True),
    "choice_accuracy": Metric("Choice accuracy", "points", 1, percent=True),
    "exposure": Metric("Exposure", "bits", 1),
    "verbatim": Metric("Given back word for word", "points", 1, percent=True),
    "told": Metric("Told word for word", "points", 1, percent=True),
}

MODES: Mapping[str, str] = {
    "closed_book": "closed book",
    "retrieval": "with retrieval",
    "other_fields": "questions of other fields",
}


def metric(name: str) -> Metric:
    """Return how to print the metric ``name``; an unknown one is shown by its own name."""
    return METRICS.get(name, Metric(name.replace("_", " ").capitalize()))


def measure(row: Mapping[str, Any]) -> Measure:
    """Turn a row of the evaluation's summary into a measure with its outcome.

    Raises:
        KeyError: the row names no mode or metric.
    """
    numbers = {name: _number(row.get(name)) for name in ("base", "student", "delta", "low", "high")}
    higher = bool(row.get("higher_is_better", True))
    return Measure(
        mode=str(row["mode"]),
        metric=str(row["metric"]),
        n=int(row.get("n") or 0),
        unscored=int(row.get("unscored") or 0),
        higher_is_better=higher,
        outcome=outcome(numbers["delta"], numbers["low"], numbers["high"], higher_is_better=higher),
        **numbers,
    )


def outcome(delta: float | None, low: float | None, high: float | None, *, higher_is_better: bool) -> Outcome:
    """Return better or worse only if the whole interval lies on one side of zero."""
    if delta is None or low is None or high is None:
        return "unscored"
    if low <= 0 <= high:
        return "unclear"
    return "better" if (low > 0) == higher_is_better else "worse"


def named(metric_name: str, mode: str) -> str:
    """Return a metric in a mode as it stands inside a sentence: "token F1 with retrieval"."""
    label = metric(metric_name).label
    label = label[:1].lower() + label[1:]
    return f"closed-book {label}" if mode == "closed_book" else f"{label} {MODES.get(mode, mode.replace('_', ' '))}"


def headline(measures: Sequence[Measure]) -> str:
    """Return the verdict in one sentence."""
    scored = [m for m in measures if m.outcome != "unscored"]
    better = sum(m.outcome == "better" for m in scored)
    worse = sum(m.outcome == "worse" for m in scored)
    if not scored:
        return "Base and student could not be compared."
    if better == len(scored):
        return f"The student beats its base on {_all(better)}, beyond the interval."
    if better and not worse:
        return f"The student beats its base on {better} of {len(scored)} measures; the others show no clear difference."
    if better:
        return f"The student beats its base on {better} of {len(scored)} measures and falls behind on {worse}."
    if worse:
        return f"The student falls behind its base on {worse} of {len(scored)} measures; none shows it better."
    return "No measure shows a difference between student and base beyond the interval."


def in_words(measures: Sequence[Measure], confidence: float) -> str:
    """Return which measures are better, worse and undecided, in whole sentences."""
    groups = {name: [m for m in measures if m.outcome == name] for name in ("better", "worse", "unclear", "unscored")}
    sentences = []
    if groups["better"]:
        sentences.append(f"It is better in {_list(groups['better'])}.")
    if groups["worse"]:
        sentences.append(f"It is worse in {_list(groups['worse'])}.")
    if groups["unclear"]:
        names = _list(groups["unclear"], with_change=False)
        sentences.append(f"For {names} the {confidence:.0%} interval includes no change, so nothing is claimed.")
    if groups["unscored"]:
        sentences.append(f"Not measured: {_list(groups['unscored'], with_change=False)}.")
    return " ".join(sentences).replace("%", " %")


def shown(name: str, value: float | None, *, signed: bool = False) -> str:
    """Return a value of a metric as text: accuracies in percent, a true minus sign, a dash for no value."""
    if value is None:
        return "–"
    how = metric(name)
    scaled = value * 100 if how.percent else value
    digits = how.digits if abs(scaled) < 1000 else 0
    text = f"{scaled:+,.{digits}f}" if signed else f"{scaled:,.{digits}f}"
    if signed and float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    suffix = " %" if how.percent and not signed else ""
    return text.replace("-", "−") + suffix


def _list(measures: Sequence[Measure], *, with_change: bool = True) -> str:
    parts = []
    for one in measures:
        how = metric(one.metric)
        text = named(one.metric, one.mode)
        if with_change:
            unit = f" {how.unit}" if how.unit else ""
            interval = f"{shown(one.metric, one.low, signed=True)} to {shown(one.metric, one.high, signed=True)}"
            text += f" ({shown(one.metric, one.delta, signed=True)}{unit}, interval {interval})"
        parts.append(text)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _all(count: int) -> str:
    return "the one measure" if count == 1 else f"all {count} measures"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None
