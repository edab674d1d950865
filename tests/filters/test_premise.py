"""The filter that looks whether an answer says of its question's subject what the evidence says of something else."""

import pytest

from kdvert.filters import premise, support
from kdvert.filters.contract import Thresholds
from kdvert.records import Chunk, Evidence, Message, sha256_text
from tests.filters.test_filters import example, material

TEXT = (
    "Alkylating agents kill cells by binding to DNA. Formaldehyde is one of them. "
    "It is carcinogenic and an irritant, and may damage the eyes, so precautions are taken. "
    "Phenol is a mild antiseptic."
)
OF_ONE = "It is carcinogenic and an irritant, and may damage the eyes, so precautions are taken."
OF_ALL = "Alkylating agents kill cells by binding to DNA."


def record(question, answer, quote, **changes):
    start = TEXT.index(quote)
    evidence = [Evidence(chunk_id="c", start=start, end=start + len(quote), quote_sha=sha256_text(quote))]
    messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
    return example(messages=messages, quote=quote, evidence=evidence, **changes)


def judged(*values, least=None, **changes):
    chunk = Chunk(id="c", document_id="d", start=0, end=len(TEXT), title="T", license="CC0-1.0", text=TEXT)
    thresholds = Thresholds() if least is None else Thresholds(premise=least)
    (verdicts,) = premise.apply([record(*values, **changes)], material(chunks={"c": chunk}, thresholds=thresholds))
    return [v.reason for v in verdicts]


WRONG = (
    "Why are alkylating agents no antiseptics?",
    "Alkylating agents are no antiseptics: carcinogenic irritants.",
    OF_ONE,
)


def test_what_is_said_of_one_is_not_said_of_all():
    ((found,),) = support.apply([record(*WRONG)], material())
    assert found.passed, "each word stands in evidence or question"
    assert judged(*WRONG) == ["question_assumed"]
    assert judged(*WRONG, least=0.0) == [None]


@pytest.mark.parametrize(
    "values",
    [
        ("How do alkylating agents kill cells?", "Alkylating agents kill cells by binding to DNA.", OF_ALL),
        # the sentence before names what "it" is
        ("Why is formaldehyde handled with care?", "Formaldehyde is carcinogenic and an irritant.", OF_ONE),
    ],
)
def test_what_the_evidence_or_the_sentence_before_says(values):
    assert judged(*values) == [None]


def test_only_answers_that_share_words_with_their_question_and_rest_on_evidence_are_judged():
    assert judged("What harms eyes?", "A carcinogenic irritant.", OF_ONE) == []
    assert judged(*WRONG, skill="reasoning") == []


def test_an_evidence_of_an_unknown_passage_is_for_another_filter():
    (verdicts,) = premise.apply([record(*WRONG)], material(chunks={}))
    assert [v.reason for v in verdicts] == ["question_assumed"]
