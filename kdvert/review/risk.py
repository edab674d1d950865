"""In which order records are read: those where an error is likely, or would be worst, come first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kdvert.records import Example, ScrubLog

WEIGHTS: dict[str, float] = {"personal": 0.3, "license": 0.2, "evidence": 0.25, "doubt": 0.15, "novelty": 0.1}
"""What each part of a record's risk weighs; they sum to 1."""

MEANINGS: dict[str, str] = {
    "personal": "personal data was replaced in its passages, and how unsure the least sure place was",
    "license": "what the license check says of its sources",
    "evidence": "how little of the answer stands in its evidence",
    "doubt": "the judge was not convinced, or was not asked",
    "novelty": "how unlike other records it is",
}

VERDICTS: dict[str, float] = {"allow": 0.0, "allow-with-duties": 0.3, "ask-counsel": 0.7, "block": 1.0}
_SUPPORT = ("support", "recombination", "premise")
_JUDGES = ("judge",)
_MANY = 5  # replaced places from which more make no difference


@dataclass(frozen=True)
class Marks:
    """What scrubbing replaced in one document, by place in the scrubbed text, in order.

    Attributes:
        starts, ends: of the replaced places.
        entities: their types.
        scores: how sure the detector was, 0 to 1.
    """

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, log: ScrubLog) -> Marks:
        """Read them from the log of scrubbing."""
        found = {f.start: f for f in log.findings}
        made = cls()
        for move in log.moves:
            finding = found.get(move.start)
            made.starts.append(move.scrubbed_start)
            made.ends.append(move.scrubbed_end)
            made.entities.append(finding.entity if finding else "")
            made.scores.append(finding.score if finding else 1.0)
        return made

    def within(self, start: int, end: int) -> range:
        """Return which of them touch the part of the text from ``start`` to ``end``."""
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))


@dataclass(frozen=True)
class Assessor:
    """Gives each part of the risk, 0 to 1.

    Attributes:
        marks: gives what was replaced in a document.
        span: gives document, start and end of a passage; None for one that is gone.
        license_verdict: gives the verdict on a license expression.
    """

    marks: Callable[[str], Marks]
    span: Callable[[str], tuple[str, int, int] | None]
    license_verdict: Callable[[str], str]

    def parts(self, example: Example) -> dict[str, float]:
        """Return the parts of the risk of a record."""
        parts = {
            "personal": self._personal(example),
            "license": max(
                (VERDICTS.get(self.license_verdict(x), 1.0) for x in example.provenance.licenses), default=1.0
            ),
            "evidence": _evidence(example),
            "doubt": _doubt(example),
            "novelty": _novelty(example),
        }
        return {name: round(value, 3) for name, value in parts.items()}

    def _personal(self, example: Example) -> float:
        cited = {e.chunk_id for e in example.evidence} or set(example.provenance.chunk_ids[:1])
        scores: list[float] = []
        for chunk_id in cited:
            if place := self.span(chunk_id):
                marks = self.marks(place[0])
                scores += [marks.scores[i] for i in marks.within(place[1], place[2])]
        if not scores:
            return 0.0
        return 0.5 * min(1.0, len(scores) / _MANY) + 0.5 * (1.0 - min(scores))


def total(parts: dict[str, float]) -> float:
    """Return the risk, 0 to 1."""
    return round(sum(WEIGHTS[name] * value for name, value in parts.items()), 4)


def _scores(example: Example, checks: Sequence[str]) -> list[float]:
    return [v.score for v in example.verdicts if v.check in checks and v.score is not None]


def _evidence(example: Example) -> float:
    """Return the weakest of the checks that hold an answer against its evidence; without evidence it is 1."""
    if not example.evidence:
        return 1.0
    return 1.0 - min(1.0, max(0.0, min(_scores(example, _SUPPORT), default=0.0)))


def _doubt(example: Example) -> float:
    judged = [v for v in example.verdicts if v.check in _JUDGES]
    if not judged:
        return 0.5
    return 0.0 if all(v.passed for v in judged) else 1.0


def _novelty(example: Example) -> float:
    return 1.0 - min(1.0, max(_scores(example, ("near_duplicate",)), default=0.0))
