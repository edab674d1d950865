"""Judging an answer by criteria: met or not, why, and the quote that shows it. The points are counted by code."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import asked, passage, phrase, standing, tidy, worded

FEWEST = 2  # criteria
_REQUEST = phrase("rubric", "request")
_JUDGMENT = phrase("rubric", "record")


class Judged(Item):
    """One criterion and whether the answer meets it."""

    criterion: str = Field(min_length=1)
    met: bool
    reason: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class Rubric(Item):
    """A question, an answer to judge, and the judgment by each criterion."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    judgments: list[Judged] = Field(min_length=1)


def draft(found: Rubric, occasion: Occasion, number: int) -> Draft:
    """Return what is to be judged, with the passage, and the judgment.

    Raises:
        Unusable: ``too_few_criteria``, ``repeated_criterion``, or what is wrong with the question.
    """
    question, answer = standing(found.question, occasion), asked(found.answer, occasion)
    criteria = [tidy(j.criterion) for j in found.judgments]
    if len(criteria) < FEWEST:
        raise Unusable("too_few_criteria", question)
    if len({c.casefold() for c in criteria}) < len(criteria):
        raise Unusable("repeated_criterion", question)
    request = worded(occasion, _REQUEST, question=question, answer=answer, criteria=criteria)
    judgments = [
        {"criterion": c, "met": j.met, "reason": tidy(j.reason)} for c, j in zip(criteria, found.judgments, strict=True)
    ]
    points = sum(j.met for j in found.judgments)
    judgment = worded(occasion, _JUDGMENT, judgments=judgments, points=points, most=len(criteria))
    return Draft(
        conversation(request, judgment), [j.quote for j in found.judgments], context=[passage(occasion.about)],
        templates=[_REQUEST, _JUDGMENT],
    )  # fmt: skip


SKILL = Skill("rubric", Rubric, draft)
