"""Records for Label Studio, its labeling configuration, and decisions from its export "JSON"."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from kdvert.decisions.codes import REASONS
from kdvert.errors import UserError
from kdvert.review.desk import Desk
from kdvert.review.exchange.responses import Response, mapping, number, rows, text, version
from kdvert.review.exchange.selection import Selection
from kdvert.review.exchange.tasks import GUIDE, tasks

_DECISIONS = {"accept": "Accept", "reject": "Reject", "escalate": "Ask an approver"}
_CODES = {words: code for labels in (_DECISIONS, REASONS) for code, words in labels.items()}
"""An export names a choice by its code; one that ignores aliases, by its words."""
_TEXTS = {"conversation": "Conversation", "passage": "Passages", "evidence": "What it rests on"}


def write(desk: Desk, wanted: Selection) -> str:
    """Return the list of tasks that Label Studio imports. They carry no annotation and no prediction."""
    made = [
        {"data": asdict(task), "meta": {name: getattr(task, name) for name in ("record", "content", "version")}}
        for task in tasks(desk, wanted)
    ]
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def write_config(desk: Desk, wanted: Selection) -> str:
    """Return the labeling configuration for such tasks."""
    return config()


def config() -> str:
    """Return the labeling configuration: decision, reason, edited answer, comment."""
    view = ElementTree.Element("View")
    for name, title in _TEXTS.items():
        ElementTree.SubElement(view, "Header", value=title)
        ElementTree.SubElement(view, "Text", name=name, value=f"${name}", valueType="text")
    ElementTree.SubElement(view, "Header", value=GUIDE, size="6")
    _choices(view, "decision", _DECISIONS, required="true")
    why = ElementTree.SubElement(view, "View", _shown_for("reject"))
    ElementTree.SubElement(why, "Header", value="Why?")
    _choices(why, "reason", REASONS)
    ElementTree.SubElement(view, "Header", value="The last answer; change it to accept it with other words")
    area = {"toName": "conversation", "maxSubmissions": "1", "editable": "true", "rows": "4"}
    ElementTree.SubElement(view, "TextArea", {"name": "answer", "value": "$answer", **area})
    ElementTree.SubElement(view, "Header", value="Comment")
    ElementTree.SubElement(view, "TextArea", {"name": "comment", **area})
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def read(raw: Any) -> list[Response]:
    """Return what people submitted; what they skipped, and drafts, are left out.

    Raises:
        UserError: the file is of another form.
    """
    found = rows(raw)
    if not found or not all("annotations" in row and "data" in row for row in found):
        raise UserError("The file is no export of Label Studio.", hint="Export as JSON, not as JSON-MIN or CSV.")
    return [
        _response(place, mapping(row["data"]), annotation)
        for place, row in enumerate(found, 1)
        for annotation in rows(row["annotations"])
        if not annotation.get("was_cancelled")
    ]


def _response(place: int, data: dict[str, object], annotation: dict[str, object]) -> Response:
    given: dict[str, list[str]] = {}
    for part in rows(annotation.get("result")):
        value = mapping(part.get("value"))
        given.setdefault(text(part.get("from_name")), []).extend(_texts(value.get("choices", value.get("text"))))
    many = [name for name in ("decision", "reason", "answer") if len(given.get(name, [])) > 1]
    name, also = _person(annotation.get("completed_by"))
    return Response(
        row=place, record=text(data.get("record")), content=text(data.get("content")), annotator=name, also=also,
        decision=_code(given, "decision"), reason=_code(given, "reason"),
        answer="\n".join(given.get("answer", [])), comment="\n".join(given.get("comment", [])),
        versions=(version(data.get("version")),), seconds=number(annotation.get("lead_time")),
        shown=text(data.get("conversation")), flaw=f"it has more than one {many[0]}" if many else "",
    )  # fmt: skip


def _code(given: dict[str, list[str]], name: str) -> str:
    found = "".join(given.get(name, []))
    return _CODES.get(found, found)


def _texts(value: object) -> list[str]:
    return [found for one in (value if isinstance(value, list) else [value]) if (found := text(one))]


def _person(value: object) -> tuple[str, tuple[str, ...]]:
    """Return how somebody is named, and other names: exports give an id, or a mapping with id and e-mail address."""
    if isinstance(value, dict):
        names = [str(value[key]) for key in ("email", "id") if value.get(key)]
        return (names[0], tuple(names[1:])) if names else ("", ())
    return ("" if value is None else str(value)), ()


def _choices(parent: ElementTree.Element, name: str, labels: dict[str, str], **more: str) -> None:
    frame = {"name": name, "toName": "conversation", "choice": "single-radio", "showInLine": "false", **more}
    made = ElementTree.SubElement(parent, "Choices", frame)
    for alias, words in labels.items():
        ElementTree.SubElement(made, "Choice", value=words, alias=alias)


def _shown_for(choice: str) -> dict[str, str]:
    return {"visibleWhen": "choice-selected", "whenTagName": "decision", "whenChoiceValue": _DECISIONS[choice]}
