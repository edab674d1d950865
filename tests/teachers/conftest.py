"""An endpoint to misbehave, a store, and requests to send."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from kdvert.records import Sampling, ScrubbedText
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.replies import ReplyStore


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def endpoint() -> Iterator:
    made = _load("mock_endpoint").Endpoint()
    yield made
    made.stop()


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
