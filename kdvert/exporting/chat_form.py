"""A chat template as the texts around each message, for programs that do not run Jinja.

Most templates put fixed texts before and behind each message, by its role. Whether one does is tried: a conversation
built of the texts must be what the template itself gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ROLES = ("system", "user", "assistant")
_MARK = "⟦{role}⟧"


@dataclass(frozen=True)
class ChatForm:
    """Texts before and behind each message, by role, and what comes before the answer that is asked for."""

    around: Mapping[str, tuple[str, str]]
    answer: str

    def render(self, turns: Sequence[Mapping[str, str]]) -> str:
        """Return a conversation as the model reads it, up to where it begins to write."""
        parts = [f"{self.around[t['role']][0]}{t['content']}{self.around[t['role']][1]}" for t in turns]
        return "".join(parts) + self.answer

    @property
    def go_template(self) -> str:
        """The same as a template of Ollama, in Go's language."""
        branches = []
        for number, role in enumerate(_ROLES):
            before, behind = self.around[role]
            test = "if" if number == 0 else "else if"
            branches.append(f'{{{{ {test} eq .Role "{role}" }}}}{before}{{{{ .Content }}}}{behind}')
        return "{{ range .Messages }}" + "".join(branches) + "{{ end }}{{ end }}" + self.answer


def chat_form(tokenizer: PreTrainedTokenizerBase) -> ChatForm | None:
    """Return the texts around messages of a tokenizer's chat template; None if they are not the same each time."""
    marked = [{"role": role, "content": _MARK.format(role=role)} for role in _ROLES]
    told = _text(tokenizer, marked, answer=False)
    if any(told.count(turn["content"]) != 1 for turn in marked):
        return None
    whole = _text(tokenizer, [*marked, {"role": "user", "content": "⟦again⟧"}], answer=True)
    between_users = whole.partition(marked[2]["content"])[2].partition("⟦again⟧")
    pieces = _split(told, [turn["content"] for turn in marked])
    form = _cut(pieces, between_users[0], between_users[2])
    return form if form and _fits(tokenizer, form) else None


def _text(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]], *, answer: bool) -> str:
    rendered: Any = tokenizer.apply_chat_template(
        [dict(turn) for turn in turns], tokenize=False, add_generation_prompt=answer
    )
    text = str(rendered)
    start = tokenizer.bos_token or ""
    # programs that read GGUF put the first token in front by themselves, where the file says so
    return text.removeprefix(start) if start and getattr(tokenizer, "add_bos_token", False) else text


def _split(text: str, marks: Sequence[str]) -> list[str]:
    pieces = []
    for mark in marks:
        before, _, text = text.partition(mark)
        pieces.append(before)
    return [*pieces, text]


def _cut(pieces: Sequence[str], again: str, after_user: str) -> ChatForm | None:
    """Cut what stands between two messages into what belongs to the first and what to the second.

    ``pieces`` stand before the system's, before the user's and before the assistant's message, and behind the last;
    ``again`` stands between an assistant's and a user's message, ``after_user`` behind a user's that is to be answered.
    """
    first, system_user, user_assistant, end = pieces
    if not again.startswith(end):
        return None
    user = again.removeprefix(end)
    if not (system_user.endswith(user) and after_user == user_assistant):
        return None
    system_end = system_user.removesuffix(user) if user else system_user
    around = {"system": (first, system_end), "user": (user, ""), "assistant": (user_assistant, end)}
    return _with_user_end(around, system_end, end)


def _with_user_end(around: dict[str, tuple[str, str]], system_end: str, end: str) -> ChatForm:
    """Move what ends every message from before the assistant's to behind the user's, where all end alike."""
    before = around["assistant"][0]
    if system_end and system_end == end and before.startswith(system_end):
        before = before.removeprefix(system_end)
        around = {**around, "user": (around["user"][0], system_end), "assistant": (before, end)}
    return ChatForm(around, before)


def _fits(tokenizer: PreTrainedTokenizerBase, form: ChatForm) -> bool:
    talk = [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "First."}, {"role": "user", "content": "Two?"},
    ]  # fmt: skip
    return form.render(talk) == _text(tokenizer, talk, answer=True)
