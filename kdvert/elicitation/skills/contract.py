"""What a skill is: the form of a reply, and how a reply becomes the draft of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from kdvert.elicitation.contract import Assignment
from kdvert.records import Chunk, Message, ScrubbedText, Verdict

Variables = Mapping[str, ScrubbedText | Sequence[ScrubbedText] | int | None]
"""What a prompt template may use."""


class Item(BaseModel):
    """One record in a teacher's reply. Further keys are tolerated in a reply, and not asked for."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, json_schema_extra={"additionalProperties": False}
    )


@dataclass(frozen=True)
class Draft:
    """A record before its evidence is checked.

    Attributes:
        messages: the conversation; it ends with the assistant.
        quotes: what is said to prove it; each must stand in a passage that was shown.
        context: passages that the first turn of the user shows to the student, in order.
        rejected: turns worse than the last one of ``messages``, to stand in its place.
        verdicts: what the skill checked.
        templates: that worded parts of the messages.
    """

    messages: Sequence[Message]
    quotes: Sequence[str]
    context: Sequence[str] = ()
    rejected: Sequence[Message] = ()
    verdicts: Sequence[Verdict] = ()
    templates: Sequence[str] = ()


@dataclass(frozen=True)
class Unusable(Exception):
    """A part of a reply gives no record: ``reason`` is a stable code, ``detail`` the text it is about."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Occasion:
    """One question to the teacher.

    Attributes:
        task: the assignment.
        strategy: who asks, in the survey's words; its own templates come before those of the skill.
        shown: the passages that stand in the prompt; the first is the one to ask about.
        count: most records of the reply.
        extra: what the strategy's template uses beside.
        name: the template's name, without its ending.
        written_about: how many of ``shown``, the first ones, are to be asked about.
    """

    task: Assignment
    strategy: str
    shown: Sequence[Chunk]
    count: int
    extra: Variables = field(default_factory=dict)
    name: str = "ask"
    written_about: int = 1

    @property
    def about(self) -> Chunk:
        """The passage to ask about."""
        return self.shown[0]

    @property
    def template(self) -> str:
        """The path of the prompt template."""
        return self.task.template(self.strategy, self.name)


ItemType = TypeVar("ItemType", bound=Item)


def no_variables(occasion: Occasion) -> Variables:
    """Return nothing: the template uses only what all of them use."""
    return {}


@dataclass(frozen=True)
class Skill(Generic[ItemType]):
    """What records of one kind are made of.

    Attributes:
        name: as in the settings; the folder of its templates.
        item: the form of one record in a reply.
        draft: makes the draft of a record, or raises `Unusable`; the number tells records of a reply apart.
        variables: what the skill's template uses beside passages, title, fence and count.
        numbered: passages are shown as numbered sentences, and the reply cites numbers.
        together: a record may be about any of several passages, so that one call can ask about them all.
        beside: how many neighbors of the passage the teacher has to see, unless ``elicit.beside`` says otherwise.
        most: records that a passage can give, where more make no sense; None: as many as ``elicit.per_passage``.
    """

    name: str
    item: type[ItemType]
    draft: Callable[[ItemType, Occasion, int], Draft]
    variables: Callable[[Occasion], Variables] = no_variables
    numbered: bool = False
    together: bool = False
    beside: int = 0
    most: int | None = None

    def per_passage(self, wanted: int) -> int:
        """Return how many records to ask for about a passage, if ``wanted`` were the most."""
        return wanted if self.most is None else min(wanted, self.most)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a whole reply."""
        item = self.item.model_json_schema()
        shared = {"$defs": item.pop("$defs")} if "$defs" in item else {}
        records = {"type": "array", "items": item}
        closed = {"type": "object", "properties": {"records": records}, "required": ["records"]}
        return {**shared, **closed, "additionalProperties": False}
