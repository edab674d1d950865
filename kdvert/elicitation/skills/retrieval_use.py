"""Reading what retrieval found: the passage with the answer among others, and sometimes only the others.

After RAFT (arXiv 2403.10131): of a share of the questions the student sees no passage that answers them. There it
learns to say what is missing. The evidence of such a record is the passage that was held back.
"""

from __future__ import annotations

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import passage, phrase, standing, tidy, worded
from kdvert.filters.wording import locate, words
from kdvert.records import Chunk, Verdict, sha256_text

DISTRACTORS = 3
WITHHELD_EVERY = 5
"""One question in five loses its passage: RAFT found 80 % with it to serve most data sets."""

_NEARLY_SAID = 0.8  # of the answer's words
_ABSTAIN = phrase("retrieval_use", "record")


class Asked(Item):
    """A question with its answer; ``missing`` says in a noun phrase what somebody without the passage lacks."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=1)
    missing: str = Field(min_length=1)


def draft(found: Asked, occasion: Occasion, number: int) -> Draft:
    """Return the question among passages, with its answer, or with what is missing.

    Raises:
        Unusable: ``no_distractors`` (all other passages say the same), or what is wrong with the question.
    """
    question = standing(found.question, occasion)
    others = [c for c in occasion.shown if not _says(c, found)][:DISTRACTORS]
    if not others:
        raise Unusable("no_distractors", question)
    gold = next((c for c in occasion.shown if locate(found.quote, c.text)), None)
    if gold is None:
        raise Unusable("quote_not_found", found.quote)
    withheld = withholds(question)
    shown = others if withheld else [gold, *others]
    context = [passage(c) for c in sorted(shown, key=lambda c: sha256_text(f"{question}\n{c.id}"))]
    answer = worded(occasion, _ABSTAIN, missing=tidy(found.missing).rstrip(".")) if withheld else tidy(found.answer)
    noted = Verdict(check="answer_in_context", passed=True, score=0 if withheld else 1)
    templates = [_ABSTAIN] if withheld else []
    return Draft(conversation(question, answer), [found.quote], context, verdicts=[noted], templates=templates)


def withholds(question: str) -> bool:
    """Tell whether the student is to see no answer to ``question``: the same choice in every run."""
    return int(sha256_text(question)[:8], 16) % WITHHELD_EVERY == 0


def _says(chunk: Chunk, found: Asked) -> bool:
    """Whether a passage may answer the question too: it holds the quote or nearly all words of the answer."""
    if locate(found.quote, chunk.text):
        return True
    wanted = set(words(found.answer))
    return len(wanted & set(words(chunk.text))) >= _NEARLY_SAID * len(wanted)


SKILL = Skill("retrieval_use", Asked, draft, beside=DISTRACTORS)
