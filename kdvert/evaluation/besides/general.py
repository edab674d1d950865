"""General ability: easy questions of other fields, the same for every project, asked plainly.

They ship with kdvert, in our own words under CC0-1.0. Those of the project's own field are left out: there the student
is meant to change. Base and student are asked without the vertical's instructions, as a stranger would.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdvert.evaluation.items import load_items
from kdvert.evaluation.requests import Request
from kdvert.records import EvalItem, sha256_text
from kdvert.students.prompts import UnstableTemplate, answer_ids, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

QUESTIONS = Path(__file__).with_name("questions.jsonl")
"""One question a line; ``task`` is its field: the id of a vertical, or a field that no vertical is about."""


def items(own_field: str, *, limit: int | None, seed: int) -> list[EvalItem]:
    """Return the questions but those of ``own_field``; at most ``limit``, drawn by ``seed``."""
    others = [item for item in load_items([QUESTIONS]) if item.task != own_field]
    drawn = sorted(others, key=lambda item: sha256_text(f"{seed}:{item.id}"))[:limit]
    return [item for item in others if item in drawn]


def requests(some: Sequence[EvalItem], tokenizer: PreTrainedTokenizerBase) -> list[Request]:
    """Return each question as tokens, with its choices, which the question does not show."""
    made = []
    for item in some:
        turns = [{"role": "user", "content": item.question}]
        prompt = prompt_ids(tokenizer, turns)
        try:
            answer = answer_ids(tokenizer, turns, item.answer)
            options = [answer_ids(tokenizer, turns, choice) for choice in item.choices or []]
        except UnstableTemplate:
            made.append(Request(item, "closed_book", prompt, [], problem="unstable_chat_template"))
            continue
        made.append(Request(item, "closed_book", prompt, answer, options))
    return made
