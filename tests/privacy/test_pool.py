from __future__ import annotations

import multiprocessing
import pickle

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.privacy.pool import WORTH_A_WORKER, Plan, scrub_all
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import Document, Source
from kdvert.stages.scrub import Config
from kdvert.verticals import Vertical


def documents(count: int) -> list[Document]:
    source = Source(uri="a.md", title="Visits of Maria Alvarez", license="CC0-1.0", sha256="0" * 64)
    names = ["Maria Alvarez", "John Bell", "Priya Thornquist"]
    return [
        Document(id=f"a.md#{n}", source=source, text=f"{names[n % 3]} called (555) 555-{1000 + n} on May {n % 28 + 1}.")
        for n in range(count)
    ]


def test_small_work_stays_in_this_process() -> None:
    assert Plan.of(None, 10_000).workers == 1
    assert Plan.of(2, 10 * WORTH_A_WORKER).workers == 2
    assert Plan.of(8, 3 * WORTH_A_WORKER).workers == 3


def test_workers_give_the_same_in_the_same_order(vertical: Vertical, scrubber: Scrubber) -> None:
    given = documents(40)
    found = list(scrub_all(vertical, Config(), iter(given), Plan(2)))
    assert [document for document, _ in found] == given
    assert [s.text for _, s in found] == [scrubber.scrub(d.id, d.text, d.source.title).text for d in given]
    assert found[0][1].title == "Visits of [PERSON_1]"


def test_a_worker_that_dies_is_told(vertical: Vertical) -> None:
    work = scrub_all(vertical, Config(), iter(documents(200)), Plan(2))
    next(work)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(WorkFailed, match="process died"):
        list(work)


def test_what_a_worker_raises_keeps_its_hint() -> None:
    raised = pickle.loads(pickle.dumps(WorkFailed("a.md#1: held back", hint="split it")))
    assert (raised.message, raised.hint) == ("a.md#1: held back", "split it")


def test_wrong_settings_are_told_before_any_work(vertical: Vertical) -> None:
    with pytest.raises(UserError, match="Unknown privacy regime"):
        list(scrub_all(vertical, Config(extra_regimes=["gdrp"]), iter(documents(1)), Plan(1)))
