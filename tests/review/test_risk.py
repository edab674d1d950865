"""In which order records are read."""

from __future__ import annotations

import pytest

from kdvert.records import Finding, ScrubLog, SpanMove, Verdict
from kdvert.review import risk
from kdvert.review.risk import Assessor, Marks

from .place import DRUGS, passage, record

TEXT = passage(DRUGS[0])


def assessor(*, scores: tuple[float, ...] = (), verdict: str = "allow") -> Assessor:
    count = len(scores)
    marks = Marks([10 * i for i in range(count)], [10 * i + 5 for i in range(count)], ["PERSON"] * count, list(scores))
    return Assessor(lambda _: marks, lambda _: ("doc-0000", 0, len(TEXT)), lambda _: verdict)


def with_verdicts(*verdicts: Verdict):
    return record(0).model_copy(update={"verdicts": list(verdicts)})


def test_weights_are_shares():
    assert sum(risk.WEIGHTS.values()) == pytest.approx(1)
    assert set(risk.WEIGHTS) == set(risk.MEANINGS) == set(assessor().parts(record(0)))
    assert risk.total(dict.fromkeys(risk.WEIGHTS, 1.0)) == 1
    assert risk.total(dict.fromkeys(risk.WEIGHTS, 0.0)) == 0


def test_more_and_less_sure_places_weigh_more():
    found = [assessor(scores=s).parts(record(0))["personal"] for s in ((), (1.0,), (0.4,), (1.0, 0.4), (0.4,) * 9)]
    assert found == [0.0, 0.1, 0.4, 0.5, 0.8]


def test_places_outside_the_passages_do_not_count():
    far = Marks([500], [520], ["PERSON"], [0.1])
    one = Assessor(lambda _: far, lambda _: ("doc-0000", 0, len(TEXT)), lambda _: "allow")
    assert one.parts(record(0))["personal"] == 0
    gone = Assessor(lambda _: far, lambda _: None, lambda _: "allow")
    assert gone.parts(record(0))["personal"] == 0


def test_places_that_touch_a_passage_count_whole():
    marks = Marks([0, 10, 20], [5, 15, 25], ["A", "B", "C"], [1.0] * 3)
    assert list(marks.within(5, 10)) == []
    assert list(marks.within(4, 11)) == [0, 1]
    assert list(marks.within(12, 13)) == [1]
    assert list(marks.within(0, 100)) == [0, 1, 2]


def test_marks_of_a_log_carry_type_and_score():
    log = ScrubLog(
        document_id="doc-0000",
        findings=[Finding(entity="PERSON", start=7, end=15, score=0.6, action="replace")],
        moves=[SpanMove(start=7, end=15, scrubbed_start=7, scrubbed_end=17),
               SpanMove(start=30, end=31, scrubbed_start=32, scrubbed_end=33)],
    )  # fmt: skip
    marks = Marks.of(log)
    assert (marks.starts, marks.ends) == ([7, 32], [17, 33])
    assert (marks.entities, marks.scores) == (["PERSON", ""], [0.6, 1.0])


@pytest.mark.parametrize(
    ("verdict", "value"), [("allow", 0), ("allow-with-duties", 0.3), ("ask-counsel", 0.7), ("block", 1), ("new", 1)]
)
def test_the_license_verdict(verdict, value):
    assert assessor(verdict=verdict).parts(record(0))["license"] == value


def test_evidence_is_as_weak_as_its_weakest_check():
    strong = Verdict(check="support", passed=True, reason=None, score=0.9)
    weak = Verdict(check="premise", passed=True, reason=None, score=0.2)
    other = Verdict(check="length", passed=True, reason=None, score=0.0)
    parts = [assessor().parts(with_verdicts(*v))["evidence"] for v in ((strong,), (strong, weak, other), (other,))]
    assert parts == [0.1, 0.8, 1.0]
    bare = record(0).model_copy(update={"evidence": []})
    assert assessor().parts(bare)["evidence"] == 1


def test_a_judge_that_was_not_asked_leaves_half_a_doubt():
    yes, no = (Verdict(check="judge", passed=p, reason=None if p else "judge") for p in (True, False))
    found = [assessor().parts(with_verdicts(*v))["doubt"] for v in ((), (yes,), (yes, no))]
    assert found == [0.5, 0.0, 1.0]


def test_a_record_unlike_others_is_new():
    like = Verdict(check="near_duplicate", passed=True, reason=None, score=0.75)
    assert assessor().parts(with_verdicts(like))["novelty"] == 0.25
    assert assessor().parts(with_verdicts())["novelty"] == 1
