"""Answers in steps: what a step takes from a passage is proved by a quote, what it concludes stands without one."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import phrase, standing, tidy, worded

FEWEST = 2  # steps
_RECORD = phrase("reasoning", "record")


class Step(Item):
    """One step; ``quote`` is None where it follows from the steps before."""

    statement: str = Field(min_length=1)
    quote: str | None


class Reasoning(Item):
    """A question that takes several steps to answer."""

    question: str = Field(min_length=1)
    steps: list[Step] = Field(min_length=1)
    answer: str = Field(min_length=1)


def draft(found: Reasoning, occasion: Occasion, number: int) -> Draft:
    """Return the question with its steps and its answer.

    Raises:
        Unusable: ``too_few_steps``, ``no_quote`` (nothing but conclusions), or what is wrong with the question.
    """
    question = standing(found.question, occasion)
    if len(found.steps) < FEWEST:
        raise Unusable("too_few_steps", question)
    quotes = [step.quote for step in found.steps if step.quote and step.quote.strip()]
    if not quotes:
        raise Unusable("no_quote", question)
    steps = [tidy(step.statement) for step in found.steps]
    answer = worded(occasion, _RECORD, steps=steps, answer=tidy(found.answer))
    return Draft(conversation(question, answer), quotes, templates=[_RECORD])


SKILL = Skill("reasoning", Reasoning, draft, together=True, beside=2)
