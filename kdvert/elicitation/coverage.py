"""Which passages are about which topic of the vertical, and how many records each topic got.

A passage belongs to the topic whose words lie nearest to it, if any lies near enough. So a map of what the documents do
not cover costs no call to a teacher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kdvert.records import Chunk, Example, Record, sha256_text

LEAST_SIMILAR = 0.33
"""Cosine similarity (MiniLM) from which a passage is about a topic. On the sample corpora of law, medicine and science
each topic has a passage above it, 99 % of the passages reach it with a topic of their own field, and fewer than 5 %
(law read with science's topics: 12 %) with one of another."""

_SHARE = 4  # a topic is looked up this many times deeper than its even share of the passages
_DEEP = 50  # passages looked at for a topic, at least


Nearest = Callable[[Sequence[str], int], Sequence[Sequence[tuple[str, float]]]]
"""Gives for each text the ids of the nearest passages and their cosine similarities, at most so many, nearest first."""


class TopicCoverage(Record):
    """How far a topic is covered: passages about it, those of them that were drawn, records that rest on them."""

    topic: str
    passages: int
    drawn: int
    records: int


class Coverage(Record):
    """``coverage.json``. ``outside`` counts what is about none of the topics."""

    topics: list[TopicCoverage]
    outside: TopicCoverage

    @property
    def uncovered(self) -> list[str]:
        """Topics without a record."""
        return [t.topic for t in self.topics if not t.records]

    @property
    def absent(self) -> list[str]:
        """Topics without a passage."""
        return [t.topic for t in self.topics if not t.passages]


@dataclass(frozen=True)
class TopicMap:
    """Topics, and the topic of each passage that has one (by the passage's id)."""

    topics: Sequence[str]
    of_chunk: Mapping[str, str]

    def draw(self, chunks: Sequence[Chunk], seed: int) -> list[Chunk]:
        """Return all ``chunks`` in an order of which every beginning is balanced over the topics.

        Topics take turns; within a topic, and among topics at the start, the order is drawn by ``seed``. Passages
        about no topic take their turn as one more.
        """
        piles: dict[str, list[Chunk]] = {}
        for chunk in sorted(chunks, key=lambda c: sha256_text(f"{seed}:{c.id}")):
            piles.setdefault(self.of_chunk.get(chunk.id, ""), []).append(chunk)
        order = sorted(piles.values(), key=lambda pile: sha256_text(f"{seed}:{pile[0].id}"))
        rounds = max((len(pile) for pile in order), default=0)
        return [pile[turn] for turn in range(rounds) for pile in order if turn < len(pile)]

    def covered(self, chunks: Iterable[Chunk], drawn: Iterable[Chunk], examples: Iterable[Example]) -> Coverage:
        """Return how far each topic is covered. A record counts for the passage of its first quote."""
        passages = Counter(self.of_chunk.get(c.id, "") for c in chunks)
        asked = Counter(self.of_chunk.get(c.id, "") for c in drawn)
        cited = [e.evidence[0].chunk_id if e.evidence else "" for e in examples]
        records = Counter(self.of_chunk.get(i, "") for i in cited)

        def row(key: str, name: str) -> TopicCoverage:
            return TopicCoverage(topic=name, passages=passages[key], drawn=asked[key], records=records[key])

        return Coverage(topics=[row(t, t) for t in self.topics], outside=row("", "none of the topics"))


def map_topics(topics: Sequence[str], nearest: Nearest, count: int) -> TopicMap:
    """Look every topic up in the index.

    Args:
        topics: of the vertical.
        nearest: finds passages by meaning alone: scores of a fused search say nothing about how near a passage is.
        count: passages in the index.
    """
    deep = min(count, max(_DEEP, _SHARE * count // max(1, len(topics))))
    best: dict[str, tuple[float, str]] = {}
    for topic, found in zip(topics, nearest(topics, deep) if deep else [()] * len(topics), strict=True):
        for chunk_id, score in found:
            if score >= LEAST_SIMILAR and score > best.get(chunk_id, (0.0, ""))[0]:
                best[chunk_id] = (score, topic)
    return TopicMap(topics, {chunk_id: topic for chunk_id, (_, topic) in best.items()})
