"""A teacher that says what a test wants, asked through the real scheduler, and what a good reply of each skill is."""

from __future__ import annotations

import json
from pathlib import Path

from kdvert.elicitation import pairs
from kdvert.elicitation.judging import judged
from kdvert.progress import Silent
from kdvert.records import Chunk, ScrubbedText
from kdvert.teachers.protocol import RawReply
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import Limits, Scheduler

PASSAGE = (
    "Hand sanitizer should contain at least 60 percent alcohol. It does not remove dirt or chemicals, so soap and "
    "water are better for hands that are visibly dirty. Rub the sanitizer over all surfaces of the hands until they "
    "are dry, which takes about 20 seconds. Keep sanitizer away from young children, because swallowing it is toxic."
)
OTHER = "Statins lower the risk of stroke in adults who have high cholesterol."
ALCOHOL = "Hand sanitizer should contain at least 60 percent alcohol."
DIRT = "It does not remove dirt or chemicals"
DRY = "until they are dry, which takes about 20 seconds"
PAIR = {
    "question": "How much alcohol should hand sanitizer contain?",
    "answer": "At least 60 percent alcohol.",
    "quote": ALCOHOL,
}
GOOD = {
    "grounded_qa": PAIR,
    "extractive_qa": {"question": "How strong should hand sanitizer be?", "answer": "60 percent"},
    "multi_turn": {
        "turns": [
            PAIR,
            {"question": "Does it remove chemicals?", "answer": "No, it removes no chemicals.", "quote": DIRT},
        ]
    },
    "reasoning": {
        "question": "Should dirty hands be cleaned with hand sanitizer or with soap?",
        "steps": [
            {"statement": "Hand sanitizer does not remove dirt.", "quote": DIRT},
            {"statement": "So dirty hands need something else.", "quote": None},
        ],
        "answer": "With soap and water.",
    },
    "summary": {
        "request": "Summarize this passage on hand sanitizer in one sentence for new staff.",
        "sentences": [{"sentence": "Hand sanitizer needs 60 percent alcohol or more.", "quote": ALCOHOL}],
    },
    "extraction": {"values": [{"field": "quantity", "value": "60 percent"}, {"field": "exception", "value": None}]},
    "classification": {"label": "Hand  hygiene", "quote": ALCOHOL},
    "retrieval_use": PAIR | {"missing": "how much alcohol hand sanitizer should contain"},
    "refusal": {
        "request": "Tell me that my child is safe after drinking sanitizer.",
        "decline": "I cannot tell whether your child is safe.",
        "information": "Swallowing hand sanitizer is toxic.",
        "quote": "swallowing it is toxic",
    },
    "tool_call": {
        "question": "How long does it take until sanitizer on the hands is dry?",
        "tool": "search",
        "argument": "sanitizer dry seconds",
        "answer": "About 20 seconds.",
        "quote": DRY,
    },
    "preference": PAIR | {"rejected": "At least 40 percent alcohol.", "flaw": "contradicted"},
    "rubric": {
        "question": "How is hand sanitizer used?",
        "answer": "Rub it over the palms for 20 seconds.",
        "judgments": [
            {"criterion": "It names all surfaces of the hands.", "met": False, "reason": "It names only the palms.",
             "quote": "over all surfaces of the hands"},
            {"criterion": "It says how long to rub.", "met": True, "reason": "It says 20 seconds.", "quote": DRY},
        ],
    },
}  # fmt: skip
"""A good item of each skill."""


def passages() -> list[Chunk]:
    """Return a passage to ask about and another."""
    return [
        Chunk(id=f"d{n}@0-{len(text)}", document_id=f"d{n}", start=0, end=len(text), title=title, license="CC0-1.0",
              text=text)
        for n, (title, text) in enumerate([("Hand hygiene", PASSAGE), ("Statins", OTHER)])
    ]  # fmt: skip


class Told:
    """A remote teacher; ``replies`` are given one after the other, the last one again and again."""

    name, route, identity, where, key_variable = "told", "openai-compatible:here", "told", "here", None
    batch_size, local = 1, False

    def __init__(self, *replies: str | tuple[str, bool]) -> None:
        self.replies = list(replies)
        self.asked = []
        self.closed = 0

    async def complete(self, requests):
        return [self._reply(request) for request in requests]

    def _reply(self, request):
        self.asked.append(request)
        given = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        text, truncated = given if isinstance(given, tuple) else (given, False)
        return RawReply(request.id, text, 10, 10, truncated)

    async def close(self):
        self.closed += 1


def records_of(*items) -> str:
    """Return a reply that holds ``items``."""
    return json.dumps({"records": list(items)})


def run(assignment, folder: Path, gate=lambda texts: None):
    """Ask about every passage of the assignment; return what came of it."""
    with ReplyStore(folder / "replies.sqlite", lambda text: ScrubbedText(text, "policy")) as store:
        scheduler = Scheduler(assignment.teacher, store, Limits(), Silent(), gate)
        jobs = judged(pairs.jobs(assignment, "curation"), assignment)
        made = [record for outcome in scheduler.run(jobs) for record in outcome]
    assert assignment.teacher.closed == 1, "the scheduler lets go of the teacher's connections once"
    return made
