"""A mock OpenAI server in a process of its own: python benchmarks/scheduling/endpoint.py --cap 64.

It answers each call after 0.25 to 0.75 seconds (drawn from the prompt, so that every client waits for the same) and
takes at most ``cap`` calls at once; others queue. ``GET /stats`` says what it saw, with moments of the machine's
monotonic clock; ``POST /reset`` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import zlib

from aiohttp import web

LEAST_S, MOST_S = 0.25, 0.75
TEXT = "The water boils at a hundred degrees at the level of the sea. " * 8


class Seen:
    """What the server saw: first and last moment, calls in flight, and how often each prompt was asked."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        self.first = 0.0
        self.last = 0.0
        self.now = 0
        self.peak = 0
        self.slept = 0.0
        self.calls: list[list[str | float | None]] = []
        self.places = asyncio.Semaphore(self.cap)


def seconds(prompt: str) -> float:
    """Return how long the answer to a prompt takes."""
    return LEAST_S + (MOST_S - LEAST_S) * (zlib.crc32(prompt.encode()) % 10_000) / 10_000


async def answer(request: web.Request) -> web.Response:
    """Answer a call, late."""
    seen: Seen = request.app["seen"]
    body = await request.json()
    prompt = body["messages"][-1]["content"]
    seen.first = seen.first or time.monotonic()
    seen.now += 1
    seen.peak = max(seen.peak, seen.now)
    row: list[str | float | None] = [prompt[:40], time.monotonic(), None]
    seen.calls.append(row)
    try:
        async with seen.places:
            await asyncio.sleep(seconds(prompt))
            seen.slept += seconds(prompt)
    finally:
        seen.now -= 1
    row[2] = seen.last = time.monotonic()
    return web.json_response(
        {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 120, "total_tokens": 520},
        }
    )  # fmt: skip


async def stats(request: web.Request) -> web.Response:
    """Say what was seen."""
    seen: Seen = request.app["seen"]
    return web.json_response(
        {"span": seen.last - seen.first, "slept": seen.slept, "peak": seen.peak, "now": seen.now, "calls": seen.calls}
    )


async def reset(request: web.Request) -> web.Response:
    """Forget what was seen."""
    request.app["seen"].reset()
    return web.json_response({})


def main() -> None:
    """Serve until killed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cap", type=int, required=True)
    app = web.Application()

    async def begin(app: web.Application) -> None:
        app["seen"] = Seen(options.parse_args().cap)

    app.on_startup.append(begin)
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/stats", stats)
    app.router.add_post("/reset", reset)
    asyncio.run(serve(app))


async def serve(app: web.Application) -> None:
    """Listen on a free port and print it."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
