"""An assignment with a retriever and a teacher that are written by hand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from kdvert.elicitation.contract import Assignment
from kdvert.elicitation.searching import Searcher
from kdvert.knowledge import language
from kdvert.records import Chunk, Sampling, ScrubbedText
from kdvert.templates import TemplateSet

TEXTS = [
    "Hand sanitizer should contain at least 60 percent alcohol.",
    "Statins lower the risk of stroke in adults.\nDehydration occurs when the body loses more water than is taken in.",
]


class Retriever:
    """Finds the passages in their order, unless told otherwise."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.batches: list[list[str]] = []

    def search_many(self, queries, k):
        self.batches.append(list(queries))
        return [[SimpleNamespace(chunk=c, score=1.0) for c in self.chunks[:k]] for _ in queries]


@pytest.fixture
def chunks() -> list[Chunk]:
    return [
        Chunk(
            id=f"d{n}@0-{len(text)}", document_id=f"d{n}", start=0, end=len(text), title=f"Title {n}",
            license="CC0-1.0", text=text,
        )
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip


@pytest.fixture
def assign(chunks, vertical) -> Callable[..., Assignment]:
    """Return a function that makes an assignment."""

    def make(**changes) -> Assignment:
        teacher = SimpleNamespace(name="toy", route="local", identity="toy", local=True, batch_size=4)
        values = {
            "vertical": "medicine", "skill": "grounded_qa", "chunks": chunks,
            "templates": TemplateSet(None, vertical.templates), "language": language.load("en"),
            "search": Searcher(Retriever(chunks), 4), "cleared": lambda text: ScrubbedText(text, "policy"),
            "teacher": teacher, "sampling": Sampling(temperature=0.0, max_tokens=99, seed=5), "steps": "small",
            "per_passage": 2, "round_trip_margin": 0.0, "versions": {"kdvert": "1"},
        }  # fmt: skip
        return Assignment(**(values | changes))

    return make
