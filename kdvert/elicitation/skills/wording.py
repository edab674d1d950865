"""What skills share in wording: questions and requests that may stand in a record, fixed phrases out of templates."""

from __future__ import annotations

from typing import Any

from kdvert.elicitation import sanity
from kdvert.elicitation.skills.contract import Occasion, Unusable
from kdvert.records import Chunk


def tidy(text: str) -> str:
    """Return ``text`` with single spaces."""
    return " ".join(text.split())


def standing(text: str, occasion: Occasion) -> str:
    """Return a question that stands alone, with single spaces.

    Raises:
        Unusable: see `sanity.shape`.
    """
    question = tidy(text)
    if reason := sanity.shape(question, occasion.task.stands_in):
        raise Unusable(reason, question)
    return question


def asked(text: str, occasion: Occasion) -> str:
    """Return a request or a follow-up question, which may point at a text or at an earlier turn.

    Raises:
        Unusable: ``question_has_placeholder``.
    """
    request = tidy(text)
    if occasion.task.stands_in(request):
        raise Unusable("question_has_placeholder")
    return request


def passage(chunk: Chunk) -> str:
    """Return a passage as the student is shown it."""
    return tidy(chunk.text)


def phrase(skill: str, name: str) -> str:
    """Return the path of a template that words a part of a record."""
    return f"elicit/skill/{skill}/{name}.j2"


def worded(occasion: Occasion, template: str, **values: Any) -> str:
    """Return a part of a record, worded by a template that a vertical or a project may override."""
    return occasion.task.templates.render(template, values).strip()
