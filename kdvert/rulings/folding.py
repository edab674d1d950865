"""From the entries of the trail to what stands: for each record the decisions that count, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kdvert.decisions import kinds
from kdvert.decisions.signers import Signers
from kdvert.decisions.trail import Entry

Action = Literal["accept", "edit", "reject", "escalate"]
Status = Literal["open", "accepted", "edited", "rejected", "escalated", "conflict"]

ACTIONS: dict[str, Action] = {
    kinds.ACCEPTED: "accept",
    kinds.EDITED: "edit",
    kinds.REJECTED: "reject",
    kinds.ESCALATED: "escalate",
    kinds.ALL_ACCEPTED: "accept",
    kinds.ALL_REJECTED: "reject",
}
"""Kinds of entries that decide, to what they decide."""

BULK = (kinds.ALL_ACCEPTED, kinds.ALL_REJECTED)
STATUS: dict[Action, Status] = {
    "accept": "accepted", "edit": "edited", "reject": "rejected", "escalate": "escalated",
}  # fmt: skip


@dataclass(frozen=True)
class Ruling:
    """One person's decision on one record.

    Attributes:
        sha: of the entry in the trail; ``seq`` is its number.
        who: id of the key; ``final`` says that it is an approver's.
        content: hash of what was decided on; ``after`` of what an edit made of it.
        reason: a code of `kdvert.decisions.codes.REASONS`.
        items: texts in the erasable store: a comment, and the edit.
        seconds: how long the record was open before the decision; None where that is not known.
        bulk: it was one of many decided at once.
    """

    seq: int
    sha: str
    at: str
    who: str
    final: bool
    action: Action
    content: str
    after: str | None = None
    edit: str | None = None
    reason: str | None = None
    items: tuple[str, ...] = ()
    seconds: int | None = None
    bulk: bool = False


@dataclass
class Standing:
    """What stands about one record.

    Attributes:
        rulings: decisions that were not taken back, in order.
        comments: entries with a comment and no decision.
        version: number of the last entry about it, comments and withdrawals included; 0 without any.
    """

    rulings: list[Ruling] = field(default_factory=list)
    comments: list[Entry] = field(default_factory=list)
    version: int = 0

    def by_person(self, content: str) -> dict[str, Ruling]:
        """Return the last decision of each person about the text with this hash; others have lapsed."""
        return {r.who: r for r in self.rulings if r.content == content}

    def ruling(self, content: str) -> Ruling | None:
        """Return the decision that counts: the last of an approver, else the last of anybody; None without one."""
        current = [r for r in self.rulings if r.content == content]
        final = [r for r in current if r.final]
        return next(reversed(final or current), None)

    def status(self, content: str) -> Status:
        """Return what the decisions come to. Reviewers who disagree leave a ``conflict`` until an approver decides."""
        counts = self.ruling(content)
        if counts is None:
            return "open"
        latest = self.by_person(content).values()
        if counts.final:
            return STATUS[counts.action]
        if any(r.action == "escalate" for r in latest):
            return "escalated"
        if len({_outcome(r) for r in latest}) > 1:
            return "conflict"
        return STATUS[counts.action]

    def lapsed(self, content: str) -> bool:
        """Return whether there are decisions, and all of them are about an earlier text."""
        return bool(self.rulings) and self.ruling(content) is None


@dataclass(frozen=True)
class Drawn:
    """A sample, or a set of planted errors, as the trail names it."""

    entry: Entry
    rows: Mapping[str, str]


@dataclass
class Review:
    """All that the trail says of a review.

    Attributes:
        standings: by id of the record.
        samples: in the order they were drawn.
        planted: entries that commit to planted errors.
        sign_offs: entries of sign-offs that were not withdrawn; ``withdrawn`` are those that were.
        ignored: entries whose signature does not hold, or that do not say what they are about: they decide nothing.
        decided: entries of decisions that were not taken back, by hash.
    """

    standings: dict[str, Standing] = field(default_factory=dict)
    samples: list[Drawn] = field(default_factory=list)
    planted: list[Entry] = field(default_factory=list)
    sign_offs: list[Entry] = field(default_factory=list)
    withdrawn: list[Entry] = field(default_factory=list)
    ignored: list[Entry] = field(default_factory=list)
    decided: dict[str, Entry] = field(default_factory=dict)

    def of(self, record: str) -> Standing:
        """Return what stands about a record."""
        return self.standings.get(record) or Standing()


Lists = Callable[[str], Mapping[str, str]]
"""Gives a list of records by its hash (`kdvert.decisions.batches.get`)."""


def fold(
    judged: Iterable[tuple[Entry, str | None]], trusted: Signers, lists: Lists, into: Review | None = None
) -> Review:
    """Return what stands after these entries.

    Args:
        judged: entries in order, each with why its signature does not hold, or None
            (`kdvert.decisions.trail_check.judged`).
        trusted: whose signatures count, and in which role.
        lists: see `Lists`.
        into: what stood before them; it is changed.
    """
    review = into or Review()
    for entry, flaw in judged:
        if entry.kind not in _HANDLERS:
            continue
        if flaw or any(not isinstance(entry.refs.get(name), str) for name in _needs(entry.kind)):
            review.ignored.append(entry)
        else:
            _HANDLERS[entry.kind](review, entry, trusted, lists)
    return review


def _needs(kind: str) -> tuple[str, ...]:
    """Return the references without which an entry says nothing."""
    if kind in (*BULK, kinds.SAMPLE_DRAWN):
        return ("list",)
    if kind in (kinds.UNDONE, kinds.SIGN_OFF_WITHDRAWN):
        return ("entry",)
    if kind == kinds.EDITED:
        return ("record", "content", "after", "edit")
    if kind == kinds.COMMENTED:
        return ("record",)
    return ("record", "content") if kind in ACTIONS else ()


def _outcome(ruling: Ruling) -> str:
    return ruling.after or ruling.action


def _decided(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    rows = (
        lists(str(entry.refs["list"]))
        if entry.kind in BULK
        else {str(entry.refs["record"]): str(entry.refs["content"])}
    )
    review.decided[entry.sha] = entry
    for record, content in rows.items():
        standing = review.standings.setdefault(record, Standing())
        standing.rulings.append(_ruling(entry, content, final=trusted[entry.who].role == "approver"))
        standing.version = entry.seq


def _ruling(entry: Entry, content: str, *, final: bool) -> Ruling:
    seconds = entry.refs.get("seconds")
    return Ruling(
        seq=entry.seq, sha=entry.sha, at=entry.at, who=entry.who, final=final, action=ACTIONS[entry.kind],
        content=content, after=_text(entry, "after"), edit=_text(entry, "edit"), reason=_text(entry, "reason"),
        items=tuple(entry.items), seconds=seconds if isinstance(seconds, int) else None, bulk=entry.kind in BULK,
    )  # fmt: skip


def _text(entry: Entry, name: str) -> str | None:
    value = entry.refs.get(name)
    return value if isinstance(value, str) else None


def _commented(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    standing = review.standings.setdefault(str(entry.refs["record"]), Standing())
    standing.comments.append(entry)
    standing.version = entry.seq


def _undone(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    """Take a decision back: one's own, or, as an approver, anybody's."""
    undone = review.decided.get(str(entry.refs["entry"]))
    if undone is None or (undone.who != entry.who and trusted[entry.who].role != "approver"):
        return
    del review.decided[undone.sha]
    records = lists(str(undone.refs["list"])) if undone.kind in BULK else (str(undone.refs["record"]),)
    for record in records:
        standing = review.standings[record]
        standing.rulings = [r for r in standing.rulings if r.sha != undone.sha]
        standing.version = entry.seq


def _sampled(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    review.samples.append(Drawn(entry, lists(str(entry.refs["list"]))))


def _planted(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    review.planted.append(entry)


def _signed(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    review.sign_offs.append(entry)


def _withdrawn(review: Review, entry: Entry, trusted: Signers, lists: Lists) -> None:
    review.withdrawn += [e for e in review.sign_offs if e.sha == entry.refs["entry"]]
    review.sign_offs = [e for e in review.sign_offs if e.sha != entry.refs["entry"]]


_HANDLERS: dict[str, Callable[[Review, Entry, Signers, Lists], None]] = {
    **dict.fromkeys(ACTIONS, _decided),
    kinds.COMMENTED: _commented,
    kinds.UNDONE: _undone,
    kinds.SAMPLE_DRAWN: _sampled,
    kinds.ERRORS_PLANTED: _planted,
    kinds.SIGNED_OFF: _signed,
    kinds.SIGN_OFF_WITHDRAWN: _withdrawn,
}
