"""An endpoint to misbehave, a store, and requests to send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kdvert.records import Sampling, ScrubbedText
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.replies import ReplyStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.sqlite", lambda text: ScrubbedText(text, "test")) as opened:
        yield opened


@pytest.fixture
def request_for() -> Callable[..., TeacherRequest]:
    """Return a function that makes the request of a prompt."""

    def make(prompt: str, *, continuation: str | None = None, **changes) -> TeacherRequest:
        temperature = changes.pop("temperature", 0.0)
        values = {
            "id": hashlib.sha256(f"{prompt}{continuation}{temperature}".encode()).hexdigest(),
            "step": "question",
            "prompt": ScrubbedText(prompt, "test"),
            "sampling": Sampling(temperature=temperature, max_tokens=changes.pop("max_tokens", 12), seed=1),
            "stop": ("\n",),
            "continuation": ScrubbedText(continuation, "test") if continuation else None,
        }
        return TeacherRequest(**(values | changes))

    return make
