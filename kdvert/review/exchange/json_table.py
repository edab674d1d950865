"""The trail about records as JSON. Decisions of one person can be taken in from it: from a copy of the project, say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from kdvert.decisions import trail
from kdvert.errors import UserError
from kdvert.review.desk import Desk
from kdvert.review.exchange import audit
from kdvert.review.exchange.responses import Response, mapping, number, rows, text, version
from kdvert.review.exchange.selection import Selection

FORM = "kdvert-review-1"


def write(desk: Desk, wanted: Selection) -> str:
    """Return the file: the last entry of the trail, what the columns mean, and the rows under ``entries``."""
    found = audit.rows(desk, wanted)
    head = trail.head(desk.root)
    made = {
        "form": FORM,
        "project": desk.run.project.name,
        "head": head.model_dump() if head else None,
        "columns": audit.COLUMNS,
        "entries": found,
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def read(raw: Any) -> list[Response]:
    """Return the last decision of each person about each record, of those that stand.

    A row needs ``name``, ``record``, ``content`` and ``decision``. ``answer`` gives the words of an edit.

    Raises:
        UserError: the file is of another form.
    """
    if not isinstance(raw, dict) or raw.get("form") != FORM:
        raise UserError(f"The file is none that `kdvert review export --format json` wrote: no form '{FORM}'.")
    last: dict[tuple[str, str], Response] = {}
    for place, row in enumerate(rows(raw.get("entries")), 1):
        if not row.get("decision") or row.get("undone") or row.get("ignored"):
            continue
        made = _response(place, mapping(row))
        key = (made.annotator, made.record)
        earlier = last.pop(key).versions if key in last else ()
        last[key] = made if not earlier else _later(made, earlier)
    return list(last.values())


def _response(place: int, row: dict[str, object]) -> Response:
    flaw = "it was decided with many others at once, so nobody read it" if row.get("bulk") else ""
    return Response(
        row=place, record=text(row.get("record")), content=text(row.get("content")), annotator=text(row.get("name")),
        also=(text(row.get("key")),), decision=text(row.get("decision")), reason=text(row.get("reason")),
        answer=text(row.get("answer")), comment=text(row.get("comment")), versions=(version(row.get("version")),),
        seconds=number(row.get("seconds")), flaw=flaw,
    )  # fmt: skip


def _later(made: Response, versions: tuple[int, ...]) -> Response:
    """Return a decision that follows others of the same person: the record may be as it was before any of them."""
    return replace(made, versions=(*versions, *made.versions))
