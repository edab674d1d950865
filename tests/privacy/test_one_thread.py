"""Matrix libraries use one thread while a text is read, and what was set before afterwards."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from kdvert.hardware import one_thread


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def _two(scrubber):
    """Two threads before, whatever the machine has."""
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("_two")
def test_one_thread_within_and_two_behind():
    with one_thread():
        assert _threads() == {1}
        with one_thread():
            assert _threads() == {1}
        assert _threads() == {1}
    assert _threads() == {2}


@pytest.mark.usefixtures("_two")
def test_blocks_of_other_threads_may_end_in_any_order():
    first, second = ExitStack(), ExitStack()
    first.enter_context(one_thread())
    begun = threading.Thread(target=lambda: second.enter_context(one_thread()))
    begun.start()
    begun.join()
    first.close()
    assert _threads() == {1}
    second.close()
    assert _threads() == {2}


@pytest.mark.usefixtures("_two")
def test_reading_a_text_computes_with_one_thread(scrubber, monkeypatch):
    seen = []
    settle = type(scrubber)._settle

    def noting(*arguments, **options):
        seen.append(_threads())
        return settle(*arguments, **options)

    monkeypatch.setattr(type(scrubber), "_settle", noting)
    scrubber.passage("Asthma is a disease of the airways.")
    assert seen == [{1}]
    assert _threads() == {2}
