"""Questions whose answers are sentences of the passages, word for word: the teacher writes the question alone.

A reply is cheaper than one with answers, and nothing in an answer can be made up; what can go wrong is that it answers
another question, or leans on text that stands before it. So the teacher copies the few words that answer its question,
and code looks where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.fences import instructs
from kdvert.elicitation.numbering import Sentence, numbered
from kdvert.elicitation.proving import ENOUGH, proof
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable
from kdvert.elicitation.skills.wording import standing
from kdvert.filters.wording import locate
from kdvert.knowledge.language import Language

MOST = 2
"""Sentences of an answer, beside those that it points back to."""
ABOUT = 0.5
"""Share of the question's content words that the answer and the title of its document must hold."""
GIVEN = 0.5
"""Share of the content words asked for that a question may hold."""


class Asked(Item):
    """A question, and the words of a passage that answer it in short."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


def draft(item: Asked, occasion: Occasion, number: int) -> Draft:
    """Return the question with the sentences that hold the short answer.

    Raises:
        Unusable: what is wrong with the question; ``words_not_found``, ``answer_is_no_sentence``,
            ``answer_gives_orders``, ``answer_points_back``, ``answer_of_another_question``,
            ``question_gives_answer_away``.
    """
    question = standing(item.question, occasion)
    language = occasion.task.language
    shown = numbered(occasion.shown, language)
    sentences = _whole(_holding(item.answer, question, shown, language), shown, language)
    _answers(question, item.answer, sentences, language)
    return Draft(conversation(question, " ".join(s.text for s in sentences)), [s.text for s in sentences])


def _holding(words: str, question: str, shown: Sequence[Sentence], language: Language) -> list[Sentence]:
    """Return the sentence that holds ``words``, of several the one nearest to the question.

    Small teachers miscopy, so where none does, those are returned that hold nearly all of the content words.

    Raises:
        Unusable: ``words_not_found``.
    """
    asked, wanted = language.content(question), language.content(words)
    if holding := [s for s in shown if locate(words.strip(" ."), s.text)]:
        return [max(holding, key=lambda s: len(asked & language.content(s.text)))]
    found = proof(words, question, shown, (), language)
    held = asked.union(*(language.content(s.text) for s in found))
    if not found or len(found) > MOST or len(wanted - held) > (1 - ENOUGH) * len(wanted):
        raise Unusable("words_not_found", words)
    return found


def _whole(found: Sequence[Sentence], shown: Sequence[Sentence], language: Language) -> list[Sentence]:
    """Return the sentences, each with the one before it if it points back to that.

    Raises:
        Unusable: one is a heading, a row of a table or a question, speaks to a language model, or points back to what
            was not shown.
    """
    whole: dict[int, Sentence] = {}
    for sentence in found:
        if not _states(sentence):
            raise Unusable("answer_is_no_sentence", sentence.text)
        if instructs(sentence.text):
            raise Unusable("answer_gives_orders", sentence.text)
        if _points_back(sentence.text, language) and sentence.number - 1 not in whole:
            before = _before(sentence, shown, language)
            whole[before.number] = before
        whole[sentence.number] = sentence
    return [whole[number] for number in sorted(whole)]


def _before(sentence: Sentence, shown: Sequence[Sentence], language: Language) -> Sentence:
    before = shown[sentence.number - 2] if sentence.number > 1 else sentence
    fits = before.chunk is sentence.chunk and _states(before) and not instructs(before.text)
    if not fits or _points_back(before.text, language):
        raise Unusable("answer_points_back", sentence.text)
    return before


def _states(sentence: Sentence) -> bool:
    return sentence.text.rstrip("\"'”’)]").endswith((".", "!"))


def _points_back(text: str, language: Language) -> bool:
    """Tell whether a sentence opens with a pronoun or a word like "this": what it means stands before it."""
    if not language.parsed:
        return False
    for token in language.parse(text)[:4]:
        kind = token.morph.get("PronType", [])
        if (token.pos_ == "PRON" and kind in (["Prs"], ["Dem"])) or (token.pos_ == "DET" and kind == ["Dem"]):
            return True
        if token.pos_ not in ("ADV", "CCONJ", "PUNCT", "ADP", "SCONJ"):
            return False
    return False


def _answers(question: str, words: str, answer: Sequence[Sentence], language: Language) -> None:
    """Check that the answer is about the question, and that the question leaves the words asked for to it.

    Raises:
        Unusable: it is not, or does not.
    """
    asked, wanted = language.content(question), language.content(words)
    about = language.content(answer[0].chunk.title).union(*(language.content(s.text) for s in answer))
    if len(asked & about) < ABOUT * len(asked) or not asked & about:
        raise Unusable("answer_of_another_question", question)
    if locate(words, question) or len(asked & wanted) > GIVEN * len(wanted):
        raise Unusable("question_gives_answer_away", question)


SKILL = Skill("extractive_qa", Asked, draft, together=True)
