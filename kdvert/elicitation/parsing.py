"""Reading the JSON that a chat model writes: in a code fence, after a preamble, with a comma too many, cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

WRAPPERS = ("records", "pairs")
"""Keys under which a reply may hold its list of records."""

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
    truncated = truncated or _is_cut_off(text)
    items = _items(_parsed(text), set(form.model_fields))
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


def _parsed(text: str) -> Any:
    from json_repair import repair_json

    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    return repair_json(text[start:], return_objects=True, skip_json_loads=False) if start >= 0 else None


def _is_cut_off(text: str) -> bool:
    """Whether brackets stay open: repaired, the last record would look whole and be half."""
    return text.count("{") > text.count("}") or text.count("[") > text.count("]")


def _items(value: Any, fields: set[str]) -> list[Any] | None:
    if isinstance(value, list):
        wrapped = [v for v in value if isinstance(v, dict) and _wrapper(v)]  # JSON and then prose with brackets
        return _items(wrapped[0], fields) if wrapped else (value if any(isinstance(v, dict) for v in value) else None)
    if not isinstance(value, dict):
        return None
    if wrapper := _wrapper(value):
        return list(value[wrapper])
    return [value] if fields & set(value) else None


def _wrapper(value: dict[str, Any]) -> str | None:
    return next((name for name in WRAPPERS if isinstance(value.get(name), list)), None)


def _reason(error: ValidationError) -> str:
    kinds = {problem["type"] for problem in error.errors(include_input=False, include_context=False)}
    if "missing" in kinds:
        return "missing_field"
    if kinds & {"string_too_short", "too_short"}:
        return "empty_field"
    if any(kind.endswith(("_type", "_parsing")) for kind in kinds):
        return "missing_field" if kinds == {"model_type"} else "wrong_field_type"
    return "wrong_field_value"
