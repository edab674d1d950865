"""A proxy before the teacher that counts each tool's requests and tokens, and keeps replies so that a run can resume.

A tool's address is ``http://127.0.0.1:PORT/TOOL/v1``. Requests go on one at a time. A request that the same tool made
in an earlier run is answered from the file, with the usage it had; all of a run's requests are counted, kept or not.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

PATIENCE_S = 3600


@dataclass
class Counted:
    """What a tool asked: requests, tokens read and written, as the teacher's own ``usage`` says."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, usage: dict[str, Any]) -> None:
        """Count a reply."""
        self.requests += 1
        self.input_tokens += usage["prompt_tokens"]
        self.output_tokens += usage["completion_tokens"]

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.input_tokens + self.output_tokens


@dataclass
class Proxy:
    """The running proxy. ``tools`` counts since its start."""

    teacher: str
    folder: Path
    port: int = 0
    tools: dict[str, Counted] = field(default_factory=dict)
    _one: asyncio.Lock | None = None
    _kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    _times: Counter[str] = field(default_factory=Counter)

    def url(self, tool: str) -> str:
        """Return the ``base_url`` for a tool."""
        return f"http://127.0.0.1:{self.port}/{tool}/v1"

    def begin(self, tool: str) -> None:
        """Count a tool from zero."""
        self.tools[tool] = Counted()
        self._times.clear()
        path = self.folder / f"{tool}.jsonl"
        rows = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        self._kept = {row["key"]: row for row in map(json.loads, filter(None, rows))}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a chat completion."""
        tool, body = request.match_info["tool"], await request.json()
        if body.get("stream"):
            return web.json_response({"error": {"message": "this proxy does not stream"}}, status=400)
        asked = json.dumps(body, sort_keys=True)
        self._times[asked] += 1  # the same request again is another draw, and kept as one
        key = hashlib.sha256(f"{self._times[asked]}:{asked}".encode()).hexdigest()
        async with self._one or asyncio.Lock():
            status, reply = (200, self._kept[key]["reply"]) if key in self._kept else await self._ask(tool, key, body)
        if status == 200:
            self.tools[tool].add(reply["usage"])
        return web.json_response(reply, status=status)

    async def _ask(self, tool: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        patience = aiohttp.ClientTimeout(total=PATIENCE_S)
        url = f"{self.teacher}/chat/completions"
        async with aiohttp.ClientSession(timeout=patience) as session, session.post(url, json=body) as response:
            reply: dict[str, Any] = await response.json()
        if response.ok:
            row = {"key": key, "body": body, "reply": reply}
            self._kept[key] = row
            with open(self.folder / f"{tool}.jsonl", "a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
        return response.status, reply


@contextmanager
def proxy(teacher: str, folder: Path) -> Iterator[Proxy]:
    """Run the proxy in a thread of its own.

    Args:
        teacher: ``base_url`` of an OpenAI-compatible endpoint.
        folder: for the replies, a file a tool.
    """
    folder.mkdir(parents=True, exist_ok=True)
    served, started, loop = Proxy(teacher.rstrip("/"), folder), threading.Event(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        served._one = asyncio.Lock()
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/{tool}/v1/chat/completions", served.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        served.port = runner.addresses[0][1]
        started.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    started.wait()
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
