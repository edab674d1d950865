"""What an export holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kdvert.review.desk import Desk
from kdvert.review.queue import Entry, Filter

Wanted = Literal["todo", "open", "second", "accepted", "edited", "rejected", "escalated", "conflict"]
STATUSES: tuple[str, ...] = get_args(Wanted)


@dataclass(frozen=True)
class Selection:
    """Which records an export is about.

    Attributes:
        status: what the decisions on them come to; empty: all. ``todo`` are those that wait for ``who``.
        sample: the drawn sample alone.
        comments: a table holds comments, too.
        who: a person as `Desk.who` names her; needed for ``todo`` alone.
    """

    status: str = ""
    sample: bool = False
    comments: bool = False
    who: str = ""

    def entries(self, desk: Desk, place: str = "accepted") -> list[Entry]:
        """Return the records in the order of the queue. ``place`` is that of `kdvert.review.queue.Filter`."""
        wanted = Filter(place=place, status=self.status, sample="1" if self.sample else "")
        with desk.lock:
            desk.refresh()
            return desk.queue.all(wanted, self.who)

    def ids(self, desk: Desk) -> set[str] | None:
        """Return the ids of the records, or None if nothing narrows them."""
        return {e.id for e in self.entries(desk, "")} if self.status or self.sample else None
