"""From a conversation to the tokens the student reads: passages with the last question, older turns as they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.errors import UserError
from kdvert.students.prompts import Prompts, Turn, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class TooLong(UserError):
    """The question alone does not fit into what the student can read."""


@dataclass(frozen=True)
class Asked:
    """A conversation as the student reads it.

    Attributes:
        prompt: its tokens.
        shown: how many passages are in it.
        left_out: how many older turns were left out to fit.
    """

    prompt: list[int]
    shown: int
    left_out: int


def ask(
    turns: Sequence[Turn], passages: Sequence[str], prompts: Prompts, tokenizer: PreTrainedTokenizerBase, room: int
) -> Asked:
    """Return a conversation as tokens: the form of training and evaluation, where there is one question.

    What does not fit is left out: first the oldest turns, then the last passages.

    Args:
        turns: of system, user and assistant; the last one is the question.
        passages: what is shown with it.
        prompts: how the student is asked.
        tokenizer: the student's.
        room: how many tokens the prompt may take.

    Raises:
        TooLong: the question does not fit even alone.
        UserError: the chat template refuses the conversation.
    """
    own = [turn["content"] for turn in turns if turn["role"] == "system"]
    told = prompts.system()
    system = {**told, "content": "\n\n".join([told["content"], *own])}
    older = [turn for turn in turns[:-1] if turn["role"] != "system"]
    shown, left_out = list(passages), 0
    while True:
        question = prompts.user(turns[-1]["content"], passages=shown)
        ids = prompt_ids(tokenizer, [system, *older[left_out:], question])
        if len(ids) <= room:
            return Asked(ids, len(shown), left_out)
        if left_out < len(older):
            left_out = _next_question(older, left_out)
        elif shown:
            shown.pop()
        else:
            raise TooLong(
                f"The question takes {len(ids)} tokens with the system message, and {room} fit.",
                hint="Ask a shorter question, or for a shorter answer.",
            )


def _next_question(older: Sequence[Turn], start: int) -> int:
    """Return where the next exchange begins: an answer whose question is left out says nothing."""
    return next((i for i in range(start + 1, len(older)) if older[i]["role"] == "user"), len(older))
