"""How the number of calls at once follows what an endpoint bears. Time is made up."""

import pytest

from kdvert.teachers.throttle import Throttle


def rounds(throttle, count, seconds, start=0.0):
    """Answer ``count`` rounds of as many calls as are allowed, each taking ``seconds``; return the time."""
    now = start
    for _ in range(count):
        calls = int(throttle.limit)
        for _ in range(calls):
            throttle.answered(now, now + seconds)
        now += seconds
    return now


def test_it_begins_below_the_maximum_and_triples_until_it_is_reached():
    throttle = Throttle(256)
    assert throttle.limit == 128
    rounds(throttle, 1, 0.5)
    assert throttle.limit == 256
    assert (Throttle(4).limit, Throttle(10).limit) == (4, 8)


def test_a_refusal_halves_it_once_for_all_calls_that_were_under_way():
    throttle = Throttle(64)
    now = rounds(throttle, 3, 0.5)
    for _ in range(20):
        throttle.refused(now - 0.2, now)
    assert throttle.limit == 32
    throttle.refused(now + 0.1, now + 0.3)
    assert throttle.limit == 16
    assert throttle.cuts == 2


def test_after_a_refusal_it_grows_by_one_a_round():
    throttle = Throttle(64)
    now = rounds(throttle, 3, 0.5)
    throttle.refused(now, now)
    now = rounds(throttle, 4, 0.5, now)
    assert throttle.limit == pytest.approx(36, abs=0.5)


def test_it_never_falls_below_one():
    throttle = Throttle(8)
    for second in range(20):
        throttle.refused(second, second + 0.5)
    assert throttle.limit == 1
    assert throttle.allows(0, 100.0)


def test_a_server_that_queues_is_not_given_more():
    throttle = Throttle(1024)
    throttle.limit = 16.0
    now = rounds(throttle, 2, 0.5)
    now = rounds(throttle, 3, 1.2, now)
    held = throttle.limit
    rounds(throttle, 4, 1.2, now)
    assert throttle.limit == held < 1024, "more than twice the best duration: it stays as it is"


def test_a_server_that_gets_much_slower_is_given_less():
    throttle = Throttle(64)
    now = rounds(throttle, 3, 0.5)
    rounds(throttle, 3, 5.0, now)
    assert throttle.limit < 60


def test_it_finds_the_limit_of_a_server_that_refuses_above_it():
    throttle, now, refusals, carried = Throttle(64), 0.0, 0, []
    for _ in range(200):
        calls = int(throttle.limit)
        for number in range(calls):
            if number < 20:
                throttle.answered(now, now + 0.5)
            else:
                throttle.refused(now, now + 0.01)
                refusals += 1
        carried.append(min(calls, 20))
        now += 0.5
    assert sum(carried[20:]) / len(carried[20:]) > 14, "about three quarters of what the server takes, as TCP does"
    assert refusals < 0.05 * sum(carried)


def test_retry_after_closes_it():
    throttle = Throttle(8)
    throttle.refused(0.0, 1.0, 7.0)
    assert not throttle.allows(0, 7.9)
    assert throttle.allows(0, 8.0)
