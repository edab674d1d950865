"""A mock OpenAI server that answers at once with records of passage 1 of the prompt: python quoting.py.

Each rests on one sentence, which it cites by its number. It prints its port and serves until killed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

from aiohttp import web

_PASSAGE = re.compile(r"^(<<[a-p]{12}>>) passage 1\n(?:Topic: [^\n]*\n)?(.*?)^\1 ", re.MULTILINE | re.DOTALL)
_COUNT = re.compile(r"^Write (?:up to )?(\d+) ", re.MULTILINE)
_SENTENCE = re.compile(r"^\((\d+)\) (.*)$", re.MULTILINE)
LEAST_WORDS = 7


def answered(prompt: str) -> str:
    """Return the reply to a prompt of ``grounded_qa``, as JSON."""
    passage, count = _PASSAGE.search(prompt), _COUNT.search(prompt)
    rows = list(pairs(passage[2]))[: int(count[1])] if passage and count else []
    return json.dumps({"records": rows})


def pairs(passage: str) -> Iterator[dict[str, object]]:
    """Yield a record for each long sentence without a placeholder."""
    for number, sentence in _SENTENCE.findall(passage):
        words = sentence.split()
        if len(words) >= LEAST_WORDS and "[" not in sentence:
            subject = " ".join(words[: len(words) // 2]).rstrip(",;:")
            yield {"sentences": [int(number)], "question": f"What is known about {subject}?", "answer": sentence}


async def answer(request: web.Request) -> web.Response:
    """Answer a call at once."""
    body = await request.json()
    prompt = body["messages"][-1]["content"]
    text = answered(prompt)
    return web.json_response(
        {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4},
        }
    )  # fmt: skip


async def serve() -> None:
    """Listen on a free port and print it."""
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
