"""Strategies that start from questions: what becomes of those that lead to no call."""

import asyncio

import pytest

from kdvert.elicitation import expansion, labeling
from kdvert.elicitation.given import Given
from kdvert.elicitation.searching import Searcher
from kdvert.records import ScrubbedText

QUESTION = Given("q", ScrubbedText("Which [PERSON_1] cures asthma?", "policy"))


class Nothing:
    def search_many(self, queries, k):
        return [[] for _ in queries]


async def never(request):
    raise AssertionError("nobody is to be asked")


@pytest.mark.parametrize("strategy", [labeling, expansion])
def test_a_question_without_a_passage_is_named(assign, strategy):
    (job,) = strategy.jobs(assign(questions=[QUESTION], search=Searcher(Nothing(), 4)))
    (failure,) = asyncio.run(job(never))
    assert (failure.reason, failure.detail) == ("no_passage_found", QUESTION.text.text)


def test_a_held_out_seed_is_named(assign):
    (job,) = expansion.jobs(assign(questions=[QUESTION], held_out=["which [PERSON_1] cures asthma"]))
    (failure,) = asyncio.run(job(never))
    assert (failure.reason, failure.detail) == ("seed_is_held_out", QUESTION.text.text)
