"""Check a reviewer's edit as a teacher's reply is checked: personal data first, then every filter."""

from __future__ import annotations

import re
import threading
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
from kdvert.stages import filter as filter_stage
from kdvert.store import read_jsonl

LONGEST = 20_000
"""Characters of one turn."""
PERSONAL_DATA = "personal_data"
_ACROSS = ("exact_duplicate", "near_duplicate")  # these compare records with each other
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z0-9_]*?)(?:_\d+)?\]")


class EditStopped(UserError):
    """A check fails on what a reviewer wrote.

    Attributes:
        verdicts: those that failed.
        entities: types of personal data that were found.
    """

    def __init__(self, verdicts: Sequence[Verdict], entities: Sequence[str]) -> None:
        super().__init__("The edit was not kept: a check fails on it.")
        self.verdicts, self.entities = list(verdicts), list(entities)


@dataclass(frozen=True)
class Checker:
    """Checks edits of one project. What it needs is read with the first edit.

    Attributes:
        chunk: gives a passage by its id.
        lock: held while an edit is checked; the detectors take one text at a time.
    """

    run: Run
    chunk: Callable[[str], Chunk | None]
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check(self, example: Example, messages: Sequence[Message]) -> Example:
        """Return the record as edited, with a verdict of every check.

        Raises:
            UserError: a turn is empty or too long, or nothing was changed.
        """
        _must_be_an_edit(example, messages)
        draft = edited(example, messages)
        with self.lock:
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

    def clean(self, text: str) -> str:
        """Return a text without personal data."""
        return self._scrubber.passage(text).text

    @property
    def _filters(self) -> filter_stage.Config:
        settings = self.run.resolved.stages["filter"]
        assert isinstance(settings, filter_stage.Config)
        return settings

    @cached_property
    def _held_out(self) -> list[EvalItem]:
        own = [self.run.project.root / name for name in self._filters.eval_files]
        return [item for path in [*self.run.vertical.eval_files, *own] for item in read_jsonl(path, EvalItem)]

    @cached_property
    def _scrubber(self) -> Scrubber:
        scrub = self.run.project.work / "scrub"
        ledger = Ledger.read(scrub / "ledger.jsonl")
        return Scrubber.for_vertical(self.run.vertical, AsScrubbed.read(scrub), ledger=ledger)

    def _material(self, example: Example) -> Material:
        ids = {*example.provenance.chunk_ids, *(e.chunk_id for e in example.evidence)}
        return Material(
            chunks={id_: chunk for id_ in ids if (chunk := self.chunk(id_))},
            held_out=self._held_out,
            languages=self._filters.languages or self.run.vertical.manifest.languages,
            checks=self.run.vertical.checks(),
            thresholds=self._filters.thresholds,
        )


def _must_be_an_edit(example: Example, messages: Sequence[Message]) -> None:
    if [m.role for m in messages] != [m.role for m in example.messages]:
        raise UserError("An edit changes the words of a conversation, not its turns.")
    for message in messages:
        if not message.content.strip():
            raise UserError("A turn cannot be empty.", hint="Reject the record instead.")
        if len(message.content) > LONGEST:
            raise UserError(f"A turn has at most {LONGEST:,} characters.")
    if list(messages) == example.messages:
        raise UserError("Nothing was changed.", hint="Accept the record, or change its words.")
