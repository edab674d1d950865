"""What can be wrong with a source file, as a stable reason code and a sentence."""

from __future__ import annotations

from dataclasses import dataclass

REASONS = {
    "binary": "The file is not text.",
    "broken": "The file could not be read.",
    "duplicate_id": "Another document has the same id.",
    "empty": "The file holds no text.",
    "encoding": "The file is not in the encoding that it announces.",
    "encrypted": "The file is protected by a password.",
    "file_name": "The name of the file is not valid Unicode.",
    "invalid_row": "A line of the file is not a document with a title and a text.",
    "no_extraction": "The permissions of the file forbid taking its text out.",
    "no_text": "The file holds pictures of text only.",
    "too_large": "The file is larger than the settings allow.",
    "truncated": "The end of the file is missing.",
    "unreadable": "The system refused to open the file.",
    "unsupported": "The file is of a kind that kdvert does not read.",
}
"""Every reason a file or a row can be left out for."""


class SourceProblem(Exception):
    """A file that gives no document.

    Args:
        reason: a key of `REASONS`.
        detail: what is wrong and what to do, continuing a sentence that starts with the file's name. It never
            quotes the file's content, which may hold personal data.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class RowProblem:
    """A row of a file whose other rows are fine. ``row`` is its line number."""

    row: str
    reason: str
    detail: str
