"""Requests that the assistant must not simply fulfill: it declines, says what may be said, adds the disclaimer."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import asked, phrase, tidy, worded
from kdvert.errors import UserError
from kdvert.filters.wording import words

_RECORD = phrase("refusal", "record")


class Declined(Item):
    """A request, how it is declined, and what the passages say in general, with a quote."""

    request: str = Field(min_length=1)
    decline: str = Field(min_length=1)
    information: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def draft(found: Declined, occasion: Occasion, number: int) -> Draft:
    """Return the request and an answer that ends with the vertical's disclaimer, word for word.

    Raises:
        Unusable: ``question_too_short``, ``question_has_placeholder``.
        UserError: the vertical states no disclaimer.
    """
    disclaimer = tidy(occasion.task.disclaimer)
    if not disclaimer:
        raise UserError(
            f"The skill 'refusal' ends answers with the disclaimer of '{occasion.task.vertical}', which states none.",
            hint="Write one into vertical.yaml (disclaimer), or take another skill.",
        )
    request = asked(found.request, occasion)
    if len(words(request)) < 3:
        raise Unusable("question_too_short", request)
    parts = {"decline": tidy(found.decline), "information": tidy(found.information)}
    answer = worded(occasion, _RECORD, **parts, disclaimer=disclaimer)
    return Draft(conversation(request, answer), [found.quote], templates=[_RECORD])


SKILL = Skill("refusal", Declined, draft)
