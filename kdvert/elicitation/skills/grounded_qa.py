"""Questions with answers of a few sentences, each proved by a quote."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill
from kdvert.elicitation.skills.wording import standing, tidy


class Pair(Item):
    """A question, its answer and the quote that is said to prove it."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def draft(pair: Pair, occasion: Occasion, number: int) -> Draft:
    """Return the pair as a conversation."""
    return Draft(conversation(standing(pair.question, occasion), tidy(pair.answer)), [pair.quote])


SKILL = Skill("grounded_qa", Pair, draft)
