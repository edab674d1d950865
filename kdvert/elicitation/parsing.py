"""Reading the JSON that a chat model writes: in a code fence, after a preamble, with a comma too many, cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FIELDS = ("question", "answer", "quote")


@dataclass(frozen=True)
class Pair:
    """A question, its answer and the quote that is said to prove it."""

    question: str
    answer: str
    quote: str


@dataclass
class Read:
    """What was found in a reply. ``problems`` holds a reason code for each thing that could not be used."""

    pairs: list[Pair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_pairs(text: str, *, truncated: bool = False) -> Read:
    """Read ``{"pairs": [{"question", "answer", "quote"}, …]}``; a bare list or a single pair will do too.

    Args:
        text: the reply.
        truncated: the teacher ran into the length limit, so the last pair may be half and is left out.
    """
    if not text.strip():
        return Read(problems=["empty_reply"])
    truncated = truncated or _is_cut_off(text)
    items = _items(_parsed(text))
    if items is None:
        return Read(problems=["truncated_reply" if truncated else "not_json"])
    read = Read()
    if truncated:
        items = items[:-1]
        read.problems.append("truncated_reply")
    for item in items:
        pair = _pair(item)
        if isinstance(pair, str):
            read.problems.append(pair)
        else:
            read.pairs.append(pair)
    return read


def _parsed(text: str) -> Any:
    from json_repair import repair_json

    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    return repair_json(text[start:], return_objects=True, skip_json_loads=False) if start >= 0 else None


def _is_cut_off(text: str) -> bool:
    """Whether brackets stay open: repaired, the last pair would look whole and be half."""
    return text.count("{") > text.count("}") or text.count("[") > text.count("]")


def _items(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        wrapped = [v for v in value if isinstance(v, dict) and "pairs" in v]  # JSON and then prose with brackets
        return _items(wrapped[0]) if wrapped else (value if any(isinstance(v, dict) for v in value) else None)
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("pairs"), list):
        return list(value["pairs"])
    return [value] if any(name in value for name in FIELDS) else None


def _pair(item: Any) -> Pair | str:
    if not isinstance(item, dict) or any(name not in item for name in FIELDS):
        return "missing_field"
    values = [item[name] for name in FIELDS]
    if not all(isinstance(v, str) for v in values):
        return "wrong_field_type"
    question, answer, quote = (" ".join(str(v).split()) for v in values)
    if not (question and answer and quote):
        return "empty_field"
    return Pair(question, answer, quote)
