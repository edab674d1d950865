"""The fields of a training record, as Croissant describes them. A table: path, type, whether it is a list, meaning."""

from __future__ import annotations

from typing import Any, NamedTuple


class _Field(NamedTuple):
    name: str
    kind: str
    about: str
    many: bool = False
    parts: tuple[_Field, ...] = ()


_RECORD: tuple[_Field, ...] = (
    _Field("id", "sc:Text", "Hash of the request to the teacher and the ordinal of the record in its reply."),
    _Field("vertical", "sc:Text", "The domain."),
    _Field("strategy", "sc:Text", "How it was elicited."),
    _Field("skill", "sc:Text", "What it trains."),
    _Field("quote", "sc:Text", "The sentences of sources that the answers rest on, one a line."),
    _Field(
        "messages",
        "sc:Text",
        "The conversation.",
        True,
        (_Field("role", "sc:Text", "system, user, assistant or tool."), _Field("content", "sc:Text", "What is said.")),
    ),
    _Field("context", "sc:Text", "Passages that are shown with the first question.", True),
    _Field(
        "rejected",
        "sc:Text",
        "Turns that are worse than the last one of the conversation, for learning from preferences.",
        True,
        (_Field("role", "sc:Text", "assistant."), _Field("content", "sc:Text", "What is said.")),
    ),
    _Field(
        "evidence",
        "sc:Text",
        "Spans of passages that code checked.",
        True,
        (
            _Field("chunk_id", "sc:Text", "The passage: document@start-end."),
            _Field("start", "sc:Integer", "First character of the span in the passage."),
            _Field("end", "sc:Integer", "End of the span, exclusive."),
            _Field("quote_sha", "sc:Text", "SHA-256 of the span."),
        ),
    ),
    _Field(
        "provenance",
        "sc:Text",
        "Who wrote the record, from what.",
        False,
        (
            _Field("teacher", "sc:Text", "Reference of the model that wrote it."),
            _Field("route", "sc:Text", "How the model was reached; the route decides the terms."),
            _Field("licenses", "sc:Text", "License of each passage.", True),
            _Field("terms", "sc:Text", "Terms that the models which wrote it stand under.", True),
            _Field("document_ids", "sc:Text", "Document of each passage.", True),
            _Field("chunk_ids", "sc:Text", "Passages that the teacher was shown.", True),
            _Field("request_ids", "sc:Text", "Calls of the teacher.", True),
        ),
    ),
    _Field(
        "verdicts",
        "sc:Text",
        "What was checked.",
        True,
        (
            _Field("check", "sc:Text", "Name of the check."),
            _Field("passed", "sc:Boolean", "Whether the record passed."),
        ),
    ),
)


def record_set(name: str, about: str) -> dict[str, Any]:
    """Return the record set of the file ``name``.jsonl."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": about,
        "key": {"@id": f"{name}/id"},
        "field": [_field(name, row) for row in _RECORD],
    }


def _field(name: str, row: _Field) -> dict[str, Any]:
    found = {**_head(f"{name}/{row.name}", row), "dataType": row.kind}
    if not row.parts:
        return found | {"source": _source(name, row.name)}
    parts = [
        {
            **_head(f"{name}/{row.name}/{part.name}", part),
            "dataType": part.kind,
            "source": _source(name, row.name, part),
        }
        for part in row.parts
    ]
    del found["dataType"]
    return found | {"subField": parts}


def _head(identifier: str, row: _Field) -> dict[str, Any]:
    found: dict[str, Any] = {"@type": "cr:Field", "@id": identifier, "name": row.name, "description": row.about}
    return found | ({"isArray": True, "arrayShape": "-1"} if row.many else {})


def _source(name: str, column: str, part: _Field | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"fileObject": {"@id": f"{name}.jsonl"}, "extract": {"column": column}}
    return found | ({"transform": {"jsonPath": part.name}} if part else {})
