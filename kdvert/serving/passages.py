"""What is found for a question: passages in the order of the project's search, and how near the nearest one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdvert.knowledge.index import Retriever
from kdvert.knowledge.settings import query_text
from kdvert.records import Chunk, Record, Source

_BACK = 4  # earlier questions that a follow-up may belong to
_FOLLOWS = 0.9  # of the earlier question's similarity (benchmarks/abstention.py)
_NEAREST = 20  # passages looked at for the nearest one: what index.search.only leaves out is among them


class Citation(Record):
    """A passage that was shown to the student.

    Attributes:
        number: its number among the passages, from 1.
        title: of its document.
        source: where the document came from, as it stands after scrubbing: an address, or a path in the project.
        text: the passage as the student saw it.
    """

    number: int
    title: str
    source: str
    publisher: str | None
    license: str
    document_id: str
    chunk_id: str
    text: str


@dataclass(frozen=True)
class Found:
    """What the search gives for a question.

    Attributes:
        chunks: the passages, best first.
        similarity: cosine similarity of the question and the nearest passage that may be found; 0 without any.
    """

    chunks: list[Chunk]
    similarity: float


def find(retriever: Retriever, questions: Sequence[str], k: int, least: float) -> Found:
    """Return what is found for the last of a conversation's questions.

    A question such as "And in children?" finds nothing by itself: where nothing is near enough, it is searched for
    together with the last question before it that found something. It follows that question if both together are
    about as near to a passage as that one alone; a change of subject draws them away from it.

    Args:
        retriever: the project's index.
        questions: what the user asked so far, the latest last.
        k: how many passages.
        least: the similarity that is near enough.
    """
    found = _find(retriever, questions[-1], k)
    if found.similarity >= least:
        return found
    for earlier in reversed(questions[:-1][-_BACK:]):
        alone = nearest(retriever, query_text(earlier))
        if alone >= least:
            return joined if (joined := follow_up(retriever, earlier, questions[-1], k, alone, least)) else found
    return found


def follow_up(retriever: Retriever, earlier: str, question: str, k: int, alone: float, least: float) -> Found | None:
    """Return what is found for a question together with an earlier one; None if it does not follow it.

    ``alone`` is the similarity of the earlier question by itself.
    """
    found = _find(retriever, f"{earlier}\n{question}", k)
    return found if found.similarity >= max(least, _FOLLOWS * alone) else None


def _find(retriever: Retriever, question: str, k: int) -> Found:
    query = query_text(question)
    hits = retriever.search(query, k)
    return Found([hit.chunk for hit in hits], nearest(retriever, query) if hits else 0.0)


def nearest(retriever: Retriever, query: str) -> float:
    """Return the cosine similarity of a query and the nearest passage that may be found.

    The scores of a search compare passages for one question; only this compares one question with another.
    """
    only = retriever.info.search.only
    rows = retriever.store.similarity_search_with_score(query, k=min(_NEAREST, max(1, retriever.info.count)))
    allowed = [1.0 - distance for row, distance in rows if row.id and only.allows(retriever.chunks[row.id])]
    return max(allowed, default=0.0)


def citation(number: int, chunk: Chunk, text: str, sources: Mapping[str, Source]) -> Citation:
    """Return the citation of a passage, of which ``text`` was shown."""
    source = sources.get(chunk.document_id)
    return Citation(
        number=number,
        title=chunk.title,
        source=(source.url or source.uri) if source else chunk.document_id,
        publisher=source.publisher if source else None,
        license=chunk.license,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        text=text,
    )
