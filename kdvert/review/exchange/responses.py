"""What one person answered about one record in another tool, before anybody checked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.errors import UserError

DECISIONS = ("accept", "edit", "reject", "escalate")
_SHOWN = 20


@dataclass(frozen=True)
class Response:
    """One person's answer about one record. Every text is as the file has it.

    Attributes:
        row: its place in the file, from 1.
        record, content: id of the record and hash of what was read.
        annotator: who answered; ``also`` are other names for the same person.
        decision: see `DECISIONS`; ``accept`` with other words in ``answer`` is an edit.
        answer: the last answer as the person left it; empty where she was not asked.
        versions: those of the record that the person may have seen. See `kdvert.review.desk.Wish`.
        seconds: how long she took, if that is known.
        shown: the conversation that she was shown, if the file holds it.
        flaw: why it cannot be taken in, in words that continue a sentence; empty if nothing is known against it.
    """

    row: int
    record: str
    content: str
    annotator: str
    decision: str
    reason: str = ""
    answer: str = ""
    comment: str = ""
    versions: tuple[int, ...] = (0,)
    seconds: float | None = None
    shown: str | None = None
    also: tuple[str, ...] = ()
    flaw: str = ""


def of_annotator(responses: Sequence[Response], wanted: str | None) -> list[Response]:
    """Return what one person answered.

    Args:
        wanted: her name or id in the file; None if there is one person only.

    Raises:
        UserError: there is no answer, or none of hers, or it is not said whose of several are meant.
    """
    names = sorted({r.annotator for r in responses})
    if not names:
        raise UserError("The file holds no decision that somebody submitted.")
    listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    if wanted is None:
        if len(names) > 1:
            raise UserError(
                f"The file holds decisions of {len(names)} people: {listed}.",
                hint="Say whose are meant: --annotator NAME. The key that signs must be that person's.",
            )
        return list(responses)
    found = [r for r in responses if wanted in (r.annotator, *r.also)]
    if not found:
        raise UserError(f"The file holds no decision of '{wanted}'.", hint=f"There are those of: {listed}.")
    return found


def text(value: object) -> str:
    """Return a text of a file, stripped; what is none becomes empty."""
    return value.strip() if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return a number of a file, not negative and finite; what is none becomes None."""
    fit = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if fit else None  # type: ignore[arg-type]


def version(value: object) -> int:
    """Return the version of a record; 0, that of a record nobody decided about, if it is none."""
    found = number(value)
    return int(found) if found is not None else 0


def mapping(value: object) -> dict[str, object]:
    """Return a mapping of a file; what is none becomes empty."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, object]]:
    """Return the mappings of a list of a file; what is no list becomes empty."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
