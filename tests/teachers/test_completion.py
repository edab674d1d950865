"""What is read out of a reply's body, without a server."""

import json

import pytest

from kdvert.teachers import completion


def reply(**changes) -> bytes:
    choice = {"message": {"content": "Hi."}, "finish_reason": "stop"}
    return json.dumps({"model": "m", "choices": [choice]} | changes).encode()


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("gpt-4-0613", "gpt-4"),
        ("openai/gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4o", "openai/gpt-4o"),
        ("qwen3-8b", "Qwen/Qwen3-8B"),
        ("llama3", "llama3:latest"),
        ("mistral-small-latest", "mistral-small-2503"),
        ("gemini-1.5-pro", "models/gemini-1.5-pro-002"),
        ("claude-3-5-sonnet", "claude-3-5-sonnet@20240620"),
        ("claude-3-sonnet", "claude-3-sonnet-20240229-v1:0"),
        ("qwen3-8b", "/models/qwen3-8b.gguf"),
        ("qwen3-8b", "/models/qwen3-8b-Q4_K_M.gguf"),
        ("qwen3-8b", r"C:\models\qwen3-8b.IQ3_XS.gguf"),
        ("models/qwen3-8b", "/srv/models/qwen3-8b"),
    ],
)
def test_the_same_model_by_another_spelling(request_for, asked, answered):
    found = completion.read(request_for("x"), reply(model=answered), asked)
    assert (found.model, found.notes) == (None, ())


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o-mini", "gpt-4o"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4", "gpt-4-32k"),
        ("gpt-4", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("llama-3", "llama-3.1"),
        ("llama", "llama-3"),
        ("qwen2", "qwen2.5"),
        ("qwen3-8b", "qwen3"),
        ("llama3", "llama3:8b"),
        ("org-a/chat", "org-b/chat"),
        ("qwen3-8b", "/models/qwen3-8b-abliterated.gguf"),
        ("m", "/"),
    ],
)
def test_another_model_is_named(request_for, asked, answered):
    found = completion.read(request_for("x"), reply(model=answered), asked)
    assert (found.model, found.notes) == (answered, ("other_model",))


@pytest.mark.parametrize("answered", [None, "", 5, ["m"], {}])
def test_a_reply_that_names_no_model(request_for, answered):
    assert completion.read(request_for("x"), reply(model=answered), "m").notes == ()
