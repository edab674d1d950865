"""Links and conflicts of a report seen alike, as what a verdict is about and what an override may lift."""

from __future__ import annotations

from kdvert.licensing.chain import Report
from kdvert.licensing.conflicts import Conflict
from kdvert.licensing.rulings import Verdict
from kdvert.records import Record, sha256_json

CONFLICT = "conflict"


class Point(Record):
    """One link or conflict.

    Attributes:
        kind: that of the link, or ``conflict``.
        subject: what it is about; of a conflict, the subjects that make it.
        facts_sha256: hash of the facts it rests on; of a conflict, of the facts of those subjects.
    """

    kind: str
    subject: str
    code: str
    verdict: Verdict
    reason: str
    facts_sha256: str

    @property
    def name(self) -> str:
        """``KIND:SUBJECT``, as ``kdvert override add --link`` takes it."""
        return f"{self.kind}:{self.subject}"


def points(report: Report) -> list[Point]:
    """Return every link, then every conflict of ``report``."""
    links = [
        Point(**row.model_dump(include={"kind", "subject", "code", "verdict", "reason", "facts_sha256"}))
        for row in report.links
    ]
    return links + [_conflict(row, report) for row in report.conflicts]


def undecided(report: Report) -> list[Point]:
    """Return what stands in the way: every point whose verdict is ``ask-counsel`` or ``block``."""
    return [point for point in points(report) if point.verdict in ("ask-counsel", "block")]


def _conflict(row: Conflict, report: Report) -> Point:
    rests_on = sorted(link.facts_sha256 for link in report.links if link.subject in row.between)
    return Point(
        kind=CONFLICT,
        subject=" against ".join(row.between),
        code=row.code,
        verdict=row.verdict,
        reason=row.reason,
        facts_sha256=sha256_json([row.code, rests_on]),
    )
