"""An OpenAI-compatible server on 127.0.0.1 that answers well, or badly in each of the ways that endpoints do."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ERRORS = {"302": 302, "400": 400, "401": 401, "404": 404, "429": 429, "500": 500, "503": 503}
RAW = {
    "garbage": ("<html>502 Bad Gateway</html>", "text/html"),
    "plain_text": ("upstream connect error", "text/plain"),
    "cut_json": ('{"id": "x", "choices": [{"index": 0, "mess', "application/json"),
    "json_list": ("[1, 2]", "application/json"),
    "nothing": ("", "application/json"),
    "error_body": (json.dumps({"error": {"message": "upstream gone", "code": 502}}), "application/json"),
    "error_text": (json.dumps({"error": "upstream gone"}), "application/json"),
    "half_stream": ('data: {"choices": [{"delta": {"content": "Hal"}}]}\n\n', "text/event-stream"),
    "marked_body": (
        '\ufeff{"choices": [{"message": {"content": "Marked."}, "finish_reason": "stop"}]}', "application/json",
    ),
    "commented_stream": (
        ': waiting\r\n\r\n: waiting\r\n\r\ndata:{"choices": [{"delta": {"content": "Who\u2028le."}}]}\r\n\r\ndata:[DONE]\r\n\r\n',
        "text/event-stream",
    ),
    "broken_stream": (
        'data: {"choices": [{"delta": {"content": "Hal"}}]}\n\ndata: {"error": {"code": 502}}\n\n', "text/event-stream",
    ),
    "whole_stream": (
        'data: {"choices": [{"delta": {"content": "Who"}}]}\n\n'
        'data: {"choices": [{"delta": {"content": "le."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
        "text/event-stream",
    ),
}  # fmt: skip
"""Bodies of replies with status 200, by mode."""

CHOICES = {
    "no_choices": [],
    "null_choice": [None],
    "no_content": [{"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}],
    "filtered": [{"message": {"content": ""}, "finish_reason": "content_filter"}],
    "refusal": [{"message": {"content": None, "refusal": "I will not."}, "finish_reason": "stop"}],
    "tools": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": "tool_calls"}],
    "reasoning": [{"message": {"content": "Fine.", "reasoning_content": "Hm."}, "finish_reason": "stop"}],
    "only_reasoning": [{"message": {"content": "", "reasoning_content": "Hm."}, "finish_reason": "length"}],
    "parts": [{"message": {"content": [{"type": "text", "text": "In "}, {"text": "parts."}]}, "finish_reason": "stop"}],
}
"""The choices of replies without usage, by mode."""
USAGES = {
    "negative_usage": {"prompt_tokens": -5, "completion_tokens": 20},
    "absurd_usage": {"prompt_tokens": 100, "completion_tokens": 10**9},
    "worded_usage": {"prompt_tokens": "many", "completion_tokens": 20},
    "free_usage": {"prompt_tokens": 100, "completion_tokens": 0},
    "half_usage": {"prompt_tokens": 100},
}
"""Token counts that cannot be true."""
LIKELY = {
    "content": [
        {
            "token": "Hi",
            "logprob": -0.25,
            "top_logprobs": [{"token": "Hi", "logprob": -0.25}, {"token": "Oh", "logprob": -1.75}],
        },
        {
            "token": "!",
            "logprob": -0.5,
            "top_logprobs": [{"token": ".", "logprob": -9999.0}, {"token": "!", "logprob": -0.5}],
        },
    ]
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is part of the tests; say nothing."""


class Endpoint:
    """Counts calls; ``mode`` says how call number n (from 0) with this prompt is answered."""

    def __init__(self) -> None:
        self.mode: Callable[[int, str], str] = lambda number, prompt: "ok"
        self.refuses = "400"
        self.takes: Callable[[dict], bool] = lambda body: True
        self.bodies: list[dict] = []
        self.keys: list[str | None] = []
        self.retry_after: str | None = None
        self.delay_s = 0.0
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def calls(self) -> int:
        return len(self.bodies)

    @property
    def prompts(self) -> list[str]:
        return [body["messages"][-1]["content"] for body in self.bodies]

    def always(self, mode: str) -> None:
        self.mode = lambda number, prompt: mode

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with endpoint._lock:
                    number = len(endpoint.bodies)
                    endpoint.bodies.append(body)
                    endpoint.keys.append(self.headers.get("Authorization"))
                    endpoint._now += 1
                    endpoint.most_at_once = max(endpoint.most_at_once, endpoint._now)
                try:
                    prompt = body["messages"][-1]["content"]
                    self._answer(
                        endpoint.mode(number, prompt) if endpoint.takes(body) else endpoint.refuses,
                        prompt,
                        body["model"],
                    )
                finally:
                    with endpoint._lock:
                        endpoint._now -= 1

            def _answer(self, mode: str, prompt: str, model: str) -> None:
                time.sleep(endpoint.delay_s)
                if mode == "slow":
                    time.sleep(3)
                if mode == "drop":
                    self.close_connection = True
                    return
                if mode == "500 validation":
                    self._send(500, json.dumps({"error": {"message": "('body', 'response_format', 'type')"}}))
                elif mode in ERRORS:
                    # a body that quotes the prompt, as some servers do: it must not get into errors
                    self._send(ERRORS[mode], json.dumps({"error": {"message": f"refused: {prompt}"}}))
                elif mode in RAW:
                    self._send(200, *RAW[mode])
                elif mode == "half_chunked":
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.write(b'20\r\n{"choices": [{"message": {"conte\r\n')
                    self.close_connection = True
                elif mode == "short":
                    self._send(200, "{}", length=500)
                elif mode in CHOICES:
                    self._send(200, json.dumps({"model": model, "choices": CHOICES[mode]}))
                else:
                    self._send(200, json.dumps(envelope(content(mode, prompt), model, mode)))

            def _send(self, status: int, text: str, kind: str = "application/json", length: int | None = None) -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length or len(data)))
                if length:
                    self.close_connection = True
                if status == 302:
                    self.send_header("Location", endpoint.url + "/elsewhere")
                if status in (429, 503) and endpoint.retry_after is not None:
                    self.send_header("Retry-After", endpoint.retry_after)
                try:
                    self.end_headers()
                    self.wfile.write(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client gave up waiting, which is what "slow" is for

            def log_message(self, *arguments: object) -> None:
                """Keep requests out of the output of the tests."""

        return Handler


def content(mode: str, prompt: str) -> str:
    """Return what the model "writes" in a mode."""
    asked = re.search(r"Write (?:up to )?(\d+) ", prompt)
    good = json.dumps({"pairs": pairs_about(prompt)[: int(asked[1]) if asked else None]})
    written = {
        "ok": good,
        "truncated": good[: len(good) // 2],
        "half_json": good[: len(good) // 2],
        "empty": "",
        "right": json.dumps({"records": [{"critique": "All of it is there.", "correct": True}]}),
        "wrong": json.dumps({"records": [judgment(prompt)]}),
        "no_records": json.dumps({"records": []}),
        "many": json.dumps({"pairs": pairs_about(prompt) * 4}),
        "prose": "I would rather talk about the weather.",
        "fenced": f"Here you are:\n```json\n{good}\n```\nAnything else?",
        "missing_field": json.dumps({"pairs": [{"question": "What is it?", "answer": "It."}]}),
        "invented_quote": json.dumps(
            {
                "pairs": [
                    {"question": "What is new here?", "answer": "This.", "quote": "Nobody ever wrote this sentence."}
                ]
            }
        ),
        "no_usage": good,
        "broken_unicode": "half a pair: \ud83d, and a nul: \0",
        "thinking": "<think>Let me see.</think>\n\nThe answer.",
        "other_model": good,
        "dated_model": good,
        "no_finish": good,
        "likely": "Hi!",
        "told": good,
        **dict.fromkeys(USAGES, good),
        "personal": json.dumps({"pairs": [], "note": "Call Maria Alvarez at 555-555-0123"}),
    }
    return written[mode]


def pairs_about(prompt: str) -> list[dict[str, str]]:
    """Return pairs whose quotes are the first sentences of passage 1 of the prompt."""
    passage = re.search(r"passage 1\n(?:Topic: [^\n]*\n)?(.*?)\n<<", prompt, re.DOTALL)
    text = passage.group(1) if passage else "Water boils at 100 degrees Celsius at sea level."
    text = " ".join(re.sub(r"(?m)^\(\d+\) ", "", text).split())  # sentences are numbered, one a line
    text = re.sub(r"#+ [A-Z][^.]*?(?=[A-Z][a-z]+ [a-z])", "", text)
    sentences = [s for s in re.split(r"(?<=\.)\s+", text) if 6 <= len(s.split()) <= 30 and "[" not in s][:2]
    return [{"question": f"What is known about {' '.join(s.split()[:5])}?", "answer": s, "quote": s} for s in sentences]


def judgment(prompt: str) -> dict:
    """Return a correction that is the first sentence of passage 1."""
    quote = (pairs_about(prompt) or [{"quote": "Nothing."}])[0]["quote"]
    return {"critique": "It departs from the passages.", "correct": False, "answer": quote, "quote": quote}


def told(text: str) -> dict:
    """Return log-probabilities of ``text`` in tokens of four bytes, each with one alternative."""
    data = text.encode()
    parts = [data[i : i + 4] for i in range(0, len(data), 4)]
    rows = [(part.decode("utf-8", "replace"), list(part)) for part in parts]
    other = {"token": "other", "bytes": list(b"other"), "logprob": -2.5}
    return {
        "content": [
            {
                "token": t,
                "bytes": b,
                "logprob": -0.5,
                "top_logprobs": [{"token": t, "bytes": b, "logprob": -0.5}, other],
            }
            for t, b in rows
        ]
    }


def envelope(text: str, model: str, mode: str) -> dict:
    """Return a chat completion."""
    done = "length" if mode == "truncated" else "stop"
    reply = {
        "id": "x", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": done}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }  # fmt: skip
    if mode == "no_usage":
        del reply["usage"]
    if mode in USAGES:
        reply["usage"] = USAGES[mode]
    if mode == "other_model":
        reply["model"] = "a-smaller-model"
    if mode == "dated_model":
        reply["model"] = f"Org/{model}-2026-01-01"
    if mode == "no_finish":
        reply["choices"][0]["finish_reason"] = None
    if mode == "told":
        reply["choices"][0]["logprobs"] = told(text)
    if mode == "likely":
        reply["choices"][0]["logprobs"] = LIKELY
    return reply
