"""Pairs of answers: one that its quote proves, one that contradicts the passages or that they do not support."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import standing, tidy
from kdvert.filters.wording import locate, words
from kdvert.records import Message, Verdict


class Preference(Item):
    """A question, a right answer with its quote, a wrong answer and in which way it is wrong."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=1)
    rejected: str = Field(min_length=1)
    flaw: Literal["contradicted", "unsupported"]


def draft(found: Preference, occasion: Occasion, number: int) -> Draft:
    """Return the question with both answers.

    Raises:
        Unusable: ``rejected_equals_answer``, ``rejected_is_supported`` (it stands in a passage, or says a part of the
            right answer and nothing else), or what is wrong with the question.
    """
    question = standing(found.question, occasion)
    right, wrong = words(found.answer), words(found.rejected)
    if right == wrong:
        raise Unusable("rejected_equals_answer", question)
    stands = any(locate(found.rejected, chunk.text) for chunk in occasion.shown)
    if stands or " ".join(wrong) in " ".join(right):
        raise Unusable("rejected_is_supported", tidy(found.rejected))
    rejected = [Message(role="assistant", content=tidy(found.rejected))]
    noted = Verdict(check=f"rejected_{found.flaw}", passed=True)
    return Draft(conversation(question, tidy(found.answer)), [found.quote], rejected=rejected, verdicts=[noted])


SKILL = Skill("preference", Preference, draft, together=True)
