"""The filter that looks for the words of an answer in its evidence."""

import pytest

from kdvert.filters import support
from kdvert.filters.contract import Thresholds
from kdvert.records import Message, Verdict
from tests.filters.test_filters import QUOTE, example, material


def judged(record, **thresholds):
    (verdicts,) = support.apply([record], material(thresholds=Thresholds(**thresholds)))
    return [(v.reason, v.score) for v in verdicts]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (QUOTE, (None, 1.0)),
        ("It contains plenty of ALCOHOLS.", ("answer_not_supported", 0.6667)),
        ("Chlorine bleach kills spores.", ("answer_not_supported", 0.0)),
        ("At least 60 percent alcohol, glycerol, perfume, color and chlorine.", ("answer_not_supported", 0.4286)),
    ],
)
def test_the_words_of_an_answer_stand_in_its_evidence(answer, verdict):
    assert judged(example(answer=answer)) == [verdict]


def test_what_is_enough_is_a_setting():
    record = example(answer="It contains plenty of alcohol.")
    assert judged(record, support=0.8) == [("answer_not_supported", 0.6667)]
    assert judged(record, support=0.0) == [(None, 0.6667)]


def test_words_of_the_question_count_as_held_and_every_turn_is_read():
    turns = [("What should hand sanitizer contain?", QUOTE), ("Is bleach better?", "Bleach kills spores in minutes.")]
    messages = [
        Message(role=role, content=text)
        for turn in turns for role, text in zip(("user", "assistant"), turn, strict=True)
    ]  # fmt: skip
    assert judged(example(skill="multi_turn", messages=messages)) == [("answer_not_supported", 0.25)], (
        "the worst sentence counts"
    )


def test_nothing_is_said_of_conclusions_refusals_and_abstentions():
    assert judged(example(skill="reasoning", answer="Zebras.")) == []
    noted = Verdict(check="answer_in_context", passed=True, score=0)
    assert judged(example(skill="retrieval_use", answer="Zebras.", verdicts=[noted])) == []
    assert judged(example(answer="It is not.")) == [], "an answer of function words alone says nothing to look up"
