"""A reply without text is asked for once more, costs what it cost, and is not kept: the next run may fare better."""

import pytest

from kdvert.elicitation import pairs
from kdvert.elicitation.searching import Searcher
from kdvert.progress import Silent
from kdvert.records import Example, Sampling, ScrubbedText
from kdvert.teachers import cassette
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.replay import ReplayTeacher
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import CallFailed, Limits, Scheduler
from tests.elicitation.conftest import Retriever
from tests.elicitation.skilled import PAIR, Told, passages, records_of, run


@pytest.fixture
def ask(assign, tmp_path):
    def make(teacher):
        chunks = passages()
        task = assign(chunks=chunks[:1], search=Searcher(Retriever(chunks), 4), teacher=teacher, steps="pair")
        return run(task, tmp_path)

    return make


def test_an_empty_reply_is_asked_for_once_more(ask):
    teacher = Told(" \n", records_of(PAIR))
    (record,) = ask(teacher)
    assert isinstance(record, Example)
    assert record.provenance.request_ids == [r.id for r in teacher.asked]


def test_two_empty_replies_are_a_failure_and_the_next_run_asks_again(ask):
    silent = Told("")
    (failure,) = ask(silent)
    assert (failure.reason, failure.chunk_id, len(silent.asked)) == ("empty_reply", passages()[0].id, 2)
    (record,) = ask(Told(records_of(PAIR)))
    assert isinstance(record, Example)


def test_an_empty_reply_is_paid_for(tmp_path):
    async def job(asked):
        try:
            return await asked(TeacherRequest("x", "step", ScrubbedText("Say it.", "policy"), Sampling()))
        except CallFailed as error:
            return error.reason

    with ReplyStore(tmp_path / "r.sqlite", lambda text: ScrubbedText(text, "policy")) as store:
        scheduler = Scheduler(Told(""), store, Limits(price_in=1.0, price_out=1.0), Silent(), lambda texts: None)
        assert scheduler.run([job]) == ["empty_reply"]
    assert (scheduler.usage.input_tokens, scheduler.usage.output_tokens, scheduler.usage.calls) == (10, 10, 1)
    assert scheduler.usage.cost > 0
    assert scheduler.usage.faults == {"empty_reply": 1}


def test_a_cassette_repeats_a_run_with_an_empty_reply(ask, tmp_path, assign):
    (record,) = ask(Told("", records_of(PAIR)))
    with ReplyStore(tmp_path / "replies.sqlite", lambda text: ScrubbedText(text, "policy")) as kept:
        cassette.save(kept, tmp_path / "run.jsonl")
    (tmp_path / "replies.sqlite").unlink()
    replay = ReplayTeacher(tmp_path / "run.jsonl", cassette.read(tmp_path / "run.jsonl"))
    chunks = passages()
    task = assign(chunks=chunks[:1], search=Searcher(Retriever(chunks), 4), teacher=replay, steps="pair")
    with ReplyStore(tmp_path / "again.sqlite", lambda text: ScrubbedText(text, "policy")) as kept:
        (made,) = Scheduler(replay, kept, Limits(), Silent(), lambda texts: None).run(pairs.jobs(task, "curation"))
    assert made == [record]
