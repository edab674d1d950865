"""Questions with answers of a few sentences, each proved by sentences that it cites."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.numbering import numbered
from kdvert.elicitation.proving import proof
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import standing, tidy


def _asked_for(schema: dict[str, Any]) -> None:
    schema["required"] = ["sentences", "question", "answer"]
    schema["additionalProperties"] = False


class Pair(Item):
    """A question, its answer and the numbers of the sentences that are said to prove it, or a quote in their place."""

    model_config = ConfigDict(json_schema_extra=_asked_for)

    sentences: Annotated[list[int], Field(default_factory=list, json_schema_extra={"minItems": 1})]
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: SkipJsonSchema[str] = ""

    @model_validator(mode="after")
    def _is_proved(self) -> Pair:
        if not self.sentences and not self.quote:
            raise PydanticCustomError("missing", "neither sentences nor a quote")
        return self


def draft(pair: Pair, occasion: Occasion, number: int) -> Draft:
    """Return the pair as a conversation.

    Raises:
        Unusable: ``no_such_sentence``, or what is wrong with the question.
    """
    question = standing(pair.question, occasion)
    return Draft(conversation(question, tidy(pair.answer)), cited(pair, occasion))


def cited(pair: Pair, occasion: Occasion) -> list[str]:
    """Return what the pair rests on, word for word: the sentences cited, or nearer ones if those do not hold it.

    Raises:
        Unusable: ``no_such_sentence``, or ``evidence_has_placeholder``: what the sentence is about was replaced, so it
            proves nothing of anything.
    """
    if not pair.sentences:
        return [pair.quote]
    shown = numbered(occasion.shown, occasion.task.language)
    if missing := [n for n in pair.sentences if not 1 <= n <= len(shown)]:
        raise Unusable("no_such_sentence", f"{missing[0]} of {len(shown)}")
    found = proof(pair.answer, pair.question, shown, pair.sentences, occasion.task.language)
    if hidden := next((s for s in found if occasion.task.stands_in(s.text)), None):
        raise Unusable("evidence_has_placeholder", hidden.text)
    return [sentence.text for sentence in found]


SKILL = Skill("grounded_qa", Pair, draft, numbered=True, together=True)
