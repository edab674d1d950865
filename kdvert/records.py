"""The units of data that stages hand to each other through files.

All models are frozen and forbid unknown fields: a new field is a decision, not a side effect. There is no
free ``metadata`` mapping for the same reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of all records: immutable, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def sha256_text(text: str) -> str:
    """Return the hexadecimal SHA-256 of ``text`` in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of ``value`` as canonical JSON (sorted keys, no spaces)."""
    return sha256_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


@dataclass(frozen=True)
class ScrubbedText:
    """Text that may leave for a teacher: it passed the scrubber, or it is package content.

    A teacher accepts nothing else. ``scrubbed_by`` is the hash of the privacy policy that was applied, or
    ``"package"`` for text that ships with kdvert or a vertical and never held user data.
    """

    text: str
    scrubbed_by: str

    def __str__(self) -> str:
        return self.text


class Source(Record):
    """Where a document came from and under which license it may be used.

    ``uri`` is relative to the project folder; ``sha256`` is of the bytes as read; ``url`` is the address that a
    JSON-lines row states; ``retrieved`` is an ISO date stated by the user, or None. After ``scrub`` a path, title,
    publisher or address that may name a person is replaced, and ``sha256`` is that of the scrubbed text.
    """

    uri: str
    title: str
    license: str
    publisher: str | None = None
    url: str | None = None
    sha256: str
    retrieved: str | None = None


class Document(Record):
    """A whole document as text. After ``scrub`` the text is free of the identifiers the policy names."""

    id: str
    source: Source
    text: str


class Finding(Record):
    """A span of personal data; the value itself is never kept.

    ``start`` and ``end`` index the text *before* scrubbing, in Python string offsets, end exclusive.
    """

    entity: str
    start: int
    end: int
    score: float
    action: str


class SpanMove(Record):
    """One replaced span: where it lies in the original and in the scrubbed text (end exclusive)."""

    start: int
    end: int
    scrubbed_start: int
    scrubbed_end: int


class ScrubLog(Record):
    """What scrubbing did to one document: findings and the offset map, sorted by ``start``."""

    document_id: str
    findings: list[Finding]
    moves: list[SpanMove]


class Chunk(Record):
    """A passage of a scrubbed document: ``document.text[start:end] == text``."""

    id: str
    document_id: str
    start: int
    end: int
    title: str
    license: str
    text: str


class Evidence(Record):
    """A span inside a chunk, checked by code: ``chunk.text[start:end]`` hashes to ``quote_sha``."""

    chunk_id: str
    start: int
    end: int
    quote_sha: str


class Message(Record):
    """One turn of a conversation; ``tool`` is what a tool gave that the assistant called."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class Sampling(Record):
    """How a reply was sampled. ``temperature`` 0 is greedy."""

    temperature: float = 0.0
    max_tokens: int = 256
    seed: int = 0


class Provenance(Record):
    """Who wrote a record, from what, and how.

    ``templates`` maps each template used to its content hash, ``request_ids`` lists every teacher call,
    ``document_ids`` and ``licenses`` are parallel to ``chunk_ids``. ``terms`` are the ids of what every model that
    wrote the text stands under: licenses of weights, and ``route:<provider>`` for terms of a hosted service.
    """

    teacher: str
    route: str
    templates: dict[str, str]
    request_ids: list[str]
    chunk_ids: list[str]
    document_ids: list[str]
    licenses: list[str]
    terms: list[str]
    sampling: Sampling
    versions: dict[str, str]


class Verdict(Record):
    """The outcome of one check. ``reason`` is a stable short code, the same for every record it hits."""

    check: str
    passed: bool
    reason: str | None = None
    score: float | None = None


class Example(Record):
    """A training record: a conversation, the evidence it rests on, where it came from, what was checked.

    ``quote`` holds the text of each span of ``evidence``, one a line. ``context`` holds the passages that the first
    turn of the user shows to the student; training words them around the question as evaluation does. ``rejected``
    are turns that could stand in the place of the last one, and are worse; nothing learns them as an answer.
    """

    id: str
    vertical: str
    strategy: str
    skill: str
    messages: list[Message]
    evidence: list[Evidence]
    quote: str
    provenance: Provenance
    verdicts: list[Verdict] = Field(default_factory=list)
    context: list[str] = Field(default_factory=list)
    rejected: list[Message] = Field(default_factory=list)

    @property
    def question(self) -> str:
        """The last user turn."""
        return next(m.content for m in reversed(self.messages) if m.role == "user")

    @property
    def answer(self) -> str:
        """The last assistant turn."""
        return next(m.content for m in reversed(self.messages) if m.role == "assistant")

    @property
    def exchanges(self) -> list[tuple[str, str]]:
        """Every turn of the assistant with the user's turn that it answers."""
        made: list[tuple[str, str]] = []
        question = ""
        for message in self.messages:
            if message.role == "user":
                question = message.content
            elif message.role == "assistant":
                made.append((question, message.content))
        return made

    @property
    def asked(self) -> str:
        """All that the user says and shows: what two records must not have in common."""
        return "\n".join([*self.context, *(m.content for m in self.messages if m.role == "user")])

    @property
    def accepted(self) -> bool:
        """True when every verdict passed."""
        return all(v.passed for v in self.verdicts)


class Failure(Record):
    """A request that gave no record: kept, with a reason code, so that no loss is silent."""

    request_id: str
    chunk_id: str | None = None
    reason: str
    detail: str = ""


class EvalItem(Record):
    """A held-out question. ``choices``, when given, hold ``answer`` verbatim; ``rationale`` is never shown."""

    id: str
    question: str
    answer: str
    task: str
    source: str
    license: str
    choices: list[str] | None = None
    context: str | None = None
    doc_ids: list[str] | None = None
    rationale: str | None = None
    meta: dict[str, Any] | None = None


class Score(Record):
    """One number for one item. ``None`` means unscored, never wrong."""

    item_id: str
    system: Literal["base", "student"]
    mode: Literal["closed_book", "retrieval"]
    metric: str
    value: float | None = None
    weight: float = 1.0


def licenses_of(chunks: Sequence[Chunk]) -> list[str]:
    """Return the license of each chunk, in order."""
    return [c.license for c in chunks]
