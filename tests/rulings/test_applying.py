"""Which records the student may learn from, and in which words."""

from __future__ import annotations

from functools import partial

import pytest

from kdvert.decisions import erasable
from kdvert.errors import WorkFailed
from kdvert.records import Verdict, sha256_text
from kdvert.rulings import applying, reading
from kdvert.rulings.applying import FIRM, REASONS, apply, liftable
from kdvert.rulings.policy import Policy
from kdvert.store import write_jsonl

DROP = Policy(undecided="drop")


@pytest.fixture
def outcome(panel):
    """Return a function that applies what stands."""

    def applied(accepted, rejected=(), policy=None):
        edits = partial(reading.edit_of, panel.root)
        return apply(accepted, rejected, panel.review, policy or Policy(), edits)

    return applied


@pytest.fixture
def one(make_record):
    return make_record(1)


def reasons(examples):
    return [next(v.reason for v in e.verdicts if not v.passed) for e in examples]


class TestUndecided:
    def test_kept_as_it_is(self, outcome, one):
        found = outcome([one])
        assert (found.kept, found.refused) == ([one], [])

    def test_dropped_if_the_policy_asks_for_it(self, panel, outcome, make_record):
        one, two = make_record(1), make_record(2)
        panel.decide("Rita", "accepted", two)
        found = outcome([one, two], policy=DROP)
        assert [e.id for e in found.kept] == [two.id]
        assert reasons(found.refused) == ["undecided"]
        assert applying.looked_at([*found.kept, *found.refused]) == 1

    def test_a_lapsed_decision_is_none(self, panel, outcome, make_record):
        panel.decide("Rita", "accepted", make_record(1))
        assert reasons(outcome([make_record(1, answer="Otherwise.")], policy=DROP).refused) == ["undecided"]


@pytest.mark.parametrize("reason", [None, "harmful", "personal_data", "ab" * 32])
def test_a_rejected_record_is_kept_out_with_its_reason(panel, outcome, one, reason):
    panel.decide("Rita", "rejected", one, **({"reason": reason} if reason else {}))
    found = outcome([one])
    assert found.kept == []
    assert reasons(found.refused) == [f"reviewer_{reason if reason in ('harmful', 'personal_data') else 'other'}"]
    assert set(reasons(found.refused)) <= REASONS
    assert not found.refused[0].accepted


def test_an_accepted_record_says_that_a_person_did(panel, outcome, one):
    panel.decide("Rita", "accepted", one)
    (kept,) = outcome([one], policy=DROP).kept
    assert kept.verdicts == [*one.verdicts, Verdict(check="review", passed=True)]
    assert kept.accepted
    assert (applying.looked_at([kept]), applying.in_words_of_people([kept])) == (1, 0)


def test_a_conflict_and_a_question_are_kept_out_until_an_approver_decides(panel, outcome, make_record):
    one, two = make_record(1), make_record(2)
    panel.decide("Rita", "accepted", one)
    panel.decide("Rolf", "rejected", one)
    panel.decide("Rita", "escalated", two)
    found = outcome([one, two])
    assert sorted(reasons(found.refused)) == ["review_conflict", "review_escalated"]
    assert set(reasons(found.refused)) <= REASONS
    panel.all("Anna", "accepted", [one, two])
    assert len(outcome([one, two]).kept) == 2


class TestEdits:
    def test_the_student_learns_the_new_words(self, panel, outcome, one):
        panel.edit(
            "Rita", one, "Statins help.", Verdict(check="length", passed=True), Verdict(check="new", passed=True)
        )
        (kept,) = outcome([one]).kept
        assert (kept.answer, kept.question) == ("Statins help.", one.question)
        assert [(v.check, v.reason) for v in kept.verdicts] == [("length", None), ("new", None), ("review", "edited")]
        assert kept.accepted
        assert applying.in_words_of_people([kept]) == 1

    def test_an_erased_edit_refuses_the_record(self, panel, outcome, one, now):
        _, item = panel.edit("Rita", one, "Statins help.")
        erasable.erase(panel.root, [item], signer=panel.person("Ada"), now=now)
        found = outcome([one])
        assert (found.kept, reasons(found.refused)) == ([], ["edit_erased"])
        assert panel.wrong() == []

    def test_an_edit_of_other_words_than_were_decided_on_refuses_the_record(self, panel, outcome, one):
        _, item = panel.edit("Rolf", one, "Statins harm.")
        panel.decide("Anna", "edited", one, (item,), after=sha256_text("Statins help."), edit=item)
        assert reasons(outcome([one]).refused) == ["edit_altered"]

    def test_an_edit_that_fails_a_check_refuses_the_record(self, panel, outcome, one):
        panel.edit("Anna", one, "Statins help.", Verdict(check="support", passed=False, reason="answer_not_supported"))
        (refused,) = outcome([one]).refused
        assert [v.reason for v in refused.verdicts] == ["answer_not_supported", "edit_failed_checks"]
        assert refused.answer == "Statins help."

    def test_an_altered_file_stops_the_work(self, panel, outcome, one):
        _, item = panel.edit("Rita", one, "Statins help.")
        path = panel.root / "decisions" / "erasable" / f"{item}.json"
        path.write_text(path.read_text().replace("help", "harm"))
        with pytest.raises(WorkFailed, match="altered"):
            outcome([one])

    def test_a_text_that_is_no_edit_stops_the_work(self, panel, outcome, one):
        item = erasable.put(panel.root, "comment", "Statins help.")
        panel.decide("Rita", "edited", one, (item,), after="ab" * 32, edit=item)
        with pytest.raises(WorkFailed, match="is no edit"):
            outcome([one])


class TestAppeals:
    def test_an_approver_lets_in_what_a_check_rejected_and_what_it_said_stays(self, panel, outcome, make_record):
        rejected = make_record(1, failed="too_short")
        panel.decide("Anna", "accepted", rejected)
        (kept,) = outcome([], [rejected]).kept
        assert kept.accepted
        assert [(v.check, v.passed, v.reason) for v in kept.verdicts] == [
            ("length", True, "too_short"), ("review", True, None),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["Rita", "Carla"])
    def test_a_reviewer_or_counsel_cannot(self, panel, outcome, make_record, name):
        panel.person("Carla", "counsel")
        rejected = make_record(1, failed="too_short")
        panel.decide(name, "accepted", rejected)
        found = outcome([], [rejected])
        assert (found.kept, found.refused) == ([], [])

    @pytest.mark.parametrize("reason", sorted(FIRM))
    def test_firm_reasons_are_not_lifted(self, panel, outcome, make_record, reason):
        rejected = make_record(1, failed=reason)
        panel.decide("Anna", "accepted", rejected)
        panel.edit("Anna", rejected, "Statins help.", Verdict(check="length", passed=True))
        assert not liftable(rejected)
        assert outcome([], [rejected]).kept == []

    def test_one_firm_reason_among_others_is_enough(self, make_record):
        more = [Verdict(check="x", passed=False, reason="too_long"), Verdict(check="eval_overlap", passed=False)]
        assert not liftable(make_record(1).model_copy(update={"verdicts": more}))
        assert liftable(make_record(1, failed="too_long"))

    @pytest.mark.parametrize("kind", ["rejected", "escalated"])
    def test_nothing_else_lets_it_in(self, panel, outcome, make_record, kind):
        rejected = make_record(1, failed="too_short")
        panel.decide("Anna", kind, rejected)
        assert outcome([], [rejected]).kept == []

    def test_in_an_approvers_words(self, panel, outcome, make_record):
        rejected = make_record(1, failed="too_short")
        panel.edit("Anna", rejected, "Statins help older adults.", Verdict(check="length", passed=True))
        (kept,) = outcome([], [rejected]).kept
        assert kept.answer == "Statins help older adults."

    def test_in_words_that_fail_a_check_it_stays_where_it_was(self, panel, outcome, make_record):
        rejected = make_record(1, failed="too_short")
        panel.edit("Anna", rejected, "Statins.", Verdict(check="length", passed=False, reason="too_short"))
        found = outcome([], [rejected])
        assert (found.kept, found.refused) == ([], [])

    def test_granted_and_taken_back(self, panel, outcome, make_record):
        rejected = make_record(1, failed="too_short")
        panel.undo("Anna", panel.decide("Anna", "accepted", rejected))
        assert outcome([], [rejected]).kept == []


def test_the_hash_is_that_of_the_file(panel, outcome, make_record, tmp_path):
    from kdvert.store import sha256_file

    many = [make_record(n) for n in (3, 1, 2)]
    panel.decide("Rita", "rejected", many[0])
    found = outcome(many, [make_record(4, failed="too_short")])
    assert [e.id for e in found.kept] == sorted(e.id for e in many[1:])
    write_jsonl(tmp_path / "kept.jsonl", found.kept)
    assert found.sha == sha256_file(tmp_path / "kept.jsonl")
    assert found.sha == outcome(list(reversed(many))).sha
