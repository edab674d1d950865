"""The filter that looks whether the words of an answer stand together as in its evidence."""

import pytest

from kdvert.filters import recombination, support
from kdvert.filters.contract import Thresholds
from kdvert.records import Message, Verdict
from tests.filters.test_filters import example, material

EVIDENCE = (
    "Using antisera against certain proteins allows identification of serovars within species of bacteria.\n"
    "Latex beads can be used to detect specific antigens or specific antibodies in patient serum.\n"
    "Some viruses will bind and agglutinate red blood cells."
)
MIXED = "Agglutination binds specific proteins to antibodies of viruses within patient cells of bacteria."
FAITHFUL = "Agglutination of latex beads detects specific antigens or antibodies in the serum of a patient."


def judged(answer, question="How do agglutination tests work?", quote=EVIDENCE, **changes):
    messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
    record = example(messages=messages, quote=quote, **changes)
    (verdicts,) = recombination.apply([record], material())
    return [v.reason for v in verdicts]


def test_words_that_stand_together_in_another_way():
    record = example(answer=MIXED, quote=EVIDENCE, question="How do agglutination tests work?")
    ((found,),) = support.apply([record], material())
    assert found.passed, "each word stands somewhere in the evidence"
    assert judged(MIXED) == ["answer_recombines"]


@pytest.mark.parametrize("answer", [FAITHFUL, EVIDENCE.replace("\n", " "), "Viruses agglutinate red blood cells."])
def test_words_that_stand_together_as_in_the_evidence(answer):
    assert judged(answer) in ([None], [])


def test_pairs_of_the_question_count_and_short_sentences_say_nothing():
    assert judged(f"{MIXED}", question=MIXED.replace(".", "?")) == [None]
    assert judged("Proteins, serum and viruses.") == []


def test_what_is_enough_is_a_setting_and_only_answers_of_the_evidence_are_judged():
    record = example(answer=MIXED, quote=EVIDENCE)
    ((found,),) = recombination.apply([record], material(thresholds=Thresholds(recombination=0.0)))
    assert found.passed
    assert judged(MIXED, skill="reasoning") == []
    noted = Verdict(check="answer_in_context", passed=True, score=0)
    assert judged(MIXED, skill="retrieval_use", verdicts=[noted]) == []
