"""The review of one project: what the page shows and does, without a page."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial

from kdvert.decisions import batches, erasable, kinds, signers, trail, trail_check
from kdvert.decisions.codes import REASONS
from kdvert.decisions.signers import TrustedKey
from kdvert.decisions.signing import Signer
from kdvert.errors import GateBlocked, UserError, WorkFailed
from kdvert.licensing.project import use_of
from kdvert.licensing.terms import data_license
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.runner import Run
from kdvert.progress import Progress
from kdvert.records import Example, Message
from kdvert.review import index
from kdvert.review.checking import Checker, EditStopped
from kdvert.review.figures import Figures, Material, figures
from kdvert.review.hidden_errors import RECORDS, HiddenErrors, Known
from kdvert.review.queue import SECOND, Entry, Filter, Queue
from kdvert.rulings import sampling
from kdvert.rulings.applying import liftable
from kdvert.rulings.contents import Edit, content_sha
from kdvert.rulings.folding import ACTIONS, BULK, Action, Review, fold
from kdvert.rulings.policy import Policy

MOST_BULK = 20_000
"""Records of one bulk decision."""
LONGEST_COMMENT = 5_000
_LONGEST_TIME = 3600  # seconds that count as reading; who left the page open for longer did something else
KIND_OF: dict[Action, str] = {
    "accept": kinds.ACCEPTED, "edit": kinds.EDITED, "reject": kinds.REJECTED, "escalate": kinds.ESCALATED,
}  # fmt: skip


class Stale(UserError):
    """Somebody decided about the record since it was shown."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to decide about one record.

    Attributes:
        version: that of the record when it was shown.
        messages: the turns of an edit.
        seconds: how long the record was open, if that is known.
        file: SHA-256 of the file that it comes from, if it was decided in another tool.
    """

    record: str
    action: Action
    version: int
    reason: str = ""
    comment: str = ""
    messages: tuple[Message, ...] = ()
    seconds: float | None = None
    file: str = ""


@dataclass
class Desk:
    """One project under review. Safe to use from several threads; other processes may write the trail, too.

    Attributes:
        run, policy: the project, and what it asks of reviewers.
        queue, review: the index of its run; what stands in the trail up to the byte ``offset``.
        lock: held while any of them is read or changed.
        kept: what was worked out for a state of the trail (`kdvert.review.signing.kept`), by its ``offset``.
    """

    run: Run
    queue: Queue
    policy: Policy
    review: Review = field(default_factory=Review)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    offset: int = 0
    kept: dict[int, object] = field(default_factory=dict, repr=False)
    _retirements: list[trail.Entry] = field(default_factory=list, repr=False)
    _trusted: dict[str, TrustedKey] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.root = self.run.project.root
        self.checker = Checker(self.run, self.queue.chunk)
        self._lists = lru_cache(maxsize=64)(partial(batches.get, self.root))

    @classmethod
    def open(cls, run: Run, progress: Progress) -> Desk:
        """Open the review of a project whose records were checked.

        Raises:
            WorkFailed: the stage ``filter`` has not run, or the trail is damaged.
        """
        work = run.project.work
        if "filter" not in read_lock(work) or not (work / "filter" / "accepted.jsonl").is_file():
            raise WorkFailed("There is nothing to review yet.", hint="kdvert run --until filter")
        policy = run.resolved.stages["review"]
        assert isinstance(policy, Policy)
        use, today = use_of(run.resolved.plain()), run.today

        def verdict(expression: str) -> str:
            try:
                return str(data_license(expression).judge(use, today).verdict)
            except GateBlocked:
                return "block"

        records = run.project.root / RECORDS
        made = index.Made(work, records if records.is_file() else None, verdict)
        path = work / "cache" / "review" / index.FILE
        index.build(path, made, progress)
        desk = cls(run, Queue(path, made), policy)
        desk.refresh()
        desk._arrange()
        return desk

    # what stands

    def refresh(self) -> None:
        """Take over what the trail says since the last time."""
        with self.lock:
            trusted = signers.read(self.root)
            if any(trusted.get(key) != row for key, row in self._trusted.items()):
                # a row of signers.yaml was taken out or changed by hand: what that key signed counts for nothing now
                self.review, self.offset, self._retirements = Review(), 0, []
                self.kept.clear()
            self._trusted = dict(trusted)
            entries, end = trail.follow(self.root, self.offset)
            if not entries:
                return
            first = self.offset == 0
            named = [r for e in entries for r in self._records_of(e)]
            # keys that were retired earlier stay so
            judged = list(trail_check.judged([*self._retirements, *entries], trusted))[len(self._retirements) :]
            fold(judged, trusted, self._lists, self.review)
            named += [r for e in entries for r in self._records_of(e)]
            self.offset = end
            self._retirements += [e for e in entries if e.kind == kinds.SIGNER_RETIRED]
            self.queue.take(self.review, None if first else dict.fromkeys(named))
            if any(e.kind in (kinds.SAMPLE_DRAWN, kinds.ERRORS_PLANTED, *ACTIONS, kinds.UNDONE) for e in entries):
                self._arrange(entries)

    def _records_of(self, entry: trail.Entry) -> Iterable[str]:
        if entry.kind == kinds.UNDONE:
            undone = self.review.decided.get(str(entry.refs.get("entry")))
            return self._records_of(undone) if undone else ()
        if entry.kind in BULK:
            return self._lists(str(entry.refs["list"]))
        return (str(entry.refs["record"]),) if "record" in entry.refs else ()

    def _arrange(self, entries: Sequence[trail.Entry] | None = None) -> None:
        """Mark the sample, and hide the originals of planted errors until all errors were met.

        An original that came back with the decision on its altered copy would tell which copies are altered.
        """
        if self.review.samples and (entries is None or any(e.kind == kinds.SAMPLE_DRAWN for e in entries)):
            self.queue.draw(self.review.samples[-1].rows, self.doubles())
        if known := self.known():
            met = all(self.review.of(i).rulings for i in known.errors)
            self.queue.hide(() if met else known.originals.values())

    def known(self) -> Known | None:
        """Return the planted errors; None without any, or where their file is lost (figures say so then)."""
        try:
            return HiddenErrors(self.root).read(self.review)
        except WorkFailed:
            return None

    def doubles(self) -> set[str]:
        """Return the records of the sample that two people judge blindly."""
        if not self.review.samples:
            return set()
        drawn = self.review.samples[-1]
        share = drawn.entry.refs.get("double", 0)
        seed = drawn.entry.refs.get("seed", 0)
        return sampling.doubles(sorted(drawn.rows), int(str(share)) / 1000, int(str(seed)))

    def hides_from(self, entry: Entry, key_id: str) -> bool:
        """Return whether others' decisions on a record are kept from this person: she judges it blindly."""
        return entry.double and entry.status in ("open", SECOND) and not self.has_judged(entry, key_id)

    def has_judged(self, entry: Entry, key_id: str) -> bool:
        """Return whether this person has decided about the record's present text."""
        return key_id in self.review.of(entry.id).by_person(entry.content)

    # what people do

    def decide(self, signer: Signer, wish: Wish) -> trail.Entry:
        """Put a decision into the trail.

        Raises:
            UserError: the decision is incomplete, or not this person's to make.
            Stale: somebody decided about the record since it was shown.
            EditStopped: a check fails on the edit.
        """
        entry, example = self._record(wish.record)
        self._must_be_allowed(signer, entry, example, wish)
        changed = self._checked(example, wish) if wish.action == "edit" else None
        with self.lock:
            self.refresh()
            entry = self._entry(wish.record)
            self._must_be_fresh(entry, signer, wish)
            refs: dict[str, trail.Value] = {"record": entry.id, "content": entry.content}
            if wish.file:
                refs["file"] = wish.file
            if wish.seconds is not None:
                refs["seconds"] = min(_LONGEST_TIME, max(0, round(wish.seconds)))
            if wish.action == "reject":
                refs["reason"] = wish.reason
            items = self._texts(wish, example, changed, refs)
            made = trail.append(self.root, KIND_OF[wish.action], now=now(), signer=signer, refs=refs, items=items)
            self.refresh()
            return made

    def check(self, signer: Signer, wish: Wish) -> None:
        """Find what would stop `decide`, and write nothing. Raises what it raises."""
        entry, example = self._record(wish.record)
        self._must_be_allowed(signer, entry, example, wish)
        self._must_be_fresh(entry, signer, wish)
        _comment(wish.comment)
        if wish.action == "edit":
            self._checked(example, wish)

    def comment(self, signer: Signer, record: str, text: str) -> trail.Entry:
        """Leave a comment on a record, without a decision.

        Raises:
            UserError: there is no text, or no such record.
        """
        text = _comment(text)
        if not text:
            raise UserError("A comment needs words.")
        with self.lock:
            entry = self._entry(record)
            item = erasable.put(self.root, "comment", text)
            refs: dict[str, trail.Value] = {"record": entry.id, "content": entry.content}
            made = trail.append(self.root, kinds.COMMENTED, now=now(), signer=signer, refs=refs, items=[item])
            self.refresh()
            return made

    def undo(self, signer: Signer, sha: str) -> list[str]:
        """Take a decision back, by a new entry, and return the records it was about.

        Raises:
            UserError: there is no such decision, or it is another person's and this one is no approver.
        """
        with self.lock:
            self.refresh()
            entry = self.review.decided.get(sha)
            if entry is None:
                raise UserError("There is no such decision, or it was taken back already.")
            if entry.who != signer.key_id and signer.row.role != "approver":
                raise UserError("Only an approver takes back what somebody else decided.")
            records = list(self._records_of(entry))
            trail.append(self.root, kinds.UNDONE, now=now(), signer=signer, refs={"entry": sha})
            self.refresh()
            return records

    def bulk(self, signer: Signer, wanted: Filter, action: Action, *, count: int, reason: str = "") -> int:
        """Accept or reject all records of a filter that this person has not decided about; return how many.

        Who decides about many at once has read none: such decisions count for training, and for no figure.

        Args:
            count: how many there were when the person typed the number in.

        Raises:
            UserError: the number is another now, there are too many, or the action is none for many.
        """
        kind = {"accept": kinds.ALL_ACCEPTED, "reject": kinds.ALL_REJECTED}.get(action)
        if kind is None:
            raise UserError("Many records at once can be accepted or rejected.")
        if action == "reject":
            _must_be_reason(reason)
        with self.lock:
            self.refresh()
            rows = self.bulk_rows(signer, wanted)
            if len(rows) != count:
                raise UserError(f"There are {len(rows)} records now, and you typed {count}.", hint="Look again.")
            if not rows or len(rows) > MOST_BULK:
                raise UserError(f"One decision takes 1 to {MOST_BULK:,} records.", hint="Narrow the filter.")
            refs: dict[str, trail.Value] = {"list": batches.put(self.root, rows), "count": len(rows)}
            if action == "reject":
                refs["reason"] = reason
            trail.append(self.root, kind, now=now(), signer=signer, refs=refs)
            self.refresh()
            return len(rows)

    def bulk_rows(self, signer: Signer, wanted: Filter) -> dict[str, str]:
        """Return the records that a bulk decision would be about, with the hash of their content."""
        found = self.queue.all(wanted, self.who(signer))
        return {
            e.id: e.content
            for e in found
            if e.place == "accepted" and e.status == "open" and not e.double and not self.has_judged(e, signer.key_id)
        }

    def figures(self) -> Figures:
        """Return the numbers of the review."""
        with self.lock:
            self.refresh()
            known = self.known()
            ids = [i for i, _ in self.queue.strata(())]
            sample = list(self.review.samples[-1].rows) if self.review.samples else []
            names = {key: (row.name, row.role) for key, row in signers.read(self.root).items()}
            material = Material(
                contents=self.queue.contents(ids),
                sample=ids if self.policy.look_at == "all" else sample,
                doubles=sorted(self.doubles()),
                planted=known.errors if known else {},
                names=names,
            )
            return figures(self.review, self.policy, material)

    @staticmethod
    def who(signer: Signer) -> str:
        """Return how the queue knows a person."""
        return f"{signer.row.role}:{signer.key_id}"

    # details

    def _entry(self, record: str) -> Entry:
        entry = self.queue.entry(record)
        if entry is None:
            raise UserError("There is no such record.")
        return entry

    def _record(self, record: str) -> tuple[Entry, Example]:
        with self.lock:
            entry = self._entry(record)
            return entry, self.queue.example(entry)

    def _must_be_allowed(self, signer: Signer, entry: Entry, example: Example, wish: Wish) -> None:
        if signer.row.role not in kinds.REVIEWING:
            raise UserError(f"A person of role {signer.row.role} decides about no records.")
        if wish.action == "reject":
            _must_be_reason(wish.reason)
            if wish.reason == "other" and not wish.comment.strip():
                raise UserError("Another reason needs a comment that says which.")
        if wish.action == "escalate" and not wish.comment.strip():
            raise UserError("Say what the approver should look at.")
        if entry.place == "rejected" and wish.action in ("accept", "edit"):
            if signer.row.role != "approver":
                raise UserError("The checks rejected this record.", hint="Appeal: an approver can take it in.")
            if wish.action == "accept" and not liftable(example):
                raise UserError("No appeal lifts this: the record has no evidence, or is a held-out question.")

    def _must_be_fresh(self, entry: Entry, signer: Signer, wish: Wish) -> None:
        if entry.version != wish.version and not self.hides_from(entry, signer.key_id):
            raise Stale("Somebody decided about this record meanwhile.", hint="Look at it again, then decide.")

    def _checked(self, example: Example, wish: Wish) -> Example:
        changed = self.checker.check(example, wish.messages)
        failed = [v for v in changed.verdicts if not v.passed]
        if failed:
            raise EditStopped(failed, self.checker.personal_data(changed))
        return changed

    def _texts(self, wish: Wish, example: Example, changed: Example | None, refs: dict[str, trail.Value]) -> list[str]:
        """Put the texts of a decision into the erasable store and name them in ``refs``; return their ids."""
        items = []
        if changed:
            edit = Edit(before=example.messages, after=changed.messages, verdicts=changed.verdicts)
            refs["edit"] = erasable.put(self.root, "diff", edit.text())
            refs["after"] = content_sha(changed)
            items.append(str(refs["edit"]))
        if comment := _comment(wish.comment):
            refs["comment"] = erasable.put(self.root, "comment", comment)
            items.append(str(refs["comment"]))
        return items


def _must_be_reason(reason: str) -> None:
    if reason not in REASONS:
        raise UserError("Choose why it is rejected.", hint=", ".join(REASONS))


def _comment(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_COMMENT:
        raise UserError(f"A comment has at most {LONGEST_COMMENT:,} characters.")
    return text


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
