"""Check a reviewer's edit as a teacher's reply is checked: personal data first, then every filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kdvert.errors import UserError
from kdvert.filters.contract import Material
from kdvert.filters.table import FILTERS, judge
from kdvert.pipeline.runner import Run
from kdvert.privacy.as_scrubbed import AsScrubbed
from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubber
from kdvert.progress import Silent
from kdvert.records import Chunk, EvalItem, Example, Message, Verdict
from kdvert.rulings.contents import edited
from kdvert.store import read_jsonl

LONGEST = 20_000
"""Characters of one turn."""
PERSONAL_DATA = "personal_data"
_ACROSS = ("exact_duplicate", "near_duplicate")  # these compare records with each other
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z0-9_]*?)(?:_\d+)?\]")


@dataclass(frozen=True)
class Checker:
    """Checks edits of one project. What it needs is read with the first edit.

    Attributes:
        chunk: gives a passage by its id.
    """

    run: Run
    chunk: Callable[[str], Chunk | None]
    _kept: dict[str, Scrubber] = field(default_factory=dict, repr=False)

    def check(self, example: Example, messages: Sequence[Message]) -> Example:
        """Return the record as edited, with a verdict of every check.

        Raises:
            UserError: a turn is empty or too long, or nothing was changed.
        """
        _must_be_an_edit(example, messages)
        draft = edited(example, messages)
        found = self.personal_data(draft)
        verdicts = [Verdict(check=PERSONAL_DATA, passed=not found, reason=PERSONAL_DATA if found else None)]
        draft = draft.model_copy(update={"verdicts": verdicts})
        names = [name for name in self._filters.filters if name in FILTERS and name not in _ACROSS]
        return judge([draft], self._material(draft), names, Silent())[0]

    def personal_data(self, example: Example) -> list[str]:
        """Return the types of personal data that the detectors find in what a record says; never a value."""
        text = "\n\n".join(message.content for message in example.messages if message.role != "system")
        clean = self._scrubber.passage(text).text
        if clean == text:
            return []
        before = set(_PLACEHOLDER.findall(text))
        return sorted(set(_PLACEHOLDER.findall(clean)) - before) or ["personal data"]

    def contains_personal_data(self, text: str) -> bool:
        """Return whether the detectors find anything in a text."""
        return self._scrubber.passage(text).text != text

    def clean(self, text: str) -> str:
        """Return a text without personal data."""
        return self._scrubber.passage(text).text

    @property
    def _filters(self) -> "Filters":
        return self.run.resolved.stages["filter"]  # type: ignore[return-value]

    @property
    def _scrubber(self) -> Scrubber:
        if "scrubber" not in self._kept:
            scrub = self.run.project.work / "scrub"
            ledger = Ledger.read(scrub / "ledger.jsonl")
            self._kept["scrubber"] = Scrubber.for_vertical(self.run.vertical, AsScrubbed.read(scrub), ledger=ledger)
        return self._kept["scrubber"]

    def _material(self, example: Example) -> Material:
        ids = {*example.provenance.chunk_ids, *(e.chunk_id for e in example.evidence)}
        return Material(
            chunks={id_: chunk for id_ in ids if (chunk := self.chunk(id_))},
            held_out=self._held_out,
            languages=self._filters.languages or self.run.vertical.manifest.languages,
            checks=self.run.vertical.checks(),
            thresholds=self._filters.thresholds,
        )
