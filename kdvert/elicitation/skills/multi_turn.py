"""Dialogues: follow-up questions that build on what was said, and cite for every answer."""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.grounded_qa import Pair, cited
from kdvert.elicitation.skills.wording import asked, standing, tidy

FEWEST, MOST = 2, 6  # questions of a dialogue


class Dialogue(Item):
    """Questions with answers and what they cite, in the order in which they are asked."""

    turns: list[Pair] = Field(min_length=1)


def draft(dialogue: Dialogue, occasion: Occasion, number: int) -> Draft:
    """Return the dialogue. Its first question stands alone, later ones may point back.

    Raises:
        Unusable: ``too_few_turns``, ``repeated_turn``, or what is wrong with a question.
    """
    turns = dialogue.turns[:MOST]
    if len(turns) < FEWEST:
        raise Unusable("too_few_turns")
    first, *later = turns
    questions = [standing(first.question, occasion), *(asked(turn.question, occasion) for turn in later)]
    if len({q.casefold() for q in questions}) < len(questions):
        raise Unusable("repeated_turn")
    pairs = zip(questions, turns, strict=True)
    messages = [m for question, turn in pairs for m in conversation(question, tidy(turn.answer))]
    return Draft(messages, [quote for turn in turns for quote in cited(turn, occasion)])


SKILL = Skill("multi_turn", Dialogue, draft, numbered=True, together=True)
