"""Estimates of an entry of the mix, from what was seen of it."""

from __future__ import annotations

from kdvert.elicitation.survey import PartSurvey, Unit
from kdvert.pipeline.plan_parts import planned
from kdvert.reporting.plans import Range


def waiting(about: str) -> Unit:
    """A passage whose first call is known and not answered."""
    return Unit(
        about=about,
        jobs=1,
        complete=False,
        prompt=400,
        most_requests=4,
        waiting=1,
        waiting_input=100,
        waiting_output=28,
    )


def answered(about: str, *records: str, tokens: int = 100) -> Unit:
    """A passage whose calls are all kept."""
    return Unit(
        about=about, jobs=1, requests=1, input_tokens=tokens, output_tokens=20, prompt=400, most_requests=4,
        records=list(records),
    )  # fmt: skip


def part(*units: Unit, all_known: bool = True, **changes) -> PartSurvey:
    """An entry about these passages."""
    values = {
        "strategy": "curation", "skill": "grounded_qa", "wanted": None, "unit": "passages", "units": list(units),
        "all_known": all_known, "per_unit": 2,
    }  # fmt: skip
    return PartSurvey(**(values | changes))


def test_a_passage_without_a_question_is_no_sample_of_the_others():
    silent = [Unit(about=f"s{n}", jobs=1) for n in range(3)]
    (made,) = planned([part(*silent, *map(waiting, "ab"))], set(), counted=True)
    assert made.observed == 0
    assert made.requests == Range(low=2, high=8)
    assert made.input_tokens == Range(low=200, high=800)
    assert made.output_tokens == Range(low=0, high=2 * 4 * 28)
    assert made.records == Range(low=0, high=4)
    (made,) = planned([part(*silent, answered("a", "r1"), answered("b"), waiting("c"))], {"r1"}, counted=True)
    assert (made.observed, made.requests.expected, made.input_tokens.expected) == (2, 3, 300)
    assert (made.units.expected, made.records.expected, made.accepted_observed) == (6, 1.5, 1)


def test_passages_that_share_a_call_count_each():
    several = answered("a", "r1", "r2", "r3").model_copy(update={"size": 3})
    rest = waiting("b").model_copy(update={"size": 2})
    (made,) = planned([part(several, rest)], {"r1"}, counted=True)
    assert (made.units.expected, made.observed, made.requests.expected) == (5, 3, 2)
    assert (made.records.expected, made.accepted.expected) == (5, 1.67)
    assert made.accepted.high <= made.records.high <= 3 + 2 * 2


def test_entries_that_build_on_records_wait_for_their_number():
    first = part(answered("a", "r1", "r2"), waiting("b"))
    grown = part(
        answered("0", "r3"), all_known=False, strategy="expansion", unit="records", per_unit=1, wanted=100
    )  # fmt: skip
    _, made = planned([first, grown], {"r1", "r3"}, counted=True)
    assert made.units.expected == 16, "four records, four ways each"
    assert made.units.high <= 16
    assert made.records.high <= made.units.high
    _, bare = planned([part(waiting("a")), grown.model_copy(update={"units": []})], set(), counted=True)
    assert bare.requests == Range(low=0, high=16)
    assert bare.input_tokens == Range(low=0)
