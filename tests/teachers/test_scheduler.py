"""One scheduler: concurrency, retries, budgets and the errors that end a run, against a real server."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.progress import Silent
from kdvert.records import ScrubbedText
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.protocol import RawReply
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import CallFailed, Limits, Scheduler
from kdvert.teachers.settings import TeacherSettings


@pytest.fixture
def scheduler(endpoint, store):
    def make(timeout_s: float = 5.0, **limits) -> Scheduler:
        teacher = open_teacher(TeacherSettings(model="m", base_url=endpoint.url, timeout_s=timeout_s), root=Path())
        return Scheduler(teacher, store, Limits(**({"backoff_s": 0.01} | limits)), Silent(), lambda texts: None)

    return make


def job(*requests):
    """A record that needs these replies, one after the other."""

    async def work(ask):
        texts = []
        for request in requests:
            try:
                texts.append((await ask(request)).text.text)
            except CallFailed as error:
                texts.append(error.reason)
        return texts

    return work


def test_results_come_in_order_and_calls_overlap(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.05
    plan = scheduler(concurrency=4)
    results = plan.run([job(request_for(f"{n} a"), request_for(f"{n} b")) for n in range(12)])
    assert len(results) == 12
    assert endpoint.calls == 24
    assert 2 <= endpoint.most_at_once <= 4
    assert (plan.usage.requests, plan.usage.cached, plan.usage.new_tokens) == (24, 0, 24 * 120)


def test_steps_of_one_record_do_not_wait_for_others(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.05
    scheduler(concurrency=2).run([job(request_for(f"{n} a"), request_for(f"{n} b")) for n in range(6)])
    order = [prompt[-1] for prompt in endpoint.prompts]
    assert order.index("b") < 6 - 1, "a second step ran before all first steps were done"


def test_kept_replies_are_not_asked_again(endpoint, scheduler, request_for):
    jobs = [job(request_for(str(n))) for n in range(5)]
    first = scheduler().run(jobs)
    again = scheduler()
    assert again.run(jobs) == first
    assert endpoint.calls == 5
    assert (again.usage.requests, again.usage.cached, again.usage.calls) == (5, 5, 0)


def test_a_scheduler_runs_twice_and_its_budget_holds_for_both(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.02
    plan = scheduler(max_requests=6, concurrency=2)
    plan.run([job(request_for(str(n))) for n in range(4)])
    with pytest.raises(WorkFailed, match="6 of 6 requests"):
        plan.run([job(request_for(f"second {n}")) for n in range(20)])
    assert endpoint.calls == 6


def test_the_same_request_of_two_records_is_one_call(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.05
    scheduler(concurrency=4).run([job(request_for("same")) for _ in range(4)])
    assert endpoint.calls == 1


@pytest.mark.parametrize("mode", ["429", "500", "503", "slow", "garbage", "error_body", "drop"])
def test_a_passing_trouble_is_tried_again(endpoint, scheduler, request_for, mode):
    endpoint.mode = lambda number, prompt: mode if number == 0 else "ok"
    endpoint.retry_after = "0.01"
    (texts,) = scheduler(timeout_s=0.5).run([job(request_for("x"))])
    assert "pairs" in texts[0]
    assert endpoint.calls == 2


def test_retry_after_wins_over_the_backoff(endpoint, scheduler, request_for):
    endpoint.mode = lambda number, prompt: "429" if number == 0 else "ok"
    endpoint.retry_after = "0"
    (texts,) = scheduler(backoff_s=1000.0).run([job(request_for("x"))])
    assert "pairs" in texts[0]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("429", "rate_limited"), ("500", "server_error"), ("slow", "timeout"), ("garbage", "html_reply"),
     ("error_body", "server_error"), ("400", "request_refused")],
)  # fmt: skip
def test_what_stays_broken_costs_one_request_and_has_a_reason(endpoint, scheduler, request_for, mode, reason):
    endpoint.mode = lambda number, prompt: mode if prompt == "bad" else "ok"
    # only a slow endpoint is meant to time out; a busy machine must not make the others do so
    plan = scheduler(timeout_s=2.0 if mode == "slow" else 30.0, retries=1)
    bad, good = plan.run([job(request_for("bad")), job(request_for("good"))])
    assert bad == [reason]
    assert "pairs" in good[0]
    assert plan.usage.failed == 1
    assert endpoint.prompts.count("bad") == (1 if mode == "400" else 2)


def test_many_failures_in_a_row_do_not_end_the_run(endpoint, scheduler, request_for):
    endpoint.mode = lambda number, prompt: "500" if prompt != "last" else "ok"
    plan = scheduler(retries=0, concurrency=1)
    results = plan.run([*(job(request_for(str(n))) for n in range(30)), job(request_for("last"))])
    assert [r[0] for r in results[:-1]] == ["server_error"] * 30
    assert "pairs" in results[-1][0]


def test_if_nothing_works_the_run_fails(endpoint, scheduler, request_for):
    endpoint.always("500")
    with pytest.raises(WorkFailed, match="None of the 3 requests") as caught:
        scheduler(retries=0).run([job(request_for(str(n))) for n in range(3)])
    assert endpoint.url in str(caught.value)


def test_a_teacher_that_goes_down_keeps_finished_calls(endpoint, scheduler, store, request_for):
    endpoint.mode = lambda number, prompt: "ok" if number < 3 else "drop"
    with pytest.raises(WorkFailed, match="cannot be reached") as caught:
        scheduler(retries=1, concurrency=1).run([job(request_for(str(n))) for n in range(10)])
    assert endpoint.url in str(caught.value)
    assert "3 replies are kept" in str(caught.value)
    assert len(store.find([request_for(str(n)).id for n in range(10)])) == 3


def test_a_refused_key_is_the_users_error_and_is_not_retried(endpoint, scheduler, request_for):
    endpoint.always("401")
    with pytest.raises(UserError, match="refuses") as caught:
        scheduler(concurrency=1).run([job(request_for(str(n))) for n in range(10)])
    assert "api_key_env" in str(caught.value)
    assert endpoint.calls == 1


def test_an_unknown_model_is_the_users_error(endpoint, scheduler, request_for):
    endpoint.always("404")
    with pytest.raises(UserError, match="does not know the model 'm'"):
        scheduler(concurrency=1).run([job(request_for("x"))])


def test_the_request_budget_stops_and_a_rerun_goes_on(endpoint, scheduler, store, request_for):
    jobs = [job(request_for(str(n))) for n in range(10)]
    with pytest.raises(WorkFailed, match="budget is spent: 4 of 4 requests") as caught:
        scheduler(max_requests=4, concurrency=3).run(jobs)
    assert "max_requests" in str(caught.value)
    assert endpoint.calls == 4
    assert len(store.find([request_for(str(n)).id for n in range(10)])) == 4
    with pytest.raises(WorkFailed, match="budget"):
        scheduler(max_requests=4).run(jobs)
    assert len(scheduler(max_requests=4).run(jobs)) == 10
    assert endpoint.calls == 10


def test_retries_count_as_requests(endpoint, scheduler, request_for):
    endpoint.always("500")
    with pytest.raises(WorkFailed, match="budget is spent"):
        scheduler(max_requests=3, retries=10).run([job(request_for("x"))])
    assert endpoint.calls == 3


def test_the_token_budget_stops(endpoint, scheduler, request_for):
    with pytest.raises(WorkFailed, match="360 of 300 tokens"):
        scheduler(max_tokens=300, concurrency=1).run([job(request_for(str(n))) for n in range(10)])
    assert endpoint.calls == 3


def test_a_token_budget_without_reported_tokens_is_refused(endpoint, scheduler, request_for):
    endpoint.always("no_usage")
    with pytest.raises(UserError, match="does not report how many tokens"):
        scheduler(max_tokens=300, concurrency=1).run([job(request_for(str(n))) for n in range(3)])


def test_a_bug_in_a_job_is_not_hidden(scheduler, request_for):
    async def broken(ask):
        await ask(request_for("x"))
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        scheduler().run([broken])


def test_no_jobs(scheduler):
    assert scheduler().run([]) == []


class Batched:
    """A local teacher whose text shows with whom it shared a batch."""

    name, route, identity, batch_size, local, where, key_variable = "toy", "local", "i", 3, True, "here", None

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def complete(self, requests):
        batch = [r.prompt.text for r in requests]
        self.batches.append(batch)
        return [RawReply(r.id, f"{r.prompt.text} with {'+'.join(batch)}", 1, 1) for r in requests]


def two_steps(request_for, name):
    async def work(ask):
        first = await ask(request_for(f"{name} one"))
        await asyncio.sleep(0)
        return (await ask(request_for(f"{first.text.text[:5]} two", step="answer"))).text.text

    return work


def refuse_b(texts):
    """A gate that holds back every prompt with a b."""
    return "held_back" if any("b" in text.text for text in texts) else None


def test_what_the_gate_refuses_is_not_sent(endpoint, store, request_for):
    teacher = open_teacher(TeacherSettings(model="m", base_url=endpoint.url), root=Path())
    plan = Scheduler(teacher, store, Limits(), Silent(), refuse_b)
    results = plan.run([job(request_for("a")), job(request_for("b"))])
    assert results[1] == ["held_back"]
    assert endpoint.prompts == ["a"]
    assert plan.usage.failed == 1


def test_what_the_gate_refuses_is_not_computed(store, request_for):
    teacher = Batched()
    plan = Scheduler(teacher, store, Limits(), Silent(), refuse_b)
    texts = plan.run([job(request_for(name)) for name in ("a", "b", "c")])
    assert texts[1] == ["held_back"]
    assert texts[0] != texts[2] != ["held_back"]
    assert not [r for batch in teacher.batches for r in batch if "b" in r]


def test_local_batches_are_cut_from_the_sorted_list_of_each_step(store, request_for):
    teacher = Batched()
    jobs = [two_steps(request_for, name) for name in "gfedcba"]
    Scheduler(teacher, store, Limits(), Silent(), lambda texts: None).run(jobs)
    assert teacher.batches[:3] == [["a one", "b one", "c one"], ["d one", "e one", "f one"], ["g one"]]
    assert len(teacher.batches) == 6


def test_a_resumed_local_run_gives_the_same_text(tmp_path, store, request_for):
    jobs = [two_steps(request_for, name) for name in "abcdefg"]
    expected = Scheduler(Batched(), store, Limits(), Silent(), lambda texts: None).run(jobs)
    # as a kill would leave it: some replies of the second batch are gone
    gone = [request_for("e one").id, request_for("f one").id]
    store._db.executemany("DELETE FROM replies WHERE request_id = ?", [(g,) for g in gone])
    store._db.commit()
    teacher = Batched()
    assert Scheduler(teacher, store, Limits(), Silent(), lambda texts: None).run(jobs) == expected
    assert teacher.batches == [["d one", "e one", "f one"]], "the whole batch again, and no other"


def test_a_local_job_that_breaks_ends_the_run(store, request_for):
    async def broken(ask):
        await ask(request_for("x"))
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        Scheduler(Batched(), store, Limits(), Silent(), lambda texts: None).run([broken, two_steps(request_for, "a")])


def test_a_local_budget_stops_between_batches(store, request_for):
    teacher = Batched()
    with pytest.raises(WorkFailed, match="budget"):
        Scheduler(teacher, store, Limits(max_requests=4), Silent(), lambda texts: None).run(
            [two_steps(request_for, n) for n in "abcdefg"]
        )
    assert len(teacher.batches) == 1


def test_a_refusal_to_take_a_schema_costs_no_retry(endpoint, scheduler, request_for):
    endpoint.takes = lambda body: "response_format" not in body
    plan = scheduler(retries=0)
    (texts,) = plan.run([job(request_for("x", schema={"type": "object"}))])
    assert "pairs" in texts[0]
    assert plan.usage.notes == {"schema_not_offered": 1}
    assert plan.usage.faults == {"schema_refused": 1}
    assert plan.usage.calls == 2


def test_a_429_lets_fewer_calls_through_and_nothing_is_lost(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.02
    endpoint.mode = lambda number, prompt: "429" if endpoint._now > 4 else "ok"
    plan = scheduler(concurrency=32, retries=50)
    results = plan.run([job(request_for(str(n))) for n in range(100)])
    assert all("pairs" in texts[0] for texts in results)
    assert plan.usage.faults["rate_limited"] < 60, "without a limit that adapts, most calls would be refused first"


def test_retry_after_closes_the_endpoint_for_all_calls(endpoint, scheduler, request_for):
    endpoint.mode = lambda number, prompt: "429" if number == 0 else "ok"
    endpoint.retry_after = "0.4"
    moments = []
    endpoint.takes = lambda body: moments.append(time.monotonic()) or True
    scheduler(concurrency=1).run([job(request_for(str(n))) for n in range(4)])
    assert moments[1] - moments[0] >= 0.4
    assert len(moments) == 5


def test_the_budget_in_money_stops(endpoint, scheduler, request_for):
    plan = scheduler(max_cost=0.001, price_in=2.0, price_out=10.0, concurrency=1)  # 0.0004 a call
    with pytest.raises(WorkFailed, match=r"0\.0012 of 0\.001 in money") as caught:
        plan.run([job(request_for(str(n))) for n in range(10)])
    assert "max_cost" in str(caught.value)
    assert endpoint.calls == 3
    assert plan.usage.cost == pytest.approx(0.0012)


def test_calls_under_way_are_counted_at_what_others_cost(endpoint, scheduler, request_for):
    endpoint.delay_s = 0.03
    plan = scheduler(max_tokens=120 * 40, concurrency=16)
    with pytest.raises(WorkFailed, match="budget"):
        plan.run([job(request_for(str(n))) for n in range(100)])
    assert 38 <= endpoint.calls <= 42, "not 40 and those that were under way then"


@pytest.mark.parametrize("mode", ["negative_usage", "absurd_usage", "free_usage"])
def test_a_budget_is_not_held_by_counts_that_cannot_be_true(endpoint, scheduler, request_for, mode):
    endpoint.always(mode)
    with pytest.raises(UserError, match="cannot be true"):
        scheduler(max_cost=1.0, price_in=1.0, concurrency=1).run([job(request_for(str(n))) for n in range(3)])


def test_another_models_name_is_counted_and_kept(endpoint, scheduler, store, request_for):
    endpoint.always("other_model")
    plan = scheduler()
    plan.run([job(request_for("x"))])
    assert plan.usage.other_models == {"a-smaller-model": 1}
    assert store.find([request_for("x").id])[request_for("x").id].model == "a-smaller-model"


def test_half_a_surrogate_pair_is_kept_as_text(endpoint, scheduler, store, request_for):
    endpoint.always("broken_unicode")
    (texts,) = scheduler().run([job(request_for("x"))])
    assert texts == ["half a pair: ?, and a nul: \0"]


def test_a_failed_call_is_noted_until_it_succeeds(endpoint, scheduler, store, request_for):
    endpoint.mode = lambda number, prompt: "filtered" if prompt == "bad" else "ok"
    plan = scheduler()
    plan.run([job(request_for("bad")), job(request_for("good"))])
    assert [row[1] for row in store.failures_of(plan.teacher.identity)] == ["content_filter"]
    endpoint.always("ok")
    again = scheduler()
    again.run([job(request_for("bad")), job(request_for("good"))])
    assert store.failures_of(again.teacher.identity) == []
    assert (again.usage.calls, again.usage.cached) == (1, 1)


def test_what_cannot_be_scrubbed_ends_the_run_and_the_others_are_kept(endpoint, tmp_path, request_for):
    def scrub(text):
        if "weather" in text:
            raise WorkFailed("a passage: scrubbing failed.")
        return ScrubbedText(text, "test")

    endpoint.mode = lambda number, prompt: "prose" if prompt == "bad" else "ok"
    teacher = open_teacher(TeacherSettings(model="m", base_url=endpoint.url), root=tmp_path)
    names = ["bad", *map(str, range(5))]
    with ReplyStore(tmp_path / "r.sqlite", scrub) as store:
        with pytest.raises(WorkFailed, match="scrubbing failed"):
            Scheduler(teacher, store, Limits(), Silent(), lambda t: None).run([job(request_for(n)) for n in names])
        kept = store.find([request_for(n).id for n in names])
        assert request_for("bad").id not in kept


def test_the_gate_and_the_scrubber_do_not_hold_up_the_event_loop(endpoint, tmp_path, request_for):
    threads = set()

    def scrub(text):
        threads.add(threading.get_ident())
        return ScrubbedText(text, "test")

    def gate(texts):
        threads.add(threading.get_ident())

    teacher = open_teacher(TeacherSettings(model="m", base_url=endpoint.url), root=tmp_path)
    with ReplyStore(tmp_path / "r.sqlite", scrub) as store:
        Scheduler(teacher, store, Limits(), Silent(), gate).run([job(request_for(str(n))) for n in range(20)])
    assert len(threads) == 1
    assert threading.get_ident() not in threads
