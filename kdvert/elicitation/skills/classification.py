"""Classification: which of the vertical's topics a passage is about, proved by a quote."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable, Variables
from kdvert.elicitation.skills.wording import passage, phrase, tidy, worded
from kdvert.errors import UserError
from kdvert.records import ScrubbedText

_REQUEST = phrase("classification", "record")


class Label(Item):
    """The topic of a passage and the sentence that shows it."""

    label: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def labels(occasion: Occasion) -> list[str]:
    """Return the labels to choose from.

    Raises:
        UserError: there are fewer than two.
    """
    found = list(occasion.task.labels)
    if len(found) < 2:
        raise UserError(
            f"Classification needs two labels or more, and the vertical '{occasion.task.vertical}' has {len(found)}.",
            hint="Labels are the topics of vertical.yaml. Name more, or take another skill.",
        )
    return found


def variables(occasion: Occasion) -> Variables:
    """Return the labels."""
    return {"labels": [ScrubbedText(label, "package") for label in labels(occasion)]}


def draft(found: Label, occasion: Occasion, number: int) -> Draft:
    """Return the request, with the passage, and the label as the vertical spells it.

    Raises:
        Unusable: ``unknown_label``.
    """
    known = labels(occasion)
    label = next((name for name in known if name.casefold() == tidy(found.label).casefold()), None)
    if label is None:
        raise Unusable("unknown_label", found.label)
    request = worded(occasion, _REQUEST, labels=known)
    return Draft(conversation(request, label), [found.quote], context=[passage(occasion.about)], templates=[_REQUEST])


SKILL = Skill("classification", Label, draft, variables, most=1)
