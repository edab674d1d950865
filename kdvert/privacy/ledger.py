"""The ledger of surrogates: every fake value that scrubbing put into a corpus, so that later passes leave it alone.

It holds fake values only. A text is read with the ledger of the corpus it belongs to, and never with another's: a
fake name of one corpus may be somebody's real name in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from kdvert.privacy.phrases import Phrases
from kdvert.privacy.spans import merged
from kdvert.store import iter_jsonl, write_jsonl

FILE = "ledger.jsonl"
PERSON = "PERSON"
SHORTEST_PART = 3
"""Letters of a part of a fake name that stands in the ledger by itself."""


class Entry(NamedTuple):
    """A fake value and the type of what it stands for."""

    entity: str
    value: str


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: str
    value: str


class Ledger:
    """The fake values of a corpus.

    Args:
        entries: emitted surrogates. Each part of a person's fake name counts too, since a teacher may shorten it.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = frozenset(entries)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read a file of entries; none is an empty ledger.

        Raises:
            WorkFailed: a line is damaged.
        """
        rows = iter_jsonl(path, _Row) if path.is_file() else ()
        return cls(Entry(row.entity, row.value) for row in rows)

    def write(self, path: Path) -> int:
        """Write the entries sorted, one a line; return how many."""
        return write_jsonl(path, (entry._asdict() for entry in sorted(self.entries)))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where fake values stand in ``text``, sorted and disjoint."""
        return merged((start, end) for start, end, _ in self._all.find(text))

    @cached_property
    def _all(self) -> Phrases:
        return Phrases([*(e.value for e in self.entries), *self._parts])

    @cached_property
    def _parts(self) -> set[str]:
        words = (w for e in self.entries if e.entity == PERSON for w in re.findall(r"[^\W\d_]+", e.value))
        return {w for w in words if len(w) >= SHORTEST_PART and w[0].isupper()}
