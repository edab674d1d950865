"""Records for Argilla 2, and decisions from it.

The file holds ``settings``, as ``rg.Settings.from_json`` reads them, and ``records``, as ``rg.Record.from_dict`` does.
Back comes what ``dataset.records.to_list(flatten=True)`` gives: the other form does not say what was submitted.
"""

from __future__ import annotations

import json
from typing import Any

from kdvert.decisions.codes import REASONS
from kdvert.errors import UserError
from kdvert.review.desk import Desk
from kdvert.review.exchange.responses import Response, rows, text, version
from kdvert.review.exchange.selection import Selection
from kdvert.review.exchange.tasks import GUIDE, Task, tasks

QUESTIONS = ("decision", "reason", "answer", "comment")
_DECISIONS = {"accept": "Accept", "reject": "Reject", "escalate": "Ask an approver"}
_FIELDS = {"conversation": "Conversation", "passage": "Passages", "evidence": "What it rests on"}
_METADATA = {"skill": "terms", "source": "terms", "license": "terms", "risk": "float"}


def write(desk: Desk, wanted: Selection) -> str:
    """Return the file. Records carry no decision; the answer is suggested, so that it can be changed."""
    made = {"settings": settings(), "records": [_record(task) for task in tasks(desk, wanted)]}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def settings() -> dict[str, Any]:
    """Return fields, questions and metadata of the data set."""
    return {
        "guidelines": GUIDE,
        "fields": [
            {"name": name, "title": title, "required": True, "settings": {"type": "text", "use_markdown": False}}
            for name, title in _FIELDS.items()
        ],
        "questions": [
            _labels("decision", "What becomes of this record?", _DECISIONS, required=True),
            _labels("reason", "If it is rejected: why?", REASONS, required=False),
            _text("answer", "The last answer; change it to accept it with other words"),
            _text("comment", "Comment"),
        ],
        "metadata": [
            {"name": name, "title": name.capitalize(), "settings": {"type": kind, "visible_for_annotators": True}}
            for name, kind in _METADATA.items()
        ],
        "vectors": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def read(raw: Any) -> list[Response]:
    """Return what people submitted.

    Raises:
        UserError: the file is of another form, or does not say what was submitted.
    """
    found = rows(raw)
    if not found or not all("conversation" in row and "id" in row for row in found):
        nested = any("responses" in row for row in found)
        raise UserError(
            "The file does not say which answers were submitted."
            if nested
            else "The file is no list of Argilla's records.",
            hint="In Argilla's client: json.dump(dataset.records.to_list(flatten=True), file)",
        )
    return [made for place, row in enumerate(found, 1) for made in _responses(place, row)]


def _responses(place: int, row: dict[str, object]) -> list[Response]:
    decision, reason, answer, comment = (_submitted(row, name) for name in QUESTIONS)
    return [
        Response(
            row=place, record=text(row["id"]), content=text(row.get("content")), annotator=user,
            decision=decision[user], reason=reason.get(user, ""), answer=answer.get(user, ""),
            comment=comment.get(user, ""), versions=(version(row.get("version")),), shown=text(row["conversation"]),
        )
        for user in decision
    ]  # fmt: skip


def _submitted(row: dict[str, object], question: str) -> dict[str, str]:
    """Return what each person submitted for a question; drafts and what was discarded are left out."""
    name = f"{question}.responses"
    values, users, statuses = (row.get(f"{name}{end}") for end in ("", ".users", ".status"))
    if not (isinstance(values, list) and isinstance(users, list) and isinstance(statuses, list)):
        return {}
    return {text(user): text(value) for value, user, s in zip(values, users, statuses) if s == "submitted"}


def _record(task: Task) -> dict[str, Any]:
    return {
        "id": task.record,
        "fields": {name: getattr(task, name) for name in _FIELDS},
        "metadata": {name: getattr(task, name) for name in (*_METADATA, "content", "version")},
        "suggestions": {"answer": {"value": task.answer}},
    }


def _labels(name: str, title: str, labels: dict[str, str], *, required: bool) -> dict[str, Any]:
    options = [{"value": value, "text": words} for value, words in labels.items()]
    kind = {"type": "label_selection", "options": options, "visible_options": len(options)}
    return {"name": name, "title": title, "required": required, "settings": kind}


def _text(name: str, title: str) -> dict[str, Any]:
    return {"name": name, "title": title, "required": False, "settings": {"type": "text", "use_markdown": False}}
