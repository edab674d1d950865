"""What is read out of a reply's body, without a server."""

import json

import pytest

from kdvert.teachers import completion
from kdvert.teachers.faults import REASONS, Fault
from kdvert.teachers.protocol import RawReply


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


GOOD = '{"model": "m", "choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}'


def event(content: str | None = None, done: str | None = None, **more) -> str:
    delta = {} if content is None else {"content": content}
    return json.dumps({"model": "m", "choices": [{"delta": delta, "finish_reason": done}]} | more, ensure_ascii=False)


def stream(*events: str, start: str = "data: ", end: str = "\n\n") -> str:
    return "".join(f"{start}{e}{end}" for e in events)


WHOLE = (event("Wh\u2028o"), event("le.", "stop"))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\ufeff" + GOOD, "Hi."),
        ("\ufeff" + stream(*WHOLE), "Wh\u2028ole."),
        (": keep-alive\n\n: keep-alive\n\n" + stream(*WHOLE, "[DONE]"), "Wh\u2028ole."),
        ("retry: 100\nid: 7\nevent: message\n" + stream(*WHOLE), "Wh\u2028ole."),
        (stream(*WHOLE, end="\r\n\r\n"), "Wh\u2028ole."),
        (stream(*WHOLE, start="data:"), "Wh\u2028ole."),
        (stream(*WHOLE, end="\r\r"), "Wh\u2028ole."),
        (stream(event("Who"), event("le."), "[DONE]"), "Whole."),
        (stream(*WHOLE).replace('", "choices"', '",\ndata:  "choices"'), "Wh\u2028ole."),
        (stream(*WHOLE, json.dumps({"choices": [], "usage": None})), "Wh\u2028ole."),
    ],
)
def test_the_same_reply_in_other_wrappings(request_for, data, text):
    found = completion.read(request_for("x"), data.encode(), "m")
    assert isinstance(found, RawReply), found
    assert found.text == text
    assert found.model is None


def test_a_stream_counts_its_tokens_once_and_says_that_it_was_one(request_for):
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    last = json.dumps({"model": "m", "choices": [], "usage": usage})
    found = completion.read(request_for("x"), stream(*WHOLE, last, json.dumps({"choices": []})).encode(), "m")
    assert (found.input_tokens, found.output_tokens, found.notes) == (100, 20, ("streamed_unasked",))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (stream(event("Who")), "half_streamed"),
        (stream(*WHOLE)[:-25], "half_streamed"),
        (": nothing\n\n", "half_streamed"),
        (stream(event("Who"), '{"error": {"message": "secret", "code": 429}}'), "rate_limited"),
        (stream(event("Who"), '{"error": "secret"}'), "error_body"),
        (stream(event("", "content_filter")), "content_filter"),
        (stream(json.dumps({"choices": [{"delta": {"tool_calls": [{"id": "1"}]}, "finish_reason": "tool_calls"}]})), "tool_calls"),
        (stream(json.dumps({"choices": [{"delta": {"reasoning_content": "Hm."}, "finish_reason": "length"}]})), "only_reasoning"),
        (stream(json.dumps({"choices": [{"delta": {"refusal": "No."}, "finish_reason": "stop"}]})), "teacher_refused"),
        (stream("[1]"), "half_streamed"),
        (stream('{"choices": 5}'), "half_streamed"),
        (stream('{"choices": [5]}', "[DONE]"), "half_streamed"),
        ('{"object": "error", "message": "secret", "code": 400}', "request_refused"),
        ('{"detail": "secret"}', "no_choices"),
        (json.dumps({"choices": [{"message": {"content": "Who"}, "finish_reason": "error"}]}), "error_body"),
        (json.dumps({"choices": [{"error": {"code": 502}, "message": {"content": "Who"}}]}), "server_error"),
        ("[" * 100_000, "cut_off_reply"),
        ('{"usage": {"prompt_tokens": ' + "9" * 5000 + "}, " + GOOD[1:], None),
        ("\ufeff", "not_json"),
        (json.dumps({"choices": [{"message": {"content": "Hi."}, "finish_reason": ["stop"]}]}), None),
        (json.dumps({"choices": [{"message": "Hi.", "finish_reason": "stop"}]}), "no_content"),
        (json.dumps({"choices": {"message": "Hi."}}), "no_choices"),
    ],
)  # fmt: skip
def test_what_is_no_reply_has_a_reason(request_for, data, reason):
    found = completion.read(request_for("x"), data.encode(), "m")
    assert (found.reason if isinstance(found, Fault) else None) == reason
    if reason:
        assert reason in REASONS
        assert "secret" not in str(found)
