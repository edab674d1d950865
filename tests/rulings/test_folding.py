"""What decisions come to: who counts, what lapses, what is taken back."""

from __future__ import annotations

import json

import pytest
import yaml

from kdvert.decisions import batches, enrolling, signers, trail, trail_check
from kdvert.errors import UserError, WorkFailed
from kdvert.records import Verdict
from kdvert.rulings import reading
from kdvert.rulings.contents import content_sha
from kdvert.rulings.folding import Review, fold


@pytest.fixture
def one(make_record):
    return make_record(1)


def folded(panel, entries, into=None, retired=None):
    trusted = signers.read(panel.root)
    judged = trail_check.judged(entries, trusted, retired)
    return fold(judged, trusted, lambda sha: batches.get(panel.root, sha), into)


def test_nobody_decided(panel, one):
    assert panel.status(one) == "open"
    assert panel.standing(one).version == 0
    assert panel.review == Review()


@pytest.mark.parametrize("kind", ["accepted", "rejected", "escalated"])
def test_a_decision_stands_with_all_it_says(panel, one, kind):
    entry = panel.decide("Rita", kind, one, reason="unclear", seconds=12)
    assert panel.status(one) == kind
    (ruling,) = panel.standing(one).rulings
    assert (ruling.sha, ruling.seq, ruling.who) == (entry.sha, entry.seq, panel.person("Rita").key_id)
    assert (ruling.reason, ruling.seconds, ruling.bulk, ruling.final) == ("unclear", 12, False, False)
    assert panel.standing(one).version == entry.seq
    assert panel.wrong() == []


def test_of_one_person_the_last_decision_counts(panel, one):
    panel.decide("Rita", "rejected", one)
    panel.decide("Rita", "accepted", one)
    assert panel.status(one) == "accepted"
    assert len(panel.standing(one).by_person(content_sha(one))) == 1


class TestDisagreement:
    def test_reviewers_who_disagree_leave_a_conflict_until_an_approver_decides(self, panel, one):
        panel.decide("Rita", "accepted", one)
        panel.decide("Rolf", "rejected", one)
        assert panel.status(one) == "conflict"
        panel.decide("Anna", "rejected", one)
        assert panel.status(one) == "rejected"

    def test_it_ends_when_one_of_them_comes_round(self, panel, one):
        panel.decide("Rita", "accepted", one)
        panel.decide("Rolf", "rejected", one)
        panel.decide("Rolf", "accepted", one)
        assert panel.status(one) == "accepted"

    def test_an_approver_has_the_last_word_whoever_comes_later(self, panel, one):
        panel.decide("Anna", "accepted", one)
        panel.decide("Rita", "rejected", one)
        panel.decide("Rolf", "escalated", one)
        assert panel.status(one) == "accepted"
        panel.decide("Anna", "rejected", one)
        assert panel.status(one) == "rejected"

    def test_an_escalated_record_waits_for_an_approver(self, panel, one):
        panel.decide("Rita", "escalated", one)
        panel.decide("Rolf", "accepted", one)
        assert panel.status(one) == "escalated"
        panel.decide("Anna", "accepted", one)
        assert panel.status(one) == "accepted"

    def test_two_edits_agree_only_in_the_same_words(self, panel, one):
        panel.edit("Rita", one, "Statins help.")
        panel.edit("Rolf", one, "Statins help.")
        assert panel.status(one) == "edited"
        panel.edit("Rolf", one, "Statins do help.")
        assert panel.status(one) == "conflict"

    def test_an_edit_and_an_acceptance_disagree(self, panel, one):
        panel.edit("Rita", one, "Statins help.")
        panel.decide("Rolf", "accepted", one)
        assert panel.status(one) == "conflict"


class TestLapsing:
    def test_a_decision_lapses_when_the_text_changes_and_counts_again_when_it_is_back(self, panel, make_record):
        old, new = make_record(1), make_record(1, answer="Statins do nothing.")
        panel.decide("Anna", "accepted", old)
        assert panel.status(new) == "open"
        assert panel.standing(new).lapsed(content_sha(new))
        panel.decide("Rita", "rejected", new)
        assert (panel.status(new), panel.status(old)) == ("rejected", "accepted")

    def test_another_check_of_the_same_text_changes_nothing(self, panel, one):
        panel.decide("Rita", "accepted", one)
        checked = one.model_copy(update={"verdicts": [Verdict(check="language", passed=True)]})
        assert panel.status(checked) == "accepted"

    def test_all_that_a_reviewer_reads_belongs_to_the_text(self, one):
        changes = {"quote": "x", "context": ["x"], "rejected": one.messages[-1:], "evidence": [], "skill": "x"}
        shas = {content_sha(one.model_copy(update={name: value})) for name, value in changes.items()}
        assert len(shas | {content_sha(one)}) == len(changes) + 1


class TestTakingBack:
    def test_ones_own(self, panel, one):
        panel.decide("Rita", "accepted", one)
        panel.undo("Rita", panel.decide("Rita", "rejected", one))
        assert panel.status(one) == "accepted"
        assert panel.standing(one).version == len(trail.entries(panel.root))

    def test_by_another_reviewer_does_nothing_and_by_an_approver_does(self, panel, one):
        entry = panel.decide("Rita", "rejected", one)
        panel.undo("Rolf", entry)
        assert panel.status(one) == "rejected"
        panel.undo("Anna", entry)
        assert panel.status(one) == "open"

    def test_a_reviewer_cannot_take_back_an_approvers(self, panel, one):
        panel.undo("Rita", panel.decide("Anna", "rejected", one))
        assert panel.status(one) == "rejected"

    def test_twice_or_of_nothing_is_harmless(self, panel, one):
        entry = panel.decide("Rita", "rejected", one)
        panel.undo("Rita", entry)
        panel.undo("Rita", entry)
        panel.undo("Rita", trail.entries(panel.root)[0])
        assert panel.status(one) == "open"

    def test_a_bulk_decision_goes_as_a_whole(self, panel, make_record):
        many = [make_record(n) for n in range(4)]
        panel.decide("Rita", "rejected", many[0])
        panel.undo("Rita", panel.all("Rita", "accepted", many))
        assert [panel.status(e) for e in many] == ["rejected", "open", "open", "open"]


class TestAtOnce:
    def test_a_list_decides_about_each_of_its_records(self, panel, make_record):
        many = [make_record(n) for n in range(5)]
        panel.all("Rita", "rejected", many[:3], reason="repeated")
        assert [panel.status(e) for e in many] == ["rejected"] * 3 + ["open"] * 2
        (ruling,) = panel.standing(many[0]).rulings
        assert (ruling.bulk, ruling.reason, ruling.seconds) == (True, "repeated", None)
        assert panel.wrong() == []

    def test_it_lapses_record_by_record(self, panel, make_record):
        panel.all("Anna", "accepted", [make_record(1), make_record(2)])
        changed = make_record(2, answer="Statins do nothing.")
        assert (panel.status(make_record(1)), panel.status(changed)) == ("accepted", "open")

    @pytest.mark.parametrize("harm", ["gone", "altered"])
    def test_a_list_that_is_gone_or_altered_stops_the_reading_and_is_named(self, panel, make_record, harm):
        entry = panel.all("Rita", "accepted", [make_record(1)])
        path = panel.root / "decisions" / "batches" / f"{entry.refs['list']}.json"
        path.unlink() if harm == "gone" else path.write_text("{}")
        with pytest.raises(WorkFailed, match=harm):
            panel.review  # noqa: B018
        assert panel.wrong() == ["list_missing" if harm == "gone" else "list_altered"]


class TestWhoCounts:
    def test_a_retired_key_decides_nothing_more_and_what_it_decided_stands(self, panel, make_record, now, monkeypatch):
        before, after = make_record(1), make_record(2)
        panel.decide("Rita", "accepted", before)
        enrolling.retire(panel.root, panel.person("Rita").key_id, signer=panel.person("Ada"), now=now)
        with pytest.raises(UserError, match="was retired"):
            panel.decide("Rita", "accepted", after)
        monkeypatch.setattr(trail, "_must_be_active", lambda root, signer: None)
        entry = panel.decide("Rita", "accepted", after)
        assert (panel.status(before), panel.status(after)) == ("accepted", "open")
        assert panel.review.ignored == [entry]

    def test_a_key_that_is_not_trusted_decides_nothing(self, panel, one):
        panel.decide("Rita", "accepted", one)
        signers.remove(panel.root, panel.person("Rita").row)
        assert panel.status(one) == "open"
        assert len(panel.review.ignored) == 1

    def test_a_role_written_in_by_hand_decides_nothing(self, panel, one):
        panel.decide("Rita", "accepted", one)
        path = panel.root / signers.FILE
        rows = yaml.safe_load(path.read_text())
        next(r for r in rows["signers"] if r["name"] == "Rita")["role"] = "approver"
        path.write_text(yaml.safe_dump(rows))
        assert panel.status(one) == "open"

    def test_an_admin_does_not_decide(self, panel, one):
        with pytest.raises(UserError, match="Only reviewer or approver or counsel"):
            panel.decide("Ada", "accepted", one)
        panel.person("Ada").require = lambda *roles, to: None
        panel.decide("Ada", "accepted", one)
        assert panel.status(one) == "open"

    def test_a_decision_that_was_altered_decides_nothing(self, panel, one):
        panel.decide("Rita", "rejected", one)
        path = trail.path_of(panel.root)
        lines = path.read_text().splitlines()
        lines[-1] = json.dumps(json.loads(lines[-1]) | {"kind": "record-accepted"})
        path.write_text("\n".join(lines) + "\n")
        assert panel.status(one) == "open"

    @pytest.mark.parametrize(
        ("kind", "refs"),
        [
            ("record-accepted", {}), ("record-rejected", {"record": "ab" * 32}), ("record-edited", {"record": "ab" * 32}),
            ("records-accepted", {}), ("decision-undone", {}), ("record-commented", {}),
            ("record-accepted", {"record": 7, "content": "ab" * 32}),
        ],
    )  # fmt: skip
    def test_an_entry_that_does_not_say_what_it_is_about_decides_nothing(self, panel, now, kind, refs):
        entry = trail.append(panel.root, kind, now=now, signer=panel.person("Anna"), refs=refs)
        assert panel.review == Review(ignored=[entry])


def test_a_comment_decides_nothing_and_counts_as_a_change(panel, one, now):
    panel.decide("Rita", "accepted", one)
    entry = trail.append(panel.root, "record-commented", now=now, signer=panel.person("Ada"), refs={"record": one.id})
    assert panel.status(one) == "accepted"
    assert (panel.standing(one).comments, panel.standing(one).version) == ([entry], entry.seq)


def test_samples_and_planted_errors_are_kept(panel, make_record, now):
    sha = batches.put(panel.root, {make_record(1).id: content_sha(make_record(1))})
    trail.append(panel.root, "sample-drawn", now=now, signer=panel.person("Ada"), refs={"list": sha})
    planted = trail.append(panel.root, "errors-planted", now=now, signer=panel.person("Ada"), refs={"number": 3})
    assert [list(s.rows) for s in panel.review.samples] == [[make_record(1).id]]
    assert panel.review.planted == [planted]


def test_to_follow_the_trail_comes_to_the_same_as_to_read_it_whole(panel, make_record, now):
    one, two = make_record(1), make_record(2)
    first = panel.decide("Rita", "rejected", one)
    known, end = trail.follow(panel.root, 0)
    retired: set[str] = set()
    review = folded(panel, known, retired=retired)
    for entry in (lambda: panel.undo("Rita", first), lambda: panel.decide("Rolf", "accepted", one)):
        entry()
        fresh, end = trail.follow(panel.root, end)
        review = folded(panel, fresh, review, retired)
    enrolling.retire(panel.root, panel.person("Rita").key_id, signer=panel.person("Rita"), now=now)
    fresh, end = trail.follow(panel.root, end)
    review = folded(panel, fresh, review, retired)
    trail._must_be_active, kept = lambda root, signer: None, trail._must_be_active
    try:
        panel.decide("Rita", "accepted", two)
    finally:
        trail._must_be_active = kept
    fresh, end = trail.follow(panel.root, end)
    review = folded(panel, fresh, review, retired)
    assert review == panel.review
    assert (review.of(one.id).status(content_sha(one)), review.of(two.id).rulings) == ("accepted", [])


class TestBasis:
    """What makes the stage ``review`` run anew."""

    def test_only_what_decides_about_records_changes_it(self, panel, one, now):
        before = reading.basis(panel.root)
        trail.append(panel.root, "record-commented", now=now, signer=panel.person("Ada"), refs={"record": one.id})
        panel.person("Carla", "counsel")
        trail.append(panel.root, "signed-off", now=now, signer=panel.person("Anna"), refs={"document": "ab" * 32})
        assert reading.basis(panel.root) == before
        entry = panel.decide("Rita", "accepted", one)
        decided = reading.basis(panel.root)
        panel.undo("Rita", entry)
        undone = reading.basis(panel.root)
        enrolling.retire(panel.root, panel.person("Rita").key_id, signer=panel.person("Ada"), now=now)
        retired = reading.basis(panel.root)
        signers.remove(panel.root, panel.person("Rita").row)
        assert len({before, decided, undone, retired, reading.basis(panel.root)}) == 5

    def test_an_erased_edit_changes_it(self, panel, one, now):
        from kdvert.decisions import erasable

        _, item = panel.edit("Rita", one, "Statins help.")
        comment = erasable.put(panel.root, "comment", "Well said.")
        panel.decide("Rolf", "commented", one, (comment,))
        before = reading.basis(panel.root)
        erasable.erase(panel.root, [comment], signer=panel.person("Ada"), now=now)
        assert reading.basis(panel.root) == before
        erasable.erase(panel.root, [item], signer=panel.person("Ada"), now=now)
        assert reading.basis(panel.root) != before
