"""Reading the JSON that a chat model writes: in a code fence, after a preamble, with a comma too many, cut off."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

WRAPPERS = ("records", "pairs")
"""Keys under which a reply may hold its list of records."""

_BRACKET = re.compile(r"[\[{]")
_WRAPPED = re.compile(rf"\{{\s*[\"'](?:{'|'.join(WRAPPERS)})[\"']")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

ItemType = TypeVar("ItemType", bound=BaseModel)


@dataclass
class Read(Generic[ItemType]):
    """What was found in a reply. ``problems`` holds a reason code for each thing that could not be used."""

    items: list[ItemType] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(text: str, form: type[ItemType], *, truncated: bool = False) -> Read[ItemType]:
    """Read ``{"records": [{…}, …]}``; a bare list or a single record will do too.

    Reason codes: ``empty_reply``, ``truncated_reply``, ``not_json``, ``missing_field``, ``empty_field``,
    ``wrong_field_type``, ``wrong_field_value``.

    Args:
        text: the reply.
        form: what a record is made of.
        truncated: the teacher ran into the length limit, so the last record may be half and is left out.
    """
    if not text.strip():
        return Read(problems=["empty_reply"])
    values = _strictly(text)
    whole = values is not None
    truncated = truncated or not (whole or _is_closed(text))
    items = _items(values if whole else _repaired(text), set(form.model_fields))
    if items is None:
        return Read(problems=["truncated_reply" if truncated else "not_json"])
    found: Read[ItemType] = Read()
    if truncated:
        items = items[:-1]
        found.problems.append("truncated_reply")
    for item in items:
        try:
            found.items.append(form.model_validate(item))
        except ValidationError as error:
            found.problems.append(_reason(error))
    return found


def _strictly(text: str) -> Any:
    """Return all JSON of a text, what stands between passed over; None if some of it is no JSON as it stands."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    opening = _opening(text)
    while opening:
        try:
            value, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            return None
        values.append(value)
        opening = _BRACKET.search(text, end)
    return values[0] if len(values) == 1 else values


def _opening(text: str) -> re.Match[str] | None:
    """Find where JSON begins: prose before it may hold brackets of its own."""
    return _WRAPPED.search(text) or _BRACKET.search(text)


def _repaired(text: str) -> Any:
    from json_repair import repair_json

    opening = _opening(text)
    try:
        return repair_json(text[opening.start() :], return_objects=True) if opening else None
    except RecursionError:  # thousands of brackets, one in the other
        return None


def _is_closed(text: str) -> bool:
    """Whether all brackets and texts are closed: repaired, the last record would else look whole and be half."""
    opening = _opening(text)
    bare = _TEXT.sub("", text[opening.start() :] if opening else text)
    return '"' not in bare and bare.count("{") <= bare.count("}") and bare.count("[") <= bare.count("]")


def _items(value: Any, fields: set[str]) -> list[Any] | None:
    """Return the records in ``value``: a list of them, one, or several such pieces in a row; None if it holds none."""
    if isinstance(value, dict):
        if wrapper := _wrapper(value, fields):
            held = value[wrapper]
            return list(held) if isinstance(held, list) else [held]
        return [value] if fields & set(value) else None
    if not isinstance(value, list):
        return None
    wrapped = [v for v in value if isinstance(v, dict) and _wrapper(v, fields)]
    if wrapped:  # JSON among prose with brackets
        return [item for v in wrapped for item in _items(v, fields) or []]
    lists = [v for v in value if isinstance(v, list) and _any_object(v)]
    if lists:
        return [item for piece in lists for item in piece]
    return value if _any_object(value) else None


def _any_object(values: list[Any]) -> bool:
    return any(isinstance(v, dict) for v in values)


def _wrapper(value: dict[str, Any], fields: set[str]) -> str | None:
    def holds(inner: Any) -> bool:
        return isinstance(inner, list) or (isinstance(inner, dict) and bool(fields & set(inner)))

    return next((name for name in WRAPPERS if holds(value.get(name))), None)


def _reason(error: ValidationError) -> str:
    kinds = {problem["type"] for problem in error.errors(include_input=False, include_context=False)}
    if "missing" in kinds:
        return "missing_field"
    if kinds & {"string_too_short", "too_short"}:
        return "empty_field"
    if any(kind.endswith(("_type", "_parsing")) for kind in kinds):
        return "missing_field" if kinds == {"model_type"} else "wrong_field_type"
    return "wrong_field_value"
