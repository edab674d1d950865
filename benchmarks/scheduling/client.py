"""One client against the mock endpoint, in a process of its own, so that its CPU time can be told.

python benchmarks/scheduling/client.py CLIENT URL --calls 4000 --at-once 64
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kdvert.records import Sampling, ScrubbedText
from kdvert.teachers.protocol import Teacher, TeacherRequest

CONTEXT = "Water is a compound of hydrogen and oxygen, and it covers most of the surface of the earth. " * 16


def prompts(calls: int) -> list[str]:
    """Return prompts of about 1,500 characters, no two the same."""
    return [f"{number:06d} asks about water.\n\n{CONTEXT}" for number in range(calls)]


def kdvert_run(teacher: Teacher, calls: int, at_once: int, folder: Path) -> None:
    """Ask through the scheduler, with a reply store, a gate and a scrubber that find nothing."""
    from kdvert.progress import Silent
    from kdvert.teachers.protocol import request_id
    from kdvert.teachers.replies import ReplyStore
    from kdvert.teachers.scheduler import Limits, Scheduler

    sampling = Sampling(max_tokens=256)

    def job(text: str):
        prompt = ScrubbedText(text, "bench")
        number = request_id(teacher, step="pair", template_sha="x", prompt=prompt, sampling=sampling, chat=True)

        async def work(ask):
            return (await ask(TeacherRequest(number, "pair", prompt, sampling, chat=True))).text.text

        return work

    with ReplyStore(folder / "replies.sqlite", lambda text: ScrubbedText(text, "bench")) as store:
        plan = Scheduler(teacher, store, Limits(concurrency=at_once), Silent(), lambda texts: None)
        results = plan.run([job(text) for text in prompts(calls)])
    if plan.usage.failed or len(results) != calls:
        raise SystemExit(f"{plan.usage.failed} of {calls} calls failed")


def lean(url: str, calls: int, at_once: int, folder: Path) -> None:
    """Run kdvert with its own client."""
    from kdvert.teachers.kinds import open_teacher
    from kdvert.teachers.settings import TeacherSettings

    kdvert_run(open_teacher(TeacherSettings(model="m", base_url=url), root=folder), calls, at_once, folder)


def through_langchain(url: str, calls: int, at_once: int, folder: Path) -> None:
    """Run kdvert with LangChain's client, as for all other providers."""
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from openai import DefaultAsyncHttpxClient

    from kdvert.teachers.chat import ChatTeacher

    own = DefaultAsyncHttpxClient(timeout=60)  # LangChain's own is shared, and its connections die with their loop
    model = BaseChatOpenAI(model="m", base_url=url, api_key="none", max_retries=0, http_async_client=own)
    kdvert_run(ChatTeacher("m", "langchain:openai", url, None, 60.0, model, seeded=True), calls, at_once, folder)


def langchain_abatch(url: str, calls: int, at_once: int, folder: Path) -> None:
    """LangChain alone: no store, no retries."""
    from langchain_openai import ChatOpenAI
    from openai import DefaultAsyncHttpxClient

    own = DefaultAsyncHttpxClient(timeout=60)
    model = ChatOpenAI(model="m", base_url=url, api_key="none", max_retries=0, http_async_client=own)
    asyncio.run(model.abatch(prompts(calls), config={"max_concurrency": at_once}))


def plain_httpx(url: str, calls: int, at_once: int, folder: Path) -> None:
    """One httpx client and a semaphore."""
    import httpx

    async def work() -> None:
        limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            places = asyncio.Semaphore(at_once)

            async def one(text: str) -> None:
                async with places:
                    reply = await client.post(f"{url}/chat/completions", json=body(text))
                    reply.json()

            await asyncio.gather(*map(one, prompts(calls)))

    asyncio.run(work())


def plain_aiohttp(url: str, calls: int, at_once: int, folder: Path) -> None:
    """One aiohttp session and a semaphore: the floor."""
    import aiohttp

    async def work() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            places = asyncio.Semaphore(at_once)

            async def one(text: str) -> None:
                async with places, session.post(f"{url}/chat/completions", json=body(text)) as reply:
                    await reply.json()

            await asyncio.gather(*map(one, prompts(calls)))

    asyncio.run(work())


def body(text: str) -> dict[str, object]:
    """Return what plain clients send."""
    return {"model": "m", "messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 256}


CLIENTS: dict[str, Callable[[str, int, int, Path], None]] = {
    "kdvert": lean,
    "kdvert through LangChain": through_langchain,
    "LangChain abatch": langchain_abatch,
    "plain httpx": plain_httpx,
    "plain aiohttp": plain_aiohttp,
}


def main() -> None:
    """Run one client and print what it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("client", choices=CLIENTS)
    options.add_argument("url")
    options.add_argument("--calls", type=int, required=True)
    options.add_argument("--at-once", type=int, required=True)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        CLIENTS[chosen.client](chosen.url, 1, 1, Path(folder) / "warm")  # imports and first connection
        cpu, wall = cpu_seconds(), time.monotonic()
        CLIENTS[chosen.client](chosen.url, chosen.calls, chosen.at_once, Path(folder) / "run")
        print(json.dumps({"cpu_s": cpu_seconds() - cpu, "wall_s": time.monotonic() - wall}))


def cpu_seconds() -> float:
    """Return the CPU time of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
