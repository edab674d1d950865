"""One record as a reviewer reads it: conversation, passages with what they prove and what was scrubbed, its history."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from kdvert.decisions import erasable, signers
from kdvert.decisions.codes import REASONS
from kdvert.decisions.signing import Signer
from kdvert.errors import WorkFailed
from kdvert.records import Chunk, Example, Source, Verdict
from kdvert.reporting.reasons import MEANINGS
from kdvert.review.desk import Desk
from kdvert.review.queue import SECOND, Entry
from kdvert.rulings import reading
from kdvert.rulings.applying import CHECK, liftable
from kdvert.store import read_json

SHORTEST = 4
"""Characters of a scrubbed value that is looked for in the conversation; shorter ones stand there by chance."""


@dataclass(frozen=True)
class Segment:
    """A piece of text. ``entity`` is the type of personal data that was replaced here, or empty."""

    text: str
    evidence: bool = False
    entity: str = ""


@dataclass(frozen=True)
class Turn:
    """One turn of the conversation."""

    role: str
    content: str
    segments: list[Segment]


@dataclass(frozen=True)
class Passage:
    """A passage that the teacher was shown. ``proves`` says that evidence lies in it."""

    id: str
    title: str
    source: Source | None
    license: str
    segments: list[Segment]
    proves: bool


@dataclass(frozen=True)
class Event:
    """One thing that somebody did. ``changes`` are the lines of an edit, each with '+', '-' or ' '."""

    sha: str
    at: str
    name: str
    what: str
    reason: str
    comment: str
    changes: list[tuple[str, str]]
    own: bool


@dataclass(frozen=True)
class View:
    """All that is shown of a record."""

    entry: Entry
    example: Example
    turns: list[Turn]
    passages: list[Passage]
    checks: list[tuple[Verdict, str]]
    events: list[Event]
    hidden: bool
    lapsed: bool
    status: str
    appealable: bool
    tokens: float | None


def view(desk: Desk, entry: Entry, signer: Signer) -> View:
    """Return a record as this person may see it."""
    example = desk.queue.example(entry)
    passages, values = _passages(desk, example)
    hidden = desk.hides_from(entry, signer.key_id)
    status = "open" if hidden else "waits for a second person" if entry.status == SECOND else entry.status
    return View(
        entry=entry,
        example=example,
        turns=[Turn(m.role, m.content, mark(m.content, [], found(m.content, values))) for m in example.messages],
        passages=passages,
        checks=[(v, MEANINGS.get(v.reason or "", "")) for v in example.verdicts if v.check != CHECK],
        events=[] if hidden else _events(desk, entry, signer),
        hidden=hidden,
        lapsed=not hidden and desk.review.of(entry.id).lapsed(entry.content),
        status=status,
        appealable=liftable(example),
        tokens=_tokens(desk),
    )


def mark(text: str, evidence: Iterable[tuple[int, int]], entities: Iterable[tuple[int, int, str]]) -> list[Segment]:
    """Cut a text at the bounds of its marks; marks may lie across each other."""
    proofs, scrubbed = list(evidence), list(entities)
    bounds = {0, len(text)} | {p for s in proofs for p in s} | {p for s in scrubbed for p in s[:2]}
    cuts = sorted(p for p in bounds if 0 <= p <= len(text))
    segments = []
    for start, end in pairwise(cuts):
        proof = any(s <= start and end <= e for s, e in proofs)
        entity = next((name for s, e, name in scrubbed if s <= start and end <= e), "")
        segments.append(Segment(text[start:end], proof, entity))
    return segments


def found(text: str, values: dict[str, str]) -> list[tuple[int, int, str]]:
    """Return where values that scrubbing wrote into the passages stand in another text."""
    places = []
    for value, entity in values.items():
        at = text.find(value)
        while at >= 0:
            places.append((at, at + len(value), entity))
            at = text.find(value, at + len(value))
    return places


def _passages(desk: Desk, example: Example) -> tuple[list[Passage], dict[str, str]]:
    cited = list(dict.fromkeys(e.chunk_id for e in example.evidence))
    ids = [*cited, *(i for i in dict.fromkeys(example.provenance.chunk_ids) if i not in cited)]
    made: list[Passage] = []
    values: dict[str, str] = {}
    for chunk in filter(None, map(desk.queue.chunk, ids)):
        scrubbed = _scrubbed(desk, chunk)
        values |= {chunk.text[s:e]: name for s, e, name in scrubbed if e - s >= SHORTEST}
        proofs = [(e.start, e.end) for e in example.evidence if e.chunk_id == chunk.id]
        document = desk.queue.document(chunk.document_id)
        made.append(
            Passage(chunk.id, chunk.title, document.source if document else None, chunk.license,
                    mark(chunk.text, proofs, scrubbed), bool(proofs))
        )  # fmt: skip
    return made, values


def _scrubbed(desk: Desk, chunk: Chunk) -> list[tuple[int, int, str]]:
    marks = desk.queue.marks(chunk.document_id)
    return [
        (max(0, marks.starts[i] - chunk.start), min(len(chunk.text), marks.ends[i] - chunk.start), marks.entities[i])
        for i in marks.within(chunk.start, chunk.end)
    ]


def _events(desk: Desk, entry: Entry, signer: Signer) -> list[Event]:
    standing, trusted = desk.review.of(entry.id), signers.read(desk.root)
    made = []
    for ruling in standing.rulings:
        lapsed = "" if ruling.content == entry.content else ", about an earlier text"
        many = ", with many others at once" if ruling.bulk else ""
        texts = [text for item in ruling.items if item != ruling.edit and (text := _text(desk, item))]
        made.append(
            (ruling.seq, Event(
                ruling.sha, ruling.at, _name(trusted, ruling.who), _PAST[ruling.action] + lapsed + many,
                REASONS.get(ruling.reason or "", ""), "\n".join(texts), _changes(desk, ruling.edit),
                ruling.who == signer.key_id or signer.row.role == "approver",
            ))
        )  # fmt: skip
    for comment in standing.comments:
        text = "\n".join(filter(None, map(partial(_text, desk), comment.items))) or "(erased)"
        made.append((comment.seq, Event("", comment.at, _name(trusted, comment.who), "commented", "", text, [], False)))
    return [event for _, event in sorted(made, key=lambda row: row[0])]


def _name(trusted: signers.Signers, key_id: str) -> str:
    row = trusted.get(key_id)
    return row.name if row else key_id


def _text(desk: Desk, item: str) -> str:
    try:
        kept = erasable.get(desk.root, item)
    except WorkFailed:
        return "(altered since)"
    return kept.text if kept else "(erased)"


def _changes(desk: Desk, edit_id: str | None) -> list[tuple[str, str]]:
    if edit_id is None:
        return []
    edit = reading.edit_of(desk.root, edit_id)
    if edit is None:
        return [(" ", "(erased)")]
    lines = []
    for before, after in zip(edit.before, edit.after):
        if before.content != after.content:
            rows = difflib.ndiff(before.content.splitlines(), after.content.splitlines())
            lines += [(row[0], row[2:]) for row in rows if row[0] in "+- "]
    return lines


def _tokens(desk: Desk) -> float | None:
    """Return what the teacher read and wrote for a record of this run, in tokens, on average."""
    path = desk.run.project.work / "elicit" / "summary.json"
    if not path.is_file():
        return None
    summary = read_json(path)
    used = (summary.get("input_tokens") or 0) + (summary.get("output_tokens") or 0)
    return used / summary["examples"] if summary.get("examples") else None


_PAST = {"accept": "accepted", "edit": "edited and accepted", "reject": "rejected", "escalate": "asked an approver"}
