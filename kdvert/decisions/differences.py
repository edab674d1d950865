"""What verification finds: one record a difference, whatever was looked at."""

from __future__ import annotations

from kdvert.records import Record


class Difference(Record):
    """Something that is not as it was recorded.

    Attributes:
        check: what was looked at: ``lineage``, ``facts``, ``overrides``, ``trail`` or ``sign-offs``.
        code: stable and short, the same for every difference of its kind.
        file: relative to the project's folder, or ``compliance/…`` for kdvert's own facts.
        row: the line, entry, record or row in it; None for the whole file.
        what: what differs, in words. It never quotes a document or a comment.
    """

    check: str
    code: str
    file: str
    row: str | None
    what: str
