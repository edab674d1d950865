"""Spans of personal data: overlapping ones joined, found ones mapped back to the text they came from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from kdvert.privacy.generalization import kind
from kdvert.privacy.policy import STRICTNESS


@dataclass(frozen=True)
class Hit:
    """Something a recognizer found. Offsets are Python string offsets, end exclusive."""

    entity: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Piece:
    """A stretch of text that one action is applied to; pieces of a text never overlap."""

    entity: str
    start: int
    end: int
    score: float
    action: str


def resolve(hits: Iterable[Hit], actions: Mapping[str, str]) -> list[Piece]:
    """Join overlapping hits to their union and give it the strictest of their actions.

    The result does not depend on the order of ``hits``. A coarser form (generalize, mask) is made only of a value
    that is of one kind; a union of several kinds is replaced.

    Returns:
        Pieces, sorted and disjoint; hits whose action is keep are left out.
    """
    acted = sorted(
        (h for h in set(hits) if actions.get(h.entity, "keep") != "keep" and h.start < h.end),
        key=lambda h: (h.start, h.end, h.entity, h.score),
    )
    groups: list[list[Hit]] = []
    reach = -1
    for hit in acted:
        if groups and hit.start < reach:
            groups[-1].append(hit)
        else:
            groups.append([hit])
        reach = max(reach, hit.end) if len(groups[-1]) > 1 else hit.end
    return [_join(group, actions) for group in groups]


def _join(group: Sequence[Hit], actions: Mapping[str, str]) -> Piece:
    main = max(group, key=lambda h: (STRICTNESS[actions[h.entity]], h.end - h.start, h.score, h.entity))
    action = actions[main.entity]
    if not _has_one_form(action, group, actions):
        action = "replace"
    start, end = min(h.start for h in group), max(h.end for h in group)
    return Piece(main.entity, start, end, max(h.score for h in group), action)


def _has_one_form(action: str, group: Sequence[Hit], actions: Mapping[str, str]) -> bool:
    """Return whether a union of hits can be generalized or masked: by one kind of form, with nothing else in it."""
    if action == "mask":
        return all(actions[h.entity] == "mask" for h in group)
    return action != "generalize" or len({kind(h.entity) for h in group}) == 1


@dataclass(frozen=True)
class Rendered:
    """A text with its pieces replaced.

    Attributes:
        text: the text after replacement.
        spans: where each piece lies in ``text``, parallel to ``pieces``.
    """

    text: str
    pieces: Sequence[Piece]
    spans: Sequence[tuple[int, int]]

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of ``text`` to the text before replacement; a piece it touches is taken whole."""
        return self._map(start, False), self._map(end, True)

    def _map(self, position: int, is_end: bool) -> int:
        index = bisect_left(self._starts, position) - 1  # the last piece that starts before the position
        if index < 0:
            return position
        piece, (_, end) = self.pieces[index], self.spans[index]
        if position >= end:
            return position + piece.end - end
        return piece.end if is_end else piece.start

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.spans]


def render(text: str, pieces: Sequence[Piece], replacements: Sequence[str]) -> Rendered:
    """Put ``replacements`` in the place of ``pieces``."""
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    cursor = length = 0
    for piece, replacement in zip(pieces, replacements, strict=True):
        parts += [text[cursor : piece.start], replacement]
        length += piece.start - cursor
        spans.append((length, length + len(replacement)))
        length += len(replacement)
        cursor = piece.end
    parts.append(text[cursor:])
    return Rendered("".join(parts), pieces, spans)


def meeting(spans: Sequence[tuple[int, int]], start: int, end: int) -> Sequence[tuple[int, int]]:
    """Return those of ``spans`` (sorted, disjoint) that share a character with ``start`` to ``end``.

    A long text has tens of thousands of them, and is asked about as often: the time is that of a binary search.
    """
    first = bisect_right(spans, start, key=itemgetter(1))
    return spans[first : bisect_left(spans, end, lo=first, key=itemgetter(0))]


def subtract(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of a span without the spans in ``taken`` (sorted, disjoint)."""
    left: list[tuple[int, int]] = []
    for s, e in meeting(taken, start, end):
        if s > start:
            left.append((start, s))
        start = max(start, e)
    return [*left, (start, end)] if start < end else left


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans sorted and disjoint: those that overlap or touch become one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
