"""Replies that come as server-sent events although nobody asked for a stream, put together again.

Form of events: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_LINE_END = re.compile(r"\r\n|\n|\r")  # and no other: a reply may hold the line ends of Unicode
_FIRST = re.compile(r"(?:data|event|id|retry)?:")
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def is_stream(text: str) -> bool:
    """Tell whether a body is a stream of events; it may begin with a comment."""
    return bool(_FIRST.match(text))


def joined(text: str) -> dict[str, Any] | None:
    """Return the completion that a stream spells out, or None if the stream does not come to an end.

    An error among the events is returned as ``{"error": …}``, like one that is the whole body.
    """
    message: dict[str, Any] = {}
    whole: dict[str, Any] = {}
    done: str | None = None
    ended = False
    for data in _events(text):
        if data == "[DONE]":
            ended = True
            break
        try:
            part = json.loads(data)
        except (ValueError, RecursionError):
            return None
        if not isinstance(part, dict):
            return None
        if part.get("error"):
            return {"error": part["error"]}
        whole |= {key: part[key] for key in ("model", "usage") if part.get(key)}
        choice = _choice(part)
        if choice is None:
            return None
        _add(message, choice.get("delta") or choice.get("message"))
        done = choice.get("finish_reason") or done
    if not ended and done is None:
        return None
    return whole | {"choices": [{"message": {"content": ""} | message, "finish_reason": done}]}


def _events(text: str) -> Iterator[str]:
    """Yield the data of each event."""
    held: list[str] = []
    for line in [*_LINE_END.split(text), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            held.append(value.removeprefix(" "))
        elif not line and held:
            yield "\n".join(held).strip()
            held = []


def _choice(part: dict[str, Any]) -> dict[str, Any] | None:
    choices = part.get("choices") or [{}]
    return choices[0] if isinstance(choices, list) and isinstance(choices[0], dict) else None


def _add(message: dict[str, Any], delta: Any) -> None:
    if not isinstance(delta, dict):
        return
    for key in _TEXTS:
        if isinstance(delta.get(key), str):
            message[key] = message.get(key, "") + delta[key]
    message.update({key: delta[key] for key in ("tool_calls", "function_call") if delta.get(key)})
