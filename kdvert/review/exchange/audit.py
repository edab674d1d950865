"""The trail about records as a table: one row for each record that a decision is about, for samples and for sign-offs.

It holds no text of a record. Planted errors stand among the others, and nothing says which they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from kdvert.decisions import batches, erasable, kinds, signers, trail, trail_check
from kdvert.decisions.codes import REASONS, SCOPES
from kdvert.decisions.signing import FLAWS
from kdvert.errors import WorkFailed
from kdvert.review.desk import Desk
from kdvert.review.exchange.selection import Selection
from kdvert.rulings.folding import ACTIONS, BULK

COLUMNS: dict[str, str] = {
    "seq": "number of the entry in the trail",
    "at": "time, UTC",
    "name": "who, as signers.yaml names the key",
    "role": "role of the key",
    "key": "id of the key",
    "kind": "kind of entry",
    "what": "what happened, in words",
    "decision": "accept, edit, reject or escalate",
    "reason": "code of the reason",
    "meaning": "the reason, or what was signed or taken back, in words",
    "record": "id of the record",
    "content": "hash of what was decided on; of a sign-off, that of all records",
    "after": "hash of what an edit made of it",
    "seconds": "how long the record was open",
    "bulk": "decided with many others at once",
    "undone": "taken back later",
    "ignored": "why it counts for nothing",
    "file": "hash of the file it was imported from",
    "version": "number of the entry about the record that stood before",
    "sha": "hash of the entry",
}
"""The columns, to what they mean. ``comment`` is one more where comments were asked for."""

ERASED = "(erased)"
_ABOUT_RECORDS = (*ACTIONS, kinds.COMMENTED, kinds.UNDONE)
_BESIDES = (kinds.SAMPLE_DRAWN, kinds.SIGNED_OFF, kinds.SIGN_OFF_WITHDRAWN)


def rows(desk: Desk, wanted: Selection) -> list[dict[str, Any]]:
    """Return the rows in the order of the trail, each with the names of `COLUMNS`; an empty value is None.

    Raises:
        WorkFailed: the trail or a list of it is damaged.
    """
    with desk.lock:
        desk.refresh()
        return list(_Table(desk, wanted).rows())


@dataclass
class _Table:
    desk: Desk
    wanted: Selection

    def __post_init__(self) -> None:
        self.entries = trail.entries(self.desk.root)
        self.trusted = signers.read(self.desk.root)
        self.by_sha = {e.sha: e for e in self.entries}
        self.ids = self.wanted.ids(self.desk)
        self.versions: dict[str, int] = {}
        self.lists: Callable[[str], Mapping[str, str]] = lru_cache(maxsize=64)(partial(batches.get, self.desk.root))

    def rows(self) -> Iterator[dict[str, Any]]:
        for entry, flaw in trail_check.judged(self.entries, self.trusted):
            if entry.kind not in (*_ABOUT_RECORDS, *_BESIDES):
                continue
            shared = self._shared(entry, FLAWS[flaw] if flaw else None)
            if entry.kind in _BESIDES:
                yield shared | {"content": entry.refs.get("dataset")}
                continue
            for record, content in self._records(entry).items():
                if self.ids is None or record in self.ids:
                    yield shared | {"record": record, "content": content, "version": self.versions.get(record, 0)}
                if not shared["ignored"]:
                    self.versions[record] = entry.seq

    def _records(self, entry: trail.Entry) -> Mapping[str, str | None]:
        """Return the records that an entry is about, each with the hash of what was read."""
        if entry.kind == kinds.UNDONE:
            undone = self.by_sha.get(str(entry.refs.get("entry")))
            return self._records(undone) if undone and undone.kind in ACTIONS else {}
        if entry.kind in BULK and "list" in entry.refs:
            return self.lists(str(entry.refs["list"]))
        content = entry.refs.get("content")
        return {str(entry.refs["record"]): str(content) if content else None} if "record" in entry.refs else {}

    def _shared(self, entry: trail.Entry, flaw: str | None) -> dict[str, Any]:
        row = self.trusted.get(entry.who)
        review = self.desk.review
        if not flaw and entry.sha in {e.sha for e in review.ignored}:
            flaw = "it does not say what it is about"
        gone = entry.kind in ACTIONS and entry.sha not in review.decided
        values = dict.fromkeys(COLUMNS) | {
            "seq": entry.seq, "at": entry.at, "name": row.name if row else None, "role": row.role if row else None,
            "key": entry.who, "kind": entry.kind, "what": kinds.kind(entry.kind).about,
            "decision": ACTIONS.get(entry.kind), "reason": entry.refs.get("reason"), "meaning": self._meaning(entry),
            "after": entry.refs.get("after"), "seconds": entry.refs.get("seconds"), "bulk": entry.kind in BULK,
            "undone": not flaw and (gone or entry.sha in {e.sha for e in review.withdrawn}), "ignored": flaw,
            "file": entry.refs.get("file"), "sha": entry.sha,
        }  # fmt: skip
        return values | ({"comment": self._comment(entry)} if self.wanted.comments else {})

    def _meaning(self, entry: trail.Entry) -> str | None:
        refs = entry.refs
        if entry.kind == kinds.SAMPLE_DRAWN:
            return f"{refs.get('count')} records were drawn, of {refs.get('population')}"
        if entry.kind in (kinds.UNDONE, kinds.SIGN_OFF_WITHDRAWN):
            undone = self.by_sha.get(str(refs.get("entry")))
            return f"entry {undone.seq}" if undone else None
        return REASONS.get(str(refs.get("reason"))) or SCOPES.get(str(refs.get("scope")))

    def _comment(self, entry: trail.Entry) -> str | None:
        """Return the comments of an entry without personal data, or None without any."""
        found = []
        for item in entry.items:
            if item == entry.refs.get("edit"):
                continue
            try:
                kept = erasable.get(self.desk.root, item)
            except WorkFailed:
                found.append("(altered since)")
                continue
            found.append(self.desk.checker.clean(kept.text) if kept else ERASED)
        return "\n".join(found) or None
