"""Overrides: counsel's signed decision that a verdict of the license check does not stand in the way of one use.

An override is scoped: to one link or conflict, to the use it was decided for, to the facts it rests on, and to a time.
Once one of them is another, it lapses, and the report says so. Duties are never lifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from kdvert.decisions import signers as trust
from kdvert.decisions.signers import Signers
from kdvert.licensing.chain import Report
from kdvert.licensing.lapses import judge
from kdvert.licensing.override_files import Filed, Override, Scope, read
from kdvert.licensing.points import Point, points
from kdvert.licensing.rulings import worst


def applied(root: Path, report: Report, *, today: date) -> Report:
    """Apply the overrides of the project ``root`` to its report. See `apply`."""
    trusted = trust.read(root)
    return apply(report, read(root, trusted), signers=trusted, today=today)


def apply(report: Report, overrides: Sequence[Filed], *, signers: Signers, today: date) -> Report:
    """Lift what overrides lift; the report says of each override whether it held, and if not, why.

    Args:
        report: as the license check gave it, without overrides.
        overrides: from `kdvert.licensing.override_files.read`.
        signers: whose signatures count.
        today: the day on which an override must hold.

    Returns:
        The report with the verdict of each lifted link and conflict ``allow-with-duties`` (duties stay), the verdict
        drawn anew, and `Applied` of every override. ``why`` is empty if it held, and else starts with a code of
        `kdvert.licensing.lapses.Lapse`.
    """
    outcomes = [judge(filed, report, signers=signers, today=today) for filed in overrides]
    held = {_key(f.override.scope): f.override for f, a in zip(overrides, outcomes) if a.held and f.override}
    rows = [_lift(row, held.get(_key(p))) for row, p in zip([*report.links, *report.conflicts], points(report))]
    cut = len(report.links)
    update = {"links": rows[:cut], "conflicts": rows[cut:], "overrides": outcomes}
    return report.model_copy(update={**update, "verdict": worst([row.verdict for row in rows])})


def needs_override(report: Report) -> list[Point]:
    """Return what counsel must still decide before the student is handed on (nothing, if it stays internal).

    Args:
        report: after `apply`.
    """
    return [] if report.use.distribution == "internal" else [p for p in points(report) if p.verdict == "ask-counsel"]


def _key(about: Scope | Point) -> tuple[str, str, str, str]:
    return about.kind, about.subject, about.code, about.facts_sha256


def _lift(row: Any, override: Override | None) -> Any:
    """Return a link or conflict with its verdict lifted, or as it is."""
    if override is None or row.verdict != override.lifts:
        return row
    until = f"{row.reason} Lifted by {override.by} until {override.expires} (override {override.id})."
    return row.model_copy(update={"verdict": "allow-with-duties", "reason": until})
