"""What is put to a model for each question: prompt, reference answer and choices as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from kdvert.records import EvalItem
from kdvert.students.prompts import Prompts, Turn, UnstableTemplate, answer_ids, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Mode = Literal["closed_book", "retrieval"]


@dataclass(frozen=True)
class Passage:
    """A retrieved passage."""

    chunk_id: str
    text: str


class Search(Protocol):
    """Finds passages for many questions at once."""

    def __call__(self, questions: Sequence[str], k: int) -> list[list[Passage]]:
        """Return the ``k`` best passages of each question, best first."""


@dataclass(frozen=True)
class Request:
    """A question as a model sees it.

    Attributes:
        answer: tokens of the reference answer; empty if it cannot be scored.
        options: tokens of each choice, in order; empty for an open question, which is answered in free text.
        shortened: passages that lost their end, or were left out, to fit.
        problem: why nothing can be scored, or None.
    """

    item: EvalItem
    mode: Mode
    prompt: list[int]
    answer: list[int]
    options: list[list[int]] = field(default_factory=list)
    retrieved: list[str] = field(default_factory=list)
    shortened: int = 0
    problem: str | None = None


@dataclass(frozen=True)
class Form:
    """How questions are put.

    Attributes:
        passage_tokens: a longer passage is cut.
        answer_tokens: of a longer reference answer only the start is scored.
        total_tokens: what prompt and answer may take together; passages are left out until they fit.
        show_choices: whether the prompt lists the choices.
    """

    passage_tokens: int
    answer_tokens: int
    total_tokens: int
    show_choices: bool


def build(
    items: Sequence[EvalItem],
    mode: Mode,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Prompts,
    form: Form,
    passages: Sequence[Sequence[Passage]] | None = None,
) -> list[Request]:
    """Return one request an item.

    Args:
        items: the questions.
        mode: recorded in the requests.
        tokenizer: the model's.
        prompts: how the model is asked.
        form: lengths and choices.
        passages: for ``retrieval``, what was found for each item; longer passages are cut to ``form.passage_tokens``.
    """
    found = passages or [()] * len(items)
    return [_request(i, mode, tokenizer, prompts, form, p) for i, p in zip(items, found, strict=True)]


def _request(
    item: EvalItem,
    mode: Mode,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Prompts,
    form: Form,
    passages: Sequence[Passage],
) -> Request:
    choices = (item.choices or []) if form.show_choices else []
    texts = [shorten(tokenizer, p.text, form.passage_tokens) for p in passages]
    shortened = sum(short != p.text for short, p in zip(texts, passages, strict=True))
    turns = prompts.ask(item.question, passages=texts, choices=choices)
    while len(prompt_ids(tokenizer, turns)) + form.answer_tokens > form.total_tokens and texts:
        texts.pop()
        shortened += 1
        turns = prompts.ask(item.question, passages=texts, choices=choices)
    prompt = prompt_ids(tokenizer, turns)
    retrieved = [p.chunk_id for p in passages[: len(texts)]]
    if len(prompt) + form.answer_tokens > form.total_tokens:
        return Request(item, mode, prompt, [], problem="question_too_long", shortened=shortened)
    try:
        answer = answer_ids(tokenizer, turns, item.answer)[: form.answer_tokens]
        options = [_option(tokenizer, turns, text, form) for text in item.choices or []]
    except UnstableTemplate:
        return Request(item, mode, prompt, [], problem="unstable_chat_template", shortened=shortened)
    problem = None if answer else "empty_answer"
    return Request(item, mode, prompt, answer, options, retrieved, shortened, problem)


def _option(tokenizer: PreTrainedTokenizerBase, turns: list[Turn], text: str, form: Form) -> list[int]:
    return answer_ids(tokenizer, turns, text)[: form.answer_tokens]


def shorten(tokenizer: PreTrainedTokenizerBase, text: str, tokens: int) -> str:
    """Return the first ``tokens`` tokens of ``text``, cut at the end of a word."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if len(offsets) <= tokens:
        return text
    cut = text[: offsets[tokens - 1][1]]
    whole = cut if text[len(cut) : len(cut) + 1].isspace() else cut.rpartition(" ")[0] or cut
    return whole.rstrip() + " …"
