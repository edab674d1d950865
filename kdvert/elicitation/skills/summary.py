"""Summaries of a passage that stands in the record; every sentence has a quote."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import asked, passage, tidy
from kdvert.filters.wording import words

LONGEST = 0.8  # of the passage's words


class Sentence(Item):
    """A sentence of the summary, and the quote that it rests on."""

    sentence: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class Summary(Item):
    """A request for a summary, and the summary sentence by sentence."""

    request: str = Field(min_length=1)
    sentences: list[Sentence] = Field(min_length=1)


def draft(found: Summary, occasion: Occasion, number: int) -> Draft:
    """Return the request, with the passage, and the summary.

    Raises:
        Unusable: ``summary_not_shorter`` than the passage, or what is wrong with the request.
    """
    shown = passage(occasion.about)
    text = " ".join(tidy(s.sentence) for s in found.sentences)
    if len(words(text)) > LONGEST * len(words(shown)):
        raise Unusable("summary_not_shorter", text)
    messages = conversation(asked(found.request, occasion), text)
    return Draft(messages, [s.quote for s in found.sentences], context=[shown])


SKILL = Skill("summary", Summary, draft)
