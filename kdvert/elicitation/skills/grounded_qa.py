"""Questions with answers of a few sentences, each proved by a quote."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation import sanity
from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable


class Pair(Item):
    """A question, its answer and the quote that is said to prove it."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def draft(pair: Pair, occasion: Occasion, number: int) -> Draft:
    """Return the pair as a conversation."""
    question = standing(pair.question, occasion)
    return Draft(conversation(question, " ".join(pair.answer.split())), [pair.quote])


def standing(text: str, occasion: Occasion) -> str:
    """Return a question that stands alone, with single spaces.

    Raises:
        Unusable: see `sanity.shape`.
    """
    question = " ".join(text.split())
    if reason := sanity.shape(question, occasion.task.stands_in):
        raise Unusable(reason, question)
    return question


SKILL = Skill("grounded_qa", Pair, draft)
