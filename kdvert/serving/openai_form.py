"""The OpenAI chat API as `kdvert serve` speaks it: what a request may hold, and the shapes of answers and errors.

https://platform.openai.com/docs/api-reference/chat; what is not part of it stands in fields of its own
(``citations``, ``abstained``, ``disclaimer``), which clients that do not know them ignore.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kdvert.serving.assistant import Answer
from kdvert.serving.passages import Citation
from kdvert.serving.settings import Sampling, Settings
from kdvert.students.prompts import Turn

_MOST_TOKENS = 4096
_REFUSED = ("tools", "functions", "tool_choice", "function_call", "logprobs", "audio", "modalities", "prediction")


class Refused(Exception):
    """A request that gets an error: an HTTP status and OpenAI's error object."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None,
        code: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(_Loose):
    """A part of a message; the student reads text only."""

    type: Literal["text"]
    text: str


class ChatMessage(_Loose):
    """A turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """The content as one text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(_Loose):
    """What a stream tells beside its pieces."""

    include_usage: bool = False


class ChatRequest(_Loose):
    """The body of a request. What changes nothing here (``user``, ``metadata``, penalties) is ignored."""

    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=_MOST_TOKENS)
    max_completion_tokens: int | None = Field(None, ge=1, le=_MOST_TOKENS)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: Literal[1] | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_that_is_not_done(cls, value: Any) -> Any:
        for name in _REFUSED if isinstance(value, dict) else ():
            if value.get(name):
                raise ValueError(f"'{name}' is not supported: the assistant answers in text")
        form = value.get("response_format") if isinstance(value, dict) else None
        if form and form != {"type": "text"}:
            raise ValueError("'response_format' is not supported: the assistant answers in text")
        return value

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> ChatRequest:
        if self.messages[-1].role != "user" or not self.messages[-1].text.strip():
            raise ValueError("the last message must be the user's, and not empty")
        return self

    def turns(self, closing: str) -> list[Turn]:
        """Return the conversation as the student reads it; what was put below its earlier answers is taken away."""
        turns = []
        for message in self.messages:
            text = message.text.strip()
            if message.role == "assistant" and closing:
                text = text.removesuffix(closing).rstrip()
            turns.append({"role": "system" if message.role == "developer" else message.role, "content": text})
        return turns

    def sampling(self, settings: Settings) -> Sampling:
        """Return how the answer is to be written."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Sampling(
            max_new_tokens=self.max_completion_tokens or self.max_tokens or settings.max_new_tokens,
            temperature=self.temperature or 0.0,
            top_p=self.top_p or 1.0,
            seed=(self.seed or 0) % 2**63,
            stop=tuple(text for text in stop if text),
        )


def parse(body: bytes) -> ChatRequest:
    """Read the body of a request.

    Raises:
        Refused: it is not JSON, or not what a chat request is; the field is named.
    """
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or None
        message = first["msg"].removeprefix("Value error, ")
        raise Refused(400, f"{place}: {message}" if place else message, param=place) from None


def models(name: str, created: int) -> dict[str, Any]:
    """Return the list of models, which holds the one student."""
    return {"object": "list", "data": [model(name, created)]}


def model(name: str, created: int) -> dict[str, Any]:
    """Return what is said of the student."""
    return {"id": name, "object": "model", "created": created, "owned_by": "kdvert"}


@dataclass(frozen=True)
class Reply:
    """The shapes of one answer; all parts of a stream share id and time."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Return an answer in one object."""
        message = {"role": "assistant", "content": below(answer.text, answer.closing), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": _finish(answer), "logprobs": None}
        return {**self._base("chat.completion"), "choices": [choice], "usage": _usage(answer), **_more(answer)}

    def piece(self, text: str, *, first: bool = False) -> dict[str, Any]:
        """Return a part of a stream."""
        delta = {"role": "assistant", "content": text} if first else {"content": text}
        return {**self._base("chat.completion.chunk"), "choices": [_delta(delta)]}

    def last(self, answer: Answer) -> dict[str, Any]:
        """Return the last part of a stream that holds a choice: why it ended, and what the answer rests on."""
        return {**self._base("chat.completion.chunk"), "choices": [_delta({}, _finish(answer))], **_more(answer)}

    def usage(self, answer: Answer) -> dict[str, Any]:
        """Return the part of a stream that counts tokens, which a client asks for."""
        return {**self._base("chat.completion.chunk"), "choices": [], "usage": _usage(answer)}

    def _base(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def below(text: str, closing: str) -> str:
    """Return an answer with what the vertical wants below it."""
    return f"{text}\n\n{closing}" if closing else text


def citations(rows: Sequence[Citation]) -> list[dict[str, Any]]:
    """Return citations as plain data."""
    return [row.model_dump(mode="json") for row in rows]


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _finish(answer: Answer) -> str:
    return "length" if answer.finish == "length" else "stop"


def _usage(answer: Answer) -> dict[str, int]:
    total = answer.prompt_tokens + answer.tokens
    return {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.tokens, "total_tokens": total}


def _more(answer: Answer) -> dict[str, Any]:
    return {
        "citations": citations(answer.citations),
        "abstained": answer.abstained,
        "disclaimer": answer.closing,
    }
