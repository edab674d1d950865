"""Several endpoints for one model: shares, failover, coming back, and the order of calls."""

import asyncio

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.progress import Silent
from kdvert.teachers.asking import CallFailed
from kdvert.teachers.faults import Fault
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.lanes import Lanes
from kdvert.teachers.scheduler import Limits, Scheduler
from kdvert.teachers.settings import TeacherSettings


@pytest.fixture
def second(endpoint):
    made = type(endpoint)()
    yield made
    made.stop()


@pytest.fixture
def fleet(endpoint, second, store, tmp_path):
    def make(weights=(1.0, 1.0), **limits) -> Scheduler:
        settings = TeacherSettings(
            model="m",
            endpoints=[
                {"base_url": endpoint.url, "weight": weights[0]},
                {"base_url": second.url, "weight": weights[1], "model": "m-fast"},
            ],
        )
        return Scheduler(
            open_teacher(settings, root=tmp_path),
            store,
            Limits(**({"backoff_s": 0.01} | limits)),
            Silent(),
            lambda t: None,
        )

    return make


def job(request):
    async def work(ask):
        try:
            return (await ask(request)).text.text
        except CallFailed as error:
            return error.reason

    return work


def test_calls_are_shared_by_weight_and_each_endpoint_gets_its_own_name(fleet, endpoint, second, request_for):
    endpoint.delay_s = second.delay_s = 0.02
    plan = fleet(weights=(1.0, 3.0), concurrency=8)
    plan.run([job(request_for(str(n))) for n in range(80)])
    assert endpoint.calls + second.calls == 80
    assert second.calls > endpoint.calls
    assert {b["model"] for b in endpoint.bodies} == {"m"}
    assert {b["model"] for b in second.bodies} == {"m-fast"}
    assert sum(plan.usage.endpoints.values()) == 80


def test_the_identity_is_the_models_whoever_answers(fleet, endpoint, tmp_path):
    alone = open_teacher(TeacherSettings(model="m", base_url=endpoint.url), root=tmp_path)
    teacher = fleet().teacher
    assert teacher.identity == alone.identity
    assert teacher.route.count("openai-compatible:") == 2


def test_what_one_cannot_do_the_other_does(fleet, endpoint, second, request_for):
    second.always("drop")
    plan = fleet(retries=0)
    results = plan.run([job(request_for(str(n))) for n in range(30)])
    assert all("pairs" in text for text in results)
    assert endpoint.calls == 30
    assert second.calls < 15, "it is out after its first failures"
    assert plan.usage.failed == 0


def test_an_endpoint_that_refuses_the_key_is_left_out(fleet, endpoint, second, request_for):
    endpoint.always("401")
    results = fleet(concurrency=1).run([job(request_for(str(n))) for n in range(6)])
    assert all("pairs" in text for text in results)
    assert endpoint.calls == 1


def test_the_run_ends_if_none_takes_the_key(fleet, endpoint, second, request_for):
    endpoint.always("401")
    second.always("404")
    with pytest.raises(UserError):
        fleet(concurrency=1).run([job(request_for(str(n))) for n in range(6)])
    assert endpoint.calls == second.calls == 1


def test_the_run_ends_if_none_can_be_reached(fleet, endpoint, second, request_for):
    endpoint.stop()
    second.stop()
    with pytest.raises(WorkFailed, match="cannot be reached"):
        fleet(retries=0).run([job(request_for(str(n))) for n in range(3)])


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


class Named:
    def __init__(self, name):
        self.name = name


def test_an_endpoint_that_was_down_is_tried_with_one_call_and_then_fully_used():
    async def work():
        clock = Clock()
        lanes = Lanes([(Named("a"), 1.0), (Named("b"), 1.0)], 8, clock)
        first, _ = [await lanes.enter(begun=False, text="x") for _ in range(2)]
        lanes.leave(first, Fault("down", "unreachable", ""), 0.0)
        others = {(await lanes.enter(begun=False, text="x")).teacher.name for _ in range(4)}
        clock.time = 3.0
        back = [(await lanes.enter(begun=False, text="x")) for _ in range(3)]
        tried = [lane.teacher.name for lane in back].count(first.teacher.name)
        lanes.leave(first, None, 3.0)
        more = [(await lanes.enter(begun=False, text="x")).teacher.name for _ in range(3)]
        return first.teacher.name, others, tried, more

    name, others, tried, more = asyncio.run(work())
    assert name not in others
    assert tried == 1
    assert name in more


def test_begun_records_go_first_and_prompts_that_begin_alike_follow_each_other():
    async def work():
        lanes = Lanes([(Named("a"), 1.0)], 1, Clock())
        lane = await lanes.enter(begun=False, text="first")
        order = []

        async def one(text, begun):
            got = await lanes.enter(begun=begun, text=text)
            order.append(text)
            lanes.leave(got, None, 0.0)

        texts = [("b 1", False), ("a 1", False), ("b 2", False), ("z late step", True), ("a 2", False)]
        tasks = [asyncio.create_task(one(*row)) for row in texts]
        await asyncio.sleep(0)
        lanes.leave(lane, None, 0.0)
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(work()) == ["z late step", "a 1", "a 2", "b 1", "b 2"]
