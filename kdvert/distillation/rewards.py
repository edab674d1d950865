"""What an answer is worth, by kdvert's own verifiers: the one table of rewards. No model judges.

A reward looks at a record and at an answer that a student wrote to its last question, and gives a number from 0 to 1,
or None where it has nothing to say about the record. Whether it has depends on the record alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kdvert.filters import checks, length, recombination, support
from kdvert.filters.contract import Filter, Material
from kdvert.filters.wording import locate, words
from kdvert.knowledge.language import Language, load
from kdvert.records import Example, Message, Verdict

REFUSAL = "refusal"
"""The skill whose records decline a request."""

_RUN = 3  # words in a row that a short answer says once
_FRESH = 0.8  # share of such runs that must not be repeats


@dataclass(frozen=True)
class Answer:
    """What a student wrote; ``whole`` says that it ended by itself."""

    text: str
    whole: bool = True


@dataclass(frozen=True)
class Verifiers:
    """What answers are judged with.

    Attributes:
        material: of the filters: the vertical's checks, languages, thresholds.
        disclaimer: the vertical's, that a refusal ends with.
        abstention: the fixed words that say that the passages do not hold the answer.
    """

    material: Material
    disclaimer: str
    abstention: str

    @property
    def language(self) -> Language:
        """The language of the vertical."""
        return load(self.material.languages[0])


Reward = Callable[[Example, Answer, Verifiers], float | None]
"""A reward: (record, answer, verifiers) to a number from 0 to 1, or None."""


def evidence(record: Example, answer: Answer, by: Verifiers) -> float | None:
    """Return the harmonic mean of how much of the answer its evidence holds, and how much of what is asked it says.

    The first is the score of the filter ``support`` times that of ``recombination``; the second the share of the words
    of the teacher's answer, those of the question aside: without it, saying next to nothing would be worth most.
    """
    if record.skill not in support.SKILLS or support.abstains(record):
        return None
    written = _written(record, answer)
    proven = _score(support.apply, written, by, 0.0) * _score(recombination.apply, written, by, 1.0)
    content = by.language.content
    wanted = content(record.answer) - content(record.question)
    said = len(wanted & content(answer.text)) / len(wanted) if wanted else 1.0
    return 2 * proven * said / (proven + said) if proven + said else 0.0


def domain(record: Example, answer: Answer, by: Verifiers) -> float | None:
    """Return the share of the vertical's checks that an answer passes; an empty one passes none.

    Raises:
        WorkFailed: a check broke; it is named.
    """
    if not by.material.checks:
        return None
    if not answer.text.strip():
        return 0.0
    verdicts = checks.apply([_written(record, answer)], by.material)[0]
    return sum(v.passed for v in verdicts) / len(verdicts)


def form(record: Example, answer: Answer, by: Verifiers) -> float:
    """Return the share of what holds: it ended by itself, is as long as an answer may be, and says things once."""
    written = _written(record, answer)
    long_enough = all(v.passed for v in length.apply([written], by.material)[0])
    return (answer.whole + long_enough + _fresh(record, answer)) / 3


def refusal(record: Example, answer: Answer, by: Verifiers) -> float | None:
    """Return whether an answer declines where the record does, and answers where the record answers.

    A request to decline: half for the disclaimer word for word, half for the words of the record's first sentence.
    Where the passages do not answer: 1 for saying so in the fixed words. Where the record answers: 1 for not saying so.
    """
    abstained = bool(by.abstention) and locate(by.abstention, answer.text) is not None
    if record.skill == REFUSAL:
        return (_disclaims(answer, by) + _declines(record, answer, by.language)) / 2
    if record.skill not in support.SKILLS:
        return None
    if support.abstains(record):
        return float(abstained)
    return float(bool(answer.text.strip()) and not abstained)


REWARDS: Mapping[str, Reward] = {"evidence": evidence, "domain": domain, "format": form, "refusal": refusal}


def _written(record: Example, answer: Answer) -> Example:
    """Return the record with the student's answer in the place of the last one."""
    last = max(i for i, m in enumerate(record.messages) if m.role == "assistant")
    said = Message(role="assistant", content=answer.text)
    return record.model_copy(update={"messages": [*record.messages[:last], said]})


def _score(judge: Filter, written: Example, by: Verifiers, without: float) -> float:
    verdicts: list[Verdict] = judge([written], by.material)[0]
    scores = [v.score for v in verdicts if v.score is not None]
    return scores[0] if scores else without


def _fresh(record: Example, answer: Answer) -> bool:
    said = words(answer.text)
    if not said or said == words(record.question):
        return False
    runs = [tuple(said[i : i + _RUN]) for i in range(len(said) - _RUN + 1)]
    return len(set(runs)) >= _FRESH * len(runs)


def _disclaims(answer: Answer, by: Verifiers) -> bool:
    return bool(by.disclaimer) and locate(by.disclaimer, answer.text) is not None


def _declines(record: Example, answer: Answer, language: Language) -> float:
    start, end = next(iter(language.ends(record.answer)), (0, len(record.answer)))
    wanted = language.content(record.answer[start:end])
    return len(wanted & language.content(answer.text)) / len(wanted) if wanted else 1.0
