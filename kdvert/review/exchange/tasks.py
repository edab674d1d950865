"""Records as another tool shows them. They hold what was scrubbed, and nothing of what anybody decided."""

from __future__ import annotations

from dataclasses import dataclass

from kdvert.records import Example
from kdvert.review.desk import Desk
from kdvert.review.exchange.selection import Selection
from kdvert.review.queue import Entry

GONE = "(not there any more)"
GUIDE = (
    "Decide about each record. Accept: it is right, and the passage says it. Accept with other words in the answer: "
    "it is right so. Reject: choose why. Escalate: an approver decides; say in the comment what she should look at. "
    "Write no personal data."
)
_BLIND = ("open", "second")


@dataclass(frozen=True)
class Task:
    """One record for another tool.

    Attributes:
        record, content: its id, and the hash that a decision on it names.
        version: that of the record; 0 where two people judge it blindly, since it tells that somebody has decided.
        answer: the last answer, which the person may change.
        risk: 0 to 1.
    """

    record: str
    content: str
    version: int
    conversation: str
    passage: str
    evidence: str
    answer: str
    skill: str
    source: str
    license: str
    risk: float


def tasks(desk: Desk, wanted: Selection) -> list[Task]:
    """Return the records that the checks accepted, those with planted errors among them, in the order of the queue."""
    with desk.lock:
        return [_task(desk, entry) for entry in wanted.entries(desk)]


def conversation(example: Example) -> str:
    """Return the turns of a conversation as one text."""
    turns = [f"{m.role.capitalize()}:\n{m.content}" for m in example.messages]
    worse = [f"Worse answer, for comparison:\n{m.content}" for m in example.rejected]
    return "\n\n".join([*turns, *worse])


def _task(desk: Desk, entry: Entry) -> Task:
    example = desk.queue.example(entry)
    blind = entry.double and entry.status in _BLIND
    return Task(
        record=entry.id,
        content=entry.content,
        version=0 if blind else entry.version,
        conversation=conversation(example),
        passage=_passage(desk, example),
        evidence=example.quote or GONE,
        answer=example.answer,
        skill=entry.skill,
        source=entry.source,
        license=entry.license,
        risk=round(entry.risk, 4),
    )


def _passage(desk: Desk, example: Example) -> str:
    """Return the passages that the teacher was shown, those with the evidence first."""
    cited = [e.chunk_id for e in example.evidence]
    chunks = [c for i in dict.fromkeys([*cited, *example.provenance.chunk_ids]) if (c := desk.queue.chunk(i))]
    parts = [f"{chunk.title} ({chunk.license})\n{chunk.text}" for chunk in chunks]
    parts += [shown for shown in example.context if not any(shown in chunk.text for chunk in chunks)]
    return "\n\n---\n\n".join(parts) or GONE
