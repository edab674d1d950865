"""How a student is asked: one form for training, evaluation and use.

What the student is trained on and what it is later asked must be the same tokens, so both come from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.content import shared_templates
from kdvert.errors import UserError
from kdvert.records import Example, sha256_json
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SYSTEM = "student/system.j2"
QUESTION = "student/question.j2"

Turn = dict[str, str]
"""A message as chat templates take it: ``role`` and ``content``."""


@dataclass(frozen=True)
class Prompts:
    """Renders the templates a student is asked with."""

    templates: TemplateSet
    vertical_title: str
    disclaimer: str

    @classmethod
    def for_vertical(cls, templates: TemplateSet, vertical: Vertical) -> Prompts:
        """Return the prompts of a project in ``vertical``."""
        return cls(templates, vertical.manifest.title, vertical.manifest.disclaimer)

    def system(self) -> Turn:
        """Return the system message."""
        variables = {"vertical_title": self.vertical_title, "disclaimer": self.disclaimer}
        return {"role": "system", "content": self.templates.render(SYSTEM, variables).strip()}

    def user(self, question: str, *, passages: Sequence[str] = (), choices: Sequence[str] = ()) -> Turn:
        """Return the message that asks ``question``; without passages the student answers from memory."""
        variables = {"question": question, "passages": list(passages), "choices": list(choices)}
        return {"role": "user", "content": self.templates.render(QUESTION, variables).strip()}

    def ask(self, question: str, *, passages: Sequence[str] = (), choices: Sequence[str] = ()) -> list[Turn]:
        """Return the conversation that ends in ``question``."""
        return [self.system(), self.user(question, passages=passages, choices=choices)]

    def turns(self, example: Example, *, passages: Sequence[str] = ()) -> list[Turn]:
        """Return a record's turns as a chat template takes them: its own system text joins that of the student.

        What a tool gave comes as a turn of the user, because few chat templates know another place for it.

        Args:
            example: the record.
            passages: shown with the first question, where the record itself shows none.
        """
        own = [m.content.strip() for m in example.messages if m.role == "system"]
        system = self.system()
        turns = [{**system, "content": "\n\n".join([system["content"], *own])}]
        shown: Sequence[str] = example.context or passages
        for message in example.messages:
            if message.role == "user":
                turns.append(self.user(message.content, passages=shown))
                shown = []  # once, with the first question
            elif message.role == "tool":
                turns.append({"role": "user", "content": message.content.strip()})
            elif message.role == "assistant":
                turns.append({"role": "assistant", "content": message.content.strip()})
        return turns

    @property
    def sha256(self) -> str:
        """Hash of everything that shapes a prompt but the question."""
        return sha256_json([self.templates.sha256(SYSTEM), self.templates.sha256(QUESTION), self.system()])


def template_folders(templates: TemplateSet) -> list[Path]:
    """Return the folders whose files decide how a student is asked."""
    roots = (templates.project, templates.vertical, shared_templates())
    return [root / "student" for root in roots if root is not None and (root / "student").is_dir()]


@dataclass(frozen=True)
class Tokens:
    """A conversation as token ids; ``trained[i]`` says whether token i was written by the assistant."""

    ids: list[int]
    trained: list[bool]


class UnstableTemplate(Exception):
    """The chat template writes earlier turns differently once a later turn follows."""


def prompt_ids(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the token ids of a conversation up to where the assistant begins to write.

    Raises:
        UserError: the tokenizer has no chat template, or its template refuses the conversation.
    """
    return _apply(tokenizer, turns, add_generation_prompt=True)


def conversation_ids(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]]) -> Tokens:
    """Return the token ids of a finished conversation and which of them the assistant wrote.

    An assistant turn starts where `prompt_ids` of the turns before it ends, so a model is trained behind exactly
    the prompt that it will be asked with; it ends with the end-of-text token, that is trained too. This needs no
    ``{% generation %}`` mark in the chat template, which few models have, and holds for several turns.

    Raises:
        UnstableTemplate: the prompt of a turn is not how the whole conversation begins.
        UserError: see `prompt_ids`.
    """
    ids = _apply(tokenizer, turns, add_generation_prompt=False)
    trained = [False] * len(ids)
    for number, turn in enumerate(turns):
        if turn["role"] != "assistant":
            continue
        prompt = prompt_ids(tokenizer, turns[:number])
        upto = _apply(tokenizer, turns[: number + 1], add_generation_prompt=False)
        if ids[: len(prompt)] != prompt or ids[: len(upto)] != upto:
            raise UnstableTemplate
        for position in range(len(prompt), _end_of_turn(tokenizer, upto, len(prompt))):
            trained[position] = True
    return Tokens(ids, trained)


def answer_ids(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]], answer: str) -> list[int]:
    """Return the token ids of ``answer`` behind a conversation, without the end-of-text token.

    Raises:
        UnstableTemplate, UserError: see `conversation_ids`.
    """
    tokens = conversation_ids(tokenizer, [*turns, {"role": "assistant", "content": answer.strip()}])
    start = len(prompt_ids(tokenizer, turns))
    written = [i for i, mine in zip(tokens.ids[start:], tokens.trained[start:], strict=True) if mine]
    return written[:-1] if written and written[-1] == tokenizer.eos_token_id else written


def last_answer(turns: Sequence[Turn]) -> int:
    """Return the place of the last turn of the assistant; before it stands what it answers."""
    return max(i for i, turn in enumerate(turns) if turn["role"] == "assistant")


def _end_of_turn(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], start: int) -> int:
    """Return where the turn that starts at ``start`` ends: after the end-of-text token, before what follows it."""
    ends = [i for i in range(start, len(ids)) if ids[i] == tokenizer.eos_token_id]
    return ends[-1] + 1 if ends else len(ids)


def _apply(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]], **options: Any) -> list[int]:
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise UserError(
            f"The model {tokenizer.name_or_path} has no chat template, so it cannot be asked questions.",
            hint="Take the instruction-tuned variant of the model.",
        )
    try:
        encoded: Any = tokenizer.apply_chat_template(
            [dict(turn) for turn in turns], tokenize=True, return_dict=True, **options
        )
    except TemplateError as error:
        raise UserError(f"The chat template of {tokenizer.name_or_path} refuses the conversation: {error}") from error
    return [int(i) for i in encoded["input_ids"]]
