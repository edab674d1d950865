"""Apply what reviewers decided: which records the student may learn from, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from kdvert.decisions import codes
from kdvert.records import Example, Verdict
from kdvert.rulings.contents import Edit, content_sha, edited
from kdvert.rulings.folding import Review, Ruling, Standing
from kdvert.rulings.policy import Policy
from kdvert.store import to_line

CHECK = "review"
FIRM = frozenset(
    {"no_evidence", "unknown_passage", "quote_not_found", "evidence_offsets_wrong", "evidence_changed", "eval_overlap",
     "exact_duplicate"}
)  # fmt: skip
"""Reasons of checks that no appeal lifts: without evidence nothing is shown, and a held-out question measures nothing
once it was learned."""

UNDECIDED = "undecided"
EDITED = "edited"
"""Reason of a verdict that passed: the record is in a reviewer's words."""

REASONS = frozenset(
    {UNDECIDED, "review_escalated", "review_conflict", "edit_erased", "edit_altered", "edit_failed_checks"}
    | {f"reviewer_{code}" for code in codes.REASONS}
)
"""Why people keep a record out: reasons of failed verdicts of the check ``review``."""

Edits = Callable[[str], Edit | None]
"""Gives an edit by its id in the erasable store; None once it was erased."""


@dataclass(frozen=True)
class Outcome:
    """What the decisions make of the records.

    Attributes:
        kept: what the student may learn from, sorted by id. Those that somebody decided about have a verdict of
            the check ``review``.
        refused: records that passed the checks and that people keep out, with the reason.
    """

    kept: list[Example]
    refused: list[Example]

    @property
    def sha(self) -> str:
        """SHA-256 of the file that the stage ``review`` writes of ``kept``: what an approver signs."""
        digest = sha256()
        for example in self.kept:
            digest.update(to_line(example).encode())
        return digest.hexdigest()


def apply(
    accepted: Iterable[Example], rejected: Iterable[Example], review: Review, policy: Policy, edits: Edits
) -> Outcome:
    """Return which records are kept and which are refused.

    Args:
        accepted: records that passed the checks.
        rejected: records that did not; those whose appeal an approver granted are kept.
        review: what stands in the trail.
        edits: see `Edits`.
    """
    kept: list[Example] = []
    refused: list[Example] = []
    for example in accepted:
        settled = _settled(example, review.of(example.id), policy, edits)
        (kept if settled.accepted else refused).append(settled)
    kept += _appealed(rejected, review, edits)
    return Outcome(sorted(kept, key=lambda e: e.id), sorted(refused, key=lambda e: e.id))


def liftable(example: Example) -> bool:
    """Return whether an approver may take in a record that checks rejected."""
    return not any(not v.passed and (v.reason or v.check) in FIRM for v in example.verdicts)


def _settled(example: Example, standing: Standing, policy: Policy, edits: Edits) -> Example:
    content = content_sha(example)
    status = standing.status(content)
    ruling = standing.ruling(content)
    if status == "edited" and ruling:
        return _edited(example, ruling, edits)
    if status == "open":
        return example if policy.undecided == "keep" else _judged(example, UNDECIDED)
    if status == "rejected" and ruling:
        return _judged(example, f"reviewer_{ruling.reason if ruling.reason in codes.REASONS else 'other'}")
    return _judged(example, None if status == "accepted" else f"review_{status}")


def _edited(example: Example, ruling: Ruling, edits: Edits) -> Example:
    edit = edits(ruling.edit) if ruling.edit else None
    if edit is None:
        return _judged(example, "edit_erased")
    changed = edited(example, edit.after, edit.verdicts)
    if content_sha(changed) != ruling.after:
        return _judged(example, "edit_altered")
    failed = next((v.reason or v.check for v in changed.verdicts if not v.passed), None)
    return _judged(changed, "edit_failed_checks") if failed else _judged(changed, None, passed_as=EDITED)


def _appealed(rejected: Iterable[Example], review: Review, edits: Edits) -> Iterator[Example]:
    for example in rejected:
        standing = review.standings.get(example.id)
        ruling = standing.ruling(content_sha(example)) if standing else None
        if not ruling or not ruling.final or ruling.action not in ("accept", "edit") or not liftable(example):
            continue
        settled = _edited(example, ruling, edits) if ruling.action == "edit" else _lifted(example)
        if settled.accepted:
            yield settled


def _lifted(example: Example) -> Example:
    """Return the record with its failed checks passed, each keeping the reason that was lifted."""
    verdicts = [v if v.passed else v.model_copy(update={"passed": True}) for v in example.verdicts]
    return _judged(example.model_copy(update={"verdicts": verdicts}), None)


def _judged(example: Example, reason: str | None, *, passed_as: str | None = None) -> Example:
    added = Verdict(check=CHECK, passed=reason is None, reason=reason or passed_as)
    return example.model_copy(update={"verdicts": [*example.verdicts, added]})


def looked_at(examples: Iterable[Example]) -> int:
    """Return how many of these records carry the verdict of a person."""
    return sum(any(v.check == CHECK and v.reason != UNDECIDED for v in e.verdicts) for e in examples)


def in_words_of_people(examples: Iterable[Example]) -> int:
    """Return how many of these records are as a reviewer worded them."""
    return sum(any(v.check == CHECK and v.reason == EDITED for v in e.verdicts) for e in examples)
