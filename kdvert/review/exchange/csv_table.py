"""The trail about records as comma-separated values for a spreadsheet."""

from __future__ import annotations

import csv
import io

from kdvert.review.desk import Desk
from kdvert.review.exchange import audit
from kdvert.review.exchange.selection import Selection

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(desk: Desk, wanted: Selection) -> str:
    """Return the file: a line with the names of the columns, then one line a row; yes and no for what is so or not."""
    columns = [*audit.COLUMNS, *(["comment"] if wanted.comments else [])]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for row in audit.rows(desk, wanted):
        writer.writerow([cell(row[name]) for name in columns])
    return stream.getvalue()


def cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula: an apostrophe stands before what looks so."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULAS) else text
