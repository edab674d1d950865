"""``kdvert serve`` over a real socket: by OpenAI's own client where it is installed, and by plain HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kdvert.serving import app, server
from kdvert.serving.assistant import Assistant

TOKEN = "a-token-for-the-tests"
QUESTION = "What is the main long-term treatment of asthma?"
FOREIGN = "How are quarterly dividends of a listed company taxed?"


@pytest.fixture(scope="module")
def url(assistant: Assistant) -> Iterator[str]:
    import uvicorn

    sock = server.listen(server.LOCAL, 0)
    running = uvicorn.Server(uvicorn.Config(app.build(assistant, TOKEN), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield server.address(sock)
    running.should_exit = True
    thread.join(timeout=30)
    sock.close()


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as opened:
        yield opened


def body(question: str = QUESTION, **more: Any) -> dict[str, Any]:
    return {"model": "ward-assistant", "messages": [{"role": "user", "content": question}], **more}


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_openai_s_own_client_gets_an_answer_with_citations(url: str, assistant: Assistant) -> None:
    openai = pytest.importorskip("openai")
    talk = openai.OpenAI(base_url=url, api_key=TOKEN)
    assert [m.id for m in talk.models.list()] == ["ward-assistant"]
    assert talk.models.retrieve("ward-assistant").owned_by == "kdvert"
    messages = [{"role": "user", "content": QUESTION}]
    found = talk.chat.completions.create(model="ward-assistant", messages=messages)
    expected = assistant.answer([{"role": "user", "content": QUESTION}])
    assert found.choices[0].message.content == f"{expected.text}\n\n{assistant.prompts.disclaimer}"
    assert found.choices[0].finish_reason == "length"
    assert found.usage.prompt_tokens == expected.prompt_tokens
    assert found.usage.completion_tokens == expected.tokens == 12
    assert found.citations == [c.model_dump(mode="json") for c in expected.citations]
    chunks = list(talk.chat.completions.create(
        model="ward-assistant", messages=messages, stream=True, stream_options={"include_usage": True},
    ))  # fmt: skip
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == found.choices[0].message.content
    assert chunks[-1].usage.total_tokens == found.usage.total_tokens
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-2].citations == found.citations
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=url, api_key="another-token-altogether").models.list()
    with pytest.raises(openai.NotFoundError):
        talk.chat.completions.create(model="gpt-4o", messages=messages)


def test_a_stream_comes_in_pieces_and_ends_with_citations(client: httpx.Client) -> None:
    found = client.post("chat/completions", json=body(stream=True))
    assert found.headers["content-type"].startswith("text/event-stream")
    parts = events(found.text)
    assert parts[0]["choices"][0]["delta"]["role"] == "assistant"
    assert len(parts) > 3
    assert len({part["id"] for part in parts}) == 1
    assert parts[-1]["citations"][0]["title"]
    assert parts[-1]["abstained"] is False


def test_it_abstains_with_a_sentence(client: httpx.Client) -> None:
    found = client.post("chat/completions", json=body(FOREIGN)).json()
    assert found["abstained"] is True
    assert found["choices"][0]["message"]["content"].startswith("I found nothing about this")
    assert found["usage"]["completion_tokens"] == 0
    parts = events(client.post("chat/completions", json=body(FOREIGN, stream=True)).text)
    assert parts[-1]["abstained"] is True


def test_the_disclaimer_below_an_answer_is_not_read_back(client: httpx.Client) -> None:
    first = client.post("chat/completions", json=body()).json()
    content = first["choices"][0]["message"]["content"]
    bare = content.removesuffix(first["disclaimer"]).rstrip()
    assert bare != content
    messages = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": content},
                {"role": "user", "content": QUESTION}]  # fmt: skip
    counts = []
    for said in (content, bare):
        messages[1]["content"] = said
        counts.append(client.post("chat/completions", json=body(messages=messages)).json()["usage"]["prompt_tokens"])
    assert counts[0] == counts[1] > first["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "Basic YTpi", f"Bearer {TOKEN}x", "Bearer", f"bearer\u00e9 {TOKEN}"]
)
def test_no_token_no_answer(url: str, header: str | None) -> None:
    headers = {"Authorization": header.encode("latin-1")} if header else {}
    for method, path in (("GET", "models"), ("POST", "chat/completions"), ("GET", "models/ward-assistant")):
        found = httpx.request(method, f"{url}/{path}", headers=headers)  # type: ignore[arg-type]
        assert found.status_code == 401
        assert found.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b"{}", "model"),
        (body(messages=[]), "messages"),
        (body(messages="hello"), "messages"),
        (body(messages=[{"role": "robot", "content": "x"}]), "messages.0.role"),
        (body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]), None),
        (body(messages=[{"role": "assistant", "content": "x"}]), None),
        (body("  "), None),
        (body(temperature=9), "temperature"),
        (body(max_tokens=0), "max_tokens"),
        (body(n=2), "n"),
        (body(tools=[{"type": "function"}]), None),
        (body(response_format={"type": "json_object"}), None),
    ],
)
def test_a_bad_body_is_refused_in_openai_s_form(client: httpx.Client, sent: Any, param: str | None) -> None:
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    found = client.post("chat/completions", content=content)
    assert found.status_code == 400, found.text
    error = found.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    if param:
        assert error["param"] == param


def test_what_is_too_long_is_refused(client: httpx.Client) -> None:
    found = client.post("chat/completions", json=body("asthma treatment " * 3000))
    assert found.status_code == 400
    assert found.json()["error"]["code"] == "context_length_exceeded"
    big = client.post("chat/completions", json=body("x" * (app.LARGEST_BODY + 1)))
    assert big.status_code == 413


def test_another_model_is_unknown(client: httpx.Client) -> None:
    found = client.post("chat/completions", json={**body(), "model": "gpt-4o"})
    assert found.status_code == 404
    assert found.json()["error"]["code"] == "model_not_found"
    assert client.get("models/gpt-4o").status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/v1/completions", "/v1"])
def test_there_are_no_other_pages(client: httpx.Client, url: str, path: str) -> None:
    found = client.get(url.removesuffix("/v1") + path)
    assert found.status_code == 404
    assert found.json()["error"]["code"] == "not_found"


def test_two_clients_at_once_both_get_their_own_answer(client: httpx.Client, assistant: Assistant) -> None:
    questions = [QUESTION, "How should hands be washed?", QUESTION, FOREIGN]
    found: dict[int, str] = {}

    def call(number: int) -> None:
        sent = body(questions[number], stream=number % 2 == 0)
        reply = client.post("chat/completions", json=sent)
        if number % 2 == 0:
            parts = events(reply.text)
            found[number] = "".join(p["choices"][0]["delta"].get("content", "") for p in parts)
        else:
            found[number] = reply.json()["choices"][0]["message"]["content"]

    threads = [threading.Thread(target=call, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, question in enumerate(questions):
        expected = assistant.answer([{"role": "user", "content": question}])
        assert found[number].startswith(expected.text)


def test_a_client_that_goes_away_stops_the_student(client: httpx.Client) -> None:
    with client.stream("POST", "chat/completions", json=body(stream=True, max_tokens=700)) as reply:
        lines = reply.iter_lines()
        assert next(line for line in lines if line).startswith("data: ")
        assert _writing()
    until = time.monotonic() + 60
    while _writing() and time.monotonic() < until:
        time.sleep(0.05)
    assert not _writing()
    assert client.post("chat/completions", json=body(max_tokens=2)).status_code == 200


def _writing() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("kdvert-writing")]


def test_stop_and_sampling_are_heard(client: httpx.Client) -> None:
    plain = client.post("chat/completions", json=body(max_tokens=6)).json()
    assert plain["usage"]["completion_tokens"] == 6
    text = plain["choices"][0]["message"]["content"].split("\n\n")[0]
    cut = client.post("chat/completions", json=body(max_tokens=6, stop=[text[3:6]])).json()["choices"][0]
    assert cut["finish_reason"] == "stop"
    assert cut["message"]["content"].startswith(text[: text.index(text[3:6])])
    assert text not in cut["message"]["content"]
    drawn = {client.post("chat/completions", json=body(temperature=1.5, seed=s)).json()["choices"][0]["message"]["content"]
             for s in (1, 1, 2)}  # fmt: skip
    assert len(drawn) == 2
