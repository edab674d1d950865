"""Questions to the retriever, gathered: one embedding batch for all that wait at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from kdvert.elicitation.contract import Hit


class Retriever(Protocol):
    """What is needed of an index."""

    def search_many(self, queries: Sequence[str], k: int) -> Sequence[Sequence[Hit]]:
        """Return the ``k`` nearest passages for each query, best first."""


class Searcher:
    """Finds passages for many coroutines at once. Embedding happens in a thread, so calls to a teacher go on."""

    def __init__(self, retriever: Retriever, k: int) -> None:
        self._retriever = retriever
        self._k = k
        self._waiting: list[tuple[str, asyncio.Future[Sequence[Hit]]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, query: str) -> Sequence[Hit]:
        """Return the passages nearest to ``query``."""
        future: asyncio.Future[Sequence[Hit]] = asyncio.get_running_loop().create_future()
        self._waiting.append((query, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready now joins this batch
            taken, self._waiting = self._waiting, []
            queries = [query for query, _ in taken]
            try:
                found = await asyncio.to_thread(self._retriever.search_many, queries, self._k)
            except Exception as error:  # noqa: BLE001 - handed on to everyone who waits for this batch
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), hits in zip(taken, found, strict=True):
                if not future.done():
                    future.set_result(hits)
