"""The egress gate: the last look at a prompt before a teacher reads it, whether on this machine or elsewhere.

That a prompt is `ScrubbedText` shows that somebody called it scrubbed. The gate checks it: the text must name the
policy that holds now, and the detectors must find nothing in it that this policy would take out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
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

    A line is read once, however many prompts it stands in: prompts of a run share most of theirs.

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
            if not all(map(self._is_clear, text.text.split("\n"))):
                return PERSONAL_DATA
        return None

    def _is_clear(self, line: str) -> bool:
        line = line.strip()
        if not line or line in self.package_lines or (self.marks and self.marks.fullmatch(line)):
            return True
        key = sha256_text(line)  # not the line itself: what is refused must not stay in memory either
        if key not in self._clear:
            self._clear[key] = self.reader.passage(line).text == line
        return self._clear[key]
