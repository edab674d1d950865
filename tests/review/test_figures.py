"""The numbers of a review, from decisions made up one by one."""

from __future__ import annotations

import pytest

from kdvert.review import plots
from kdvert.review.figures import Material, figures
from kdvert.rulings import bounds
from kdvert.rulings.folding import Review, Ruling, Standing
from kdvert.rulings.policy import Policy

RITA, ROB, ABE = "a" * 16, "b" * 16, "c" * 16
NAMES = {RITA: ("Rita Roe", "reviewer"), ROB: ("Rob Ray", "reviewer"), ABE: ("Abe Low", "approver")}
POLICY = Policy(look_at="sample", bound=0.1)


class Book:
    """Decisions, put down one after another."""

    def __init__(self) -> None:
        self.review, self.seq = Review(), 0

    def __call__(self, record: str, action: str = "accept", who: str = RITA, content: str = "now", **more) -> None:
        self.seq += 1
        ruling = Ruling(seq=self.seq, sha=f"{self.seq:064x}", at="2026-11-24T09:00:00+00:00", who=who,
                        final=who == ABE, action=action, content=content, **more)  # fmt: skip
        self.review.standings.setdefault(record, Standing()).rulings.append(ruling)

    def figures(self, count: int, *, sample=None, doubles=(), planted=None, policy=POLICY):
        ids = [f"r{n}" for n in range(count)]
        material = Material(
            contents=dict.fromkeys(ids, "now"), sample=ids if sample is None else sample, doubles=list(doubles),
            planted=planted or {}, names=NAMES,
        )  # fmt: skip
        return figures(self.review, policy, material)


@pytest.fixture
def book() -> Book:
    return Book()


def test_nothing_decided_shows_nothing(book):
    found = book.figures(10)
    assert (found.sample.size, found.sample.examined, found.sample.wrong) == (10, 0, 0)
    assert found.sample.upper == 1
    assert found.records == {"open": 10}
    assert found.planted.recall is None
    assert found.people == []
    assert plots.times(found.seconds) == []


def test_a_clean_sample_bounds_the_rest(book):
    sample = [f"r{n}" for n in range(40)]
    for one in sample:
        book(one)
    found = book.figures(1000, sample=sample).sample
    assert (found.examined, found.wrong, found.population) == (40, 0, 1000)
    assert found.upper == bounds.upper(0, 40, 0.95, 1000)
    assert found.upper == pytest.approx(1 - 0.05 ** (1 / 40), abs=0.01)
    everything = book.figures(40)
    assert everything.sample.upper == 0  # all were read


@pytest.mark.parametrize("action", ["reject", "edit", "escalate"])
def test_what_was_not_accepted_counts_as_wrong(book, action):
    book("r0", action)
    book("r1")
    found = book.figures(20)
    assert (found.sample.examined, found.sample.wrong) == (2, 1)
    assert found.sample.low < 0.5 < found.sample.high


def test_a_disagreement_is_wrong_until_an_approver_settles_it(book):
    book("r0")
    book("r0", "reject", ROB, reason="wrong")
    assert book.figures(20).sample.wrong == 1
    assert book.figures(20).records["conflict"] == 1
    book("r0", "accept", ABE)
    assert book.figures(20).sample.wrong == 0


def test_who_decides_about_many_at_once_has_read_none(book):
    for n in range(20):
        book(f"r{n}", bulk=True)
    found = book.figures(20, planted={"r3": "negated"})
    assert (found.sample.examined, found.planted.met) == (0, 0)
    assert found.records == {"accepted": 20}
    assert found.people[0].bulk == 20
    book("r0")
    assert book.figures(20).sample.examined == 1


def test_decisions_about_an_earlier_text_count_for_nothing(book):
    book("r0", "reject", content="before", reason="wrong")
    found = book.figures(5)
    assert (found.sample.examined, found.sample.wrong, found.reasons) == (0, 0, {})
    assert found.records == {"open": 5}


def test_only_the_sample_is_counted_and_what_is_gone_is_not(book):
    book("r0")
    book("r9", "reject", reason="wrong")
    found = book.figures(10, sample=["r0", "r1", "gone"]).sample
    assert (found.size, found.examined, found.wrong) == (2, 1, 0)


def test_planted_errors_are_no_records_of_the_sample(book):
    planted = {"r0": "negated", "r1": "negated", "r2": "wrong_figure"}
    book("r0", "reject", reason="wrong")
    book("r1")
    book("r5")
    found = book.figures(20, planted=planted)
    assert (found.sample.population, found.sample.size, found.sample.examined, found.sample.wrong) == (17, 17, 1, 0)
    assert (found.planted.planted, found.planted.met, found.planted.caught) == (3, 2, 1)
    assert found.planted.recall == 0.5
    assert found.planted.by_error == {"negated": (2, 1), "wrong_figure": (0, 0)}


def test_errors_that_are_overlooked_widen_the_bound(book):
    for n in range(100):
        book(f"r{n}", "reject" if n < 4 else "accept", reason="wrong" if n < 4 else None)
    sample = [f"r{n}" for n in range(100)]
    plain = book.figures(1000, sample=sample).sample.upper
    for n in range(200, 220):
        book(f"r{n}", "reject" if n < 210 else "accept", reason="wrong" if n < 210 else None)
    planted = {f"r{n}": "negated" for n in range(200, 220)}
    found = book.figures(1000, sample=[*sample, *planted], planted=planted)
    assert found.planted.recall == 0.5
    assert found.sample.wrong == 4
    assert found.sample.upper == bounds.corrected(4, 100, 10, 20, 0.95, 980).rate_upper
    assert found.sample.upper > plain


def test_two_judges_are_the_first_two_and_blind(book):
    doubles = ["r0", "r1", "r2", "r3"]
    for one in doubles[:3]:
        book(one)
    book("r0", "accept", ROB)
    book("r1", "reject", ROB, reason="wrong")
    book("r1", "accept", ABE)  # came third, and had seen the others
    book("r1", "reject", RITA, reason="wrong")  # came round to the other's view: the first judgment counts
    book("r2", bulk=True, who=ROB)
    found = book.figures(10, doubles=doubles)
    assert found.sample.waiting == 2
    assert (found.agreement.records, found.agreement.judges, found.agreement.percent) == (2, 2, 0.5)


def test_people_are_counted_by_their_last_decision(book):
    book("r0", "reject", reason="wrong", seconds=4)
    book("r0", "accept", seconds=10)
    book("r1", "edit", seconds=30)
    book("r2", "escalate")
    book("r3", "reject", ROB, reason="other")
    found = book.figures(10)
    rita, rob = found.people
    assert (rita.name, rita.role, rita.accepted, rita.edited, rita.rejected, rita.escalated) == (
        "Rita Roe", "reviewer", 1, 1, 0, 1,
    )  # fmt: skip
    assert (rita.seconds, rob.seconds) == (20, None)
    assert found.reasons == {"other": 1}
    assert found.seconds == [10, 30]
    unknown = book.figures(10).model_copy()
    book("r4", who="d" * 16)
    assert [p.name for p in book.figures(10).people] == ["Rita Roe", "Rob Ray", "d" * 16]
    assert len(unknown.people) == 2


def test_plots_hold_every_decision_once():
    seconds = [0, 5, 6, 10, 59, 60, 61, 3600]
    bars = plots.times(seconds)
    assert sum(b.count for b in bars) == len(seconds)
    assert [b.count for b in bars] == [2, 2, 0, 0, 2, 1, 0, 1]
    assert max(b.share for b in bars) == 1
    assert [b.label for b in bars][:2] == ["up to 5 s", "up to 10 s"]
    assert sum(b.count for b in plots.statuses({"open": 3, "accepted": 2})) == 5
