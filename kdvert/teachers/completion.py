"""The OpenAI protocol: what a call says, and how its reply is read, be it as promised or not.

Nothing of a reply gets into a `Fault`: servers quote prompts in their errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kdvert.teachers import events, logprobs, naming
from kdvert.teachers.faults import Fault, by_status
from kdvert.teachers.protocol import RawReply, TeacherRequest

TRUNCATED = frozenset({"length", "max_tokens", "MAX_TOKENS"})
_SLACK = 4096
"""Tokens that a server may add of its own: system prompts, tool lists, reasoning."""


_LONGEST_NAME = 200  # characters of a name that are kept
_MOST_DIGITS = 300


def body(
    request: TeacherRequest, model: str, *, with_schema: bool = True, with_logprobs: bool = True
) -> dict[str, Any]:
    """Return what is sent for ``request``."""
    sent: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": request.prompt.text}],
        "temperature": request.sampling.temperature,
        "max_tokens": request.sampling.max_tokens,
        "seed": request.sampling.seed % 2**31,
    }
    if request.stop:
        sent["stop"] = list(request.stop)
    if request.top_logprobs and with_logprobs:
        sent |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.schema and with_schema:
        sent["response_format"] = response_format(request.schema)
    return sent


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol's form of a JSON schema; ``strict`` only where the schema meets what strict asks for."""
    held = {"name": "reply", "schema": dict(schema), "strict": _is_closed(schema)}
    return {"type": "json_schema", "json_schema": held}


def _is_closed(schema: Any) -> bool:
    """Whether every object in ``schema`` forbids further keys and requires all its own."""
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return False
    return all(map(_is_closed, schema.values()))


def read(request: TeacherRequest, data: bytes, model: str) -> RawReply | Fault:
    """Read the body of a reply with status 200.

    Args:
        request: what was asked.
        data: the body.
        model: the name that was asked for.
    """
    text = data.decode("utf-8-sig", "replace").strip()
    if events.is_stream(text):
        found = events.joined(text)
        return replace_notes(_read(request, found, model), "streamed_unasked") if found else _half()
    try:
        value = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return _no_json(text)
    return _read(request, value, model)


def replace_notes(found: RawReply | Fault, note: str) -> RawReply | Fault:
    """Add a note to a reply."""
    return found if isinstance(found, Fault) else replace(found, notes=(*found.notes, note))


def _whole(digits: str) -> int:
    """Return a number; -1 for one of thousands of digits, which no count is and Python does not read."""
    return int(digits) if len(digits) < _MOST_DIGITS else -1


def _half() -> Fault:
    return Fault("bad_reply", "half_streamed", "a stream without an end")


def _no_json(text: str) -> Fault:
    if text.startswith("<"):
        return Fault("bad_reply", "html_reply", "markup")
    if text.startswith(("{", "[")):
        return Fault("bad_reply", "cut_off_reply", "JSON without an end")
    return Fault("bad_reply", "not_json", f"{len(text)} characters")


def _read(request: TeacherRequest, value: Any, model: str) -> RawReply | Fault:
    if not isinstance(value, dict):
        return Fault("bad_reply", "not_json", f"a {type(value).__name__} instead of an object")
    if value.get("error") or value.get("object") == "error":
        return _error_in(value.get("error") or value)
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Fault("bad_reply", "no_choices", "no choices")
    choice = choices[0]
    if choice.get("error") or choice.get("finish_reason") == "error":  # of a gateway whose server failed
        return _error_in(choice.get("error"))
    given = choice.get("message")
    message: dict[str, Any] = given if isinstance(given, dict) else {}
    written = _text(choice, message)
    if isinstance(written, Fault):
        return written
    text, notes = _without_reasoning(written, message)
    if choice.get("finish_reason") is None:
        notes.append("no_finish_reason")
    read_tokens, written_tokens = usage(request, written, value.get("usage"), notes)
    likely = _likely(request, choice, moved=text != written, notes=notes)
    return RawReply(
        request_id=request.id,
        text=text,
        input_tokens=read_tokens,
        output_tokens=written_tokens,
        truncated=str(choice.get("finish_reason")) in TRUNCATED,
        logprobs=likely,
        model=_other(value.get("model"), model, notes),
        notes=tuple(notes),
    )


def _error_in(error: Any) -> Fault:
    code = error.get("code") if isinstance(error, dict) else None
    status = int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
    if 400 <= status < 600:
        return by_status(status, f"status 200 with error {status} inside")
    return Fault("bad_reply", "error_body", "status 200 with an error inside")


def _text(choice: dict[str, Any], message: dict[str, Any]) -> str | Fault:
    content = message.get("content", choice.get("text"))
    if isinstance(content, list):  # parts, as some gateways send them
        content = "".join(str(p.get("text") or "") for p in content if isinstance(p, dict))
    if choice.get("finish_reason") == "content_filter":
        return Fault("refused", "content_filter", "finish_reason content_filter")
    if message.get("refusal"):
        return Fault("refused", "teacher_refused", "the field refusal is set")
    if not content and (message.get("tool_calls") or message.get("function_call")):
        return Fault("refused", "tool_calls", "tool_calls instead of content")
    if not content and _reasoning(message):
        return Fault("refused", "only_reasoning", "reasoning and no content")
    if not isinstance(content, str):
        return Fault("bad_reply", "no_content", "no content")
    if content.lstrip().startswith("<think>") and "</think>" not in content:
        return Fault("refused", "only_reasoning", "reasoning and no content")
    return content


def _reasoning(message: dict[str, Any]) -> bool:
    return bool(message.get("reasoning_content") or message.get("reasoning"))


def _without_reasoning(text: str, message: dict[str, Any]) -> tuple[str, list[str]]:
    if text.lstrip().startswith("<think>"):
        return text.partition("</think>")[2].lstrip(), ["reasoning_left_out"]
    return text, ["reasoning_left_out"] if _reasoning(message) else []


def usage(request: TeacherRequest, text: str, given: Any, notes: list[str]) -> tuple[int | None, int | None]:
    """Return tokens read and written; None for both if they are missing or cannot be true (then with a note).

    A token is at least one byte of the prompt or the reply, or one that the server added; and no token of any
    vocabulary in use has more than a few dozen characters.
    """
    if not isinstance(given, dict):
        return None, None
    read_tokens, written = given.get("prompt_tokens"), given.get("completion_tokens")
    if read_tokens is None and written is None:
        return None, None
    longest = max(len(text.encode("utf-8", "replace")), 4 * request.sampling.max_tokens)
    if _within(read_tokens, len(request.prompt.text) // 100, len(request.prompt.text.encode()) + _SLACK) and _within(
        written, len(text) // 100, longest + _SLACK
    ):
        return read_tokens, written
    notes.append("implausible_usage")
    return None, None


def _within(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _likely(
    request: TeacherRequest, choice: dict[str, Any], *, moved: bool, notes: list[str]
) -> logprobs.TokenLogprobs | None:
    if not request.top_logprobs:
        return None
    found = None if moved else logprobs.of_message(choice.get("logprobs"))
    if found is None:
        notes.append("no_logprobs")
    return found


def _other(answered: Any, asked: str, notes: list[str]) -> str | None:
    """Return the name that the endpoint answers by if it is another model's."""
    if not isinstance(answered, str) or not answered.strip() or naming.same(answered, asked):
        return None
    notes.append("other_model")
    return answered[:_LONGEST_NAME]
