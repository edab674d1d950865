"""Feature: what the teacher held likely, token by token, where it wrote the answers of accepted records.

It makes no records, so it has no jobs. A teacher on this machine reads the answers when the filters are through, in the
stage features; an endpoint tells only while it writes, so its calls ask for log-probabilities, which are handed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdvert.elicitation.mixing import Entry
from kdvert.elicitation.strategies import STRATEGIES, Source
from kdvert.features.asked import ASKED, MOST, TOLD, Asked, Told, Wanted
from kdvert.records import Example
from kdvert.store import write_jsonl
from kdvert.teachers.protocol import Teacher
from kdvert.teachers.replies import ReplyStore


def wanted(mix: Sequence[Entry]) -> list[Wanted]:
    """Return what the entries of a mix ask for."""
    own = [e for e in mix if STRATEGIES[e.strategy].source is Source.ACCEPTED]
    return [Wanted(skill=e.skill, count=e.count, share=e.share) for e in own]


def top_logprobs(mix: Sequence[Entry], teacher: Teacher) -> int:
    """Return how many likeliest tokens calls to ``teacher`` ask for."""
    return MOST if wanted(mix) and not teacher.local else 0


def hand_on(
    out: Path, mix: Sequence[Entry], examples: Sequence[Example], teacher: Teacher, store: ReplyStore, seed: int
) -> None:
    """Write what the stage features needs into ``out``, if the mix asks for features; else remove what was there."""
    for name in (TOLD, ASKED):
        (out / name).unlink(missing_ok=True)
    if not (asked := wanted(mix)):
        return
    if not teacher.local:
        skills = {one.skill for one in asked}
        write_jsonl(out / TOLD, (told for e in examples if e.skill in skills for told in _told(e, store)))
    source = "forced" if teacher.local else "generated"
    Asked(teacher=teacher.name, identity=teacher.identity, source=source, seed=seed, wanted=asked).write(out)


def _told(record: Example, store: ReplyStore) -> list[Told]:
    """Return the replies behind a record that came with log-probabilities."""
    found = store.find(record.provenance.request_ids)
    replies = [found[i] for i in record.provenance.request_ids if i in found]
    return [told for reply in replies if (told := Told.of(record, reply))]
