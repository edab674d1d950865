"""What a row of the suite gives, and how a failure inside a package becomes a problem instead of a crash."""

from __future__ import annotations

from collections.abc import Callable

from kdvert.errors import KdvertError
from kdvert.records import Record
from kdvert.verticals import Vertical


class CheckResult(Record):
    """One row: what was looked at, what was seen, and what has to be mended (empty: it passes)."""

    name: str
    detail: str
    problems: list[str]


Row = Callable[[Vertical], tuple[str, list[str]]]
"""Looks at one part of a vertical: to (what was seen, problems)."""


def judge(name: str, row: Row, vertical: Vertical) -> CheckResult:
    """Run a row. Whatever the package raises is its problem, told in one line."""
    try:
        detail, problems = row(vertical)
    except KdvertError as error:
        detail, problems = "cannot be read", [one_line(str(error))]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a third party's code and data may raise anything
        detail, problems = "raised an error", [f"{type(error).__name__}: {one_line(str(error))}"]
    return CheckResult(name=name, detail=detail, problems=problems)


def one_line(text: str) -> str:
    """Return ``text`` with its line breaks and indentation folded."""
    return " ".join(text.replace("→", "").split())
