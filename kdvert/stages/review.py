"""Stage ``review``: apply what reviewers decided.

Reads ``filter/``, and the project's trail of decisions. Writes ``accepted.jsonl`` (what the student may learn from),
``rejected.jsonl`` (records that passed the checks and that people keep out) and ``summary.json``.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from kdvert.errors import KdvertError, WorkFailed
from kdvert.records import Example
from kdvert.rulings import applying, reading
from kdvert.rulings.policy import Policy
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, write_json, write_jsonl

VERSION = 1
VOLATILE: tuple[str, ...] = ()

Config = Policy


def content(ctx: StageContext, config: Policy) -> list[Path]:
    """Return nothing: of the trail only what decides about records counts (`extracts`)."""
    return []


def extracts(ctx: StageContext, config: Policy) -> dict[str, str]:
    """Return the hash of the decisions about records; the trail holds others beside them, that change nothing here."""
    try:
        return {"decisions about records": reading.basis(ctx.project)}
    except KdvertError:  # `run` says what is wrong
        return {"decisions about records": "unreadable"}


def run(ctx: StageContext, config: Policy) -> dict[str, Any]:
    """Keep what people let through.

    Raises:
        WorkFailed: no record is left, or a file of the trail is damaged.
    """
    judged = ctx.inputs["filter"]
    outcome = applying.apply(
        iter_jsonl(judged / "accepted.jsonl", Example),
        iter_jsonl(judged / "rejected.jsonl", Example),
        reading.read(ctx.project),
        config,
        partial(reading.edit_of, ctx.project),
    )
    write_jsonl(ctx.out / "accepted.jsonl", outcome.kept)
    write_jsonl(ctx.out / "rejected.jsonl", outcome.refused)
    reasons = Counter(v.reason for e in outcome.refused for v in e.verdicts if not v.passed and v.reason)
    summary = {
        "accepted": len(outcome.kept),
        "rejected": len(outcome.refused),
        "decided": applying.looked_at([*outcome.kept, *outcome.refused]),
        "edited": applying.in_words_of_people(outcome.kept),
        "reasons": dict(reasons.most_common()),
    }
    write_json(ctx.out / "summary.json", summary)
    if not outcome.kept and outcome.refused:
        raise WorkFailed(
            f"Reviewers keep all {len(outcome.refused)} records out.",
            hint="kdvert review shows them with the reasons; review.undecided: keep lets in what nobody decided about.",
        )
    return summary
