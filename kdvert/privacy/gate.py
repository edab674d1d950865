"""The egress gate: the last look at a prompt before a teacher reads it, whether on this machine or elsewhere.

That a prompt is `ScrubbedText` shows that somebody called it scrubbed. The gate checks it: the text must name the
policy that holds now, and the detectors must find nothing in it that this policy would take out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from kdvert.records import ScrubbedText, sha256_text

PACKAGE = "package"
"""What `ScrubbedText.scrubbed_by` says of text that ships with kdvert or a vertical."""

OTHER_POLICY = "scrubbed_by_another_policy"
PERSONAL_DATA = "personal_data_in_prompt"


class Reader(Protocol):
    """The part of a `Scrubber` that the gate uses."""

    @property
    def policy_sha(self) -> str:
        """Hash of the policy that holds."""

    def passage(self, text: str) -> ScrubbedText:
        """Scrub a text; a text without personal data comes back as it is."""


@dataclass
class EgressGate:
    """Says why a text may not leave.

    Prompts of a run share most of their text, so it is read in blocks, and a block is read once however many prompts
    hold it. Blocks end at lines that need no reading and at empty lines. What they are depends on the prompt alone and
    not on what was read before: a run that was interrupted judges as one that was not. All lines of a block are read
    together: what begins on one line and ends on the next is seen, and reading line by line costs twice the time.

    Attributes:
        reader: the scrubber of the project.
        package_lines: lines of templates that ship with kdvert or the vertical; they hold nobody's data. A project's
            own templates are read like any other text.
        marks: what a whole line looks like that kdvert writes between texts; such a line is not read. None: none.
    """

    reader: Reader
    package_lines: frozenset[str] = frozenset()
    marks: re.Pattern[str] | None = None
    _clear: dict[str, bool] = field(default_factory=dict, repr=False)

    def __call__(self, texts: Iterable[ScrubbedText]) -> str | None:
        """Return a reason code if one of ``texts`` may not leave, or None."""
        for text in texts:
            if not set(text.scrubbed_by.split("+")) <= {PACKAGE, self.reader.policy_sha}:
                return OTHER_POLICY
            if not all(map(self._is_clear, self._blocks(text.text))):
                return PERSONAL_DATA
        return None

    def _blocks(self, text: str) -> list[str]:
        lines = (line.strip() for line in text.split("\n"))
        runs = groupby(lines, key=self._needs_reading)
        return ["\n".join(run) for is_read, run in runs if is_read]

    def _needs_reading(self, line: str) -> bool:
        return bool(line) and line not in self.package_lines and not (self.marks and self.marks.fullmatch(line))

    def _is_clear(self, block: str) -> bool:
        key = sha256_text(block)  # not the text itself: what is refused must not stay in memory either
        if key not in self._clear:
            self._clear[key] = self.reader.passage(block).text == block
        return self._clear[key]
