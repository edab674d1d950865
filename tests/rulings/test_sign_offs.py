"""A sign-off holds for what was signed, by whom and on which trail, and for nothing else."""

from __future__ import annotations

import json

import pytest

from kdvert.decisions import enrolling, signers, trail
from kdvert.errors import UserError
from kdvert.rulings import sign_offs
from kdvert.rulings.sign_offs import Requirement, SignOff

DATASET, REPORT = "ab" * 32, "cd" * 32


@pytest.fixture
def sign(panel, now):
    """Return a function that signs for training, or for what is named."""

    def signed(name: str = "Anna", scope: str = "training", requirements=(), **changes) -> SignOff:
        options = {"dataset": DATASET, "report": REPORT, "records": 12, "project": "ward", "figures": {"kept": 12}}
        return sign_offs.sign(
            panel.root, scope, signer=panel.person(name), now=now, requirements=list(requirements), **options | changes
        )

    return signed


@pytest.fixture
def codes(panel):
    """Return a function that gives the codes of what speaks against each sign-off."""

    def judged(dataset=DATASET, report=REPORT):
        held = sign_offs.judge(panel.root, panel.review, dataset=dataset, report=report)
        assert all(h.holds == (not h.lapses) for h in held)
        return [[lapse.code for lapse in h.lapses] for h in held]

    return judged


def path_of(panel, made):
    return panel.root / "decisions" / "sign-offs" / f"{made.id}.json"


def forge(panel, made, **changes):
    path_of(panel, made).write_text(json.dumps(json.loads(path_of(panel, made).read_text()) | changes))


def test_it_says_what_was_signed_and_on_which_trail(panel, sign, codes):
    before = trail.entries(panel.root)
    made = sign(requirements=[Requirement(name="all", what="all records", met=True, found="12 of 12")])
    assert codes() == [[]]
    assert (made.head, made.entries) == (before[-1].sha, len(before))
    assert (made.name, made.role, made.records, made.project) == ("Anna", "approver", 12, "ward")
    assert "approve them for training" in made.meaning
    assert sign_offs.read(panel.root) == [made]
    entry = trail.entries(panel.root)[-1]
    assert (entry.kind, entry.refs["document"], entry.refs["scope"]) == ("signed-off", made.sha, "training")
    assert "Anna" not in trail.path_of(panel.root).read_text()
    assert panel.wrong() == []


def test_what_the_policy_asks_for_comes_first(panel, sign):
    unmet = Requirement(name="sample", what="a sample of 59", met=False, found="12 were looked at")
    with pytest.raises(UserError, match=r"a sample of 59 \(12 were looked at\)"):
        sign(requirements=[unmet])
    assert sign_offs.read(panel.root) == []


@pytest.mark.parametrize("name", ["Rita", "Ada"])
def test_only_an_approver_signs_and_takes_back(panel, sign, now, name):
    with pytest.raises(UserError, match="Only approver may sign off"):
        sign(name)
    made = sign()
    with pytest.raises(UserError, match="Only approver may"):
        sign_offs.withdraw(panel.root, made.id, signer=panel.person(name), now=now)


def test_it_is_void_once_a_record_is_another(sign, codes):
    sign()
    assert codes(dataset="ef" * 32) == [["dataset_changed"]]
    assert codes(dataset=None) == [[]]


def test_a_release_is_void_on_another_report_and_training_is_not(sign, codes):
    sign()
    sign(scope="release")
    assert sorted(codes(report="ef" * 32)) == [[], ["report_changed"]]
    assert codes(report=None) == [[], []]


class TestTakenBack:
    def test_it_no_longer_holds(self, panel, sign, codes, now):
        made = sign()
        sign_offs.withdraw(panel.root, made.id, signer=panel.person("Anna"), now=now)
        assert codes() == [["withdrawn"]]
        assert (panel.review.sign_offs, len(panel.review.withdrawn)) == ([], 1)
        assert panel.wrong() == []

    def test_once_and_only_what_stands(self, panel, sign, now):
        made = sign()
        anna = panel.person("Anna")
        sign_offs.withdraw(panel.root, made.id, signer=anna, now=now)
        for id_ in (made.id, "ab" * 16, ""):
            with pytest.raises(UserError, match="There is no sign-off"):
                sign_offs.withdraw(panel.root, id_, signer=anna, now=now)

    def test_another_one_can_be_signed_after_it(self, panel, sign, codes, now):
        sign_offs.withdraw(panel.root, sign().id, signer=panel.person("Anna"), now=now)
        sign()
        assert sorted(codes()) == [[], ["withdrawn"]]

    def test_an_entry_that_nobody_signed_does_not_stand_before_the_true_one(self, panel, sign, codes, now):
        """Else the withdrawal would name the forged entry, and the sign-off would hold on."""
        made = sign()
        lines = trail.path_of(panel.root).read_text().splitlines()
        forged = trail.Entry.model_validate_json(lines[-1]).model_copy(update={"signature": None})
        forged = forged.model_copy(update={"sha": forged.computed_sha()})
        lines.insert(-1, forged.model_dump_json())
        trail.path_of(panel.root).write_text("\n".join(lines) + "\n")
        sign_offs.withdraw(panel.root, made.id, signer=panel.person("Anna"), now=now)
        assert codes() == [["withdrawn"]]


class TestForged:
    @pytest.mark.parametrize("change", [{"dataset": "ef" * 32}, {"records": 13}, {"figures": {}}, {"name": "Rita"}])
    def test_a_changed_document_holds_for_nothing(self, panel, sign, codes, change):
        forge(panel, sign(), **change)
        assert codes(dataset=change.get("dataset", DATASET)) == [["signature_wrong", "unrecorded"]]

    def test_signed_anew_by_a_reviewer(self, panel, sign, codes):
        made, rita = sign(), panel.person("Rita")
        own = made.model_copy(update={"key_id": rita.key_id, "name": "Rita", "role": "approver"}).signed(rita)
        forge(panel, made, **own.model_dump(mode="json"))
        assert codes() == [["wrong_role", "unrecorded"]]

    def test_recorded_by_a_reviewer(self, panel, sign, codes, now):
        made, rita = sign(), panel.person("Rita")
        own = made.model_copy(update={"key_id": rita.key_id, "name": "Rita"}).signed(rita)
        forge(panel, made, **own.model_dump(mode="json"))
        rita.require = lambda *roles, to: None
        trail.append(panel.root, "signed-off", now=now, signer=rita, refs={"document": own.sha})
        assert codes() == [["wrong_role", "unrecorded"]]
        assert "wrong_role" in panel.wrong()

    def test_by_a_key_of_nobody(self, panel, sign, codes):
        sign()
        signers.remove(panel.root, panel.person("Anna").row)
        assert codes() == [["unknown_signer", "unrecorded"]]

    def test_a_copy_from_another_project(self, panel, sign, codes):
        made = sign()
        text = path_of(panel, made).read_text()
        path_of(panel, made).unlink()
        trail.path_of(panel.root).write_text("".join(trail.path_of(panel.root).read_text().splitlines(True)[:-1]))
        path_of(panel, made).write_text(text)
        assert codes() == [["unrecorded"]]

    def test_a_file_that_is_none(self, panel, sign, codes):
        made = sign()
        for name, text in (("note.json", "{"), ("list.json", "[]"), ("half.json", '{"id": "x"}')):
            path_of(panel, made).with_name(name).write_text(text)
        assert sign_offs.damaged(panel.root) == ["half.json", "list.json", "note.json"]
        assert codes() == [[]]


class TestTheTrailBehindIt:
    def test_cut_before_the_entry_it_was_signed_on(self, panel, sign, codes, make_record):
        panel.decide("Rita", "rejected", make_record(1))
        sign()
        path = trail.path_of(panel.root)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:-2], lines[-1]]))
        assert codes() == [["trail_changed"]]
        path.write_text("".join(lines[:-2]))
        assert codes() == [["unrecorded", "trail_changed"]]

    def test_written_anew(self, panel, sign, codes, make_record, now):
        panel.decide("Rita", "rejected", make_record(1))
        path, head = trail.path_of(panel.root), trail.path_of(panel.root).with_name(trail.HEAD)
        kept = path.read_text().splitlines(keepends=True)[:-1]
        made = sign()
        path.write_text("".join(kept))
        head.unlink()
        panel.decide("Rita", "accepted", make_record(1))
        trail.append(panel.root, "signed-off", now=now, signer=panel.person("Anna"), refs={"document": made.sha})
        assert codes() == [["trail_changed"]]
        assert panel.wrong() == []

    def test_later_decisions_do_it_no_harm(self, panel, sign, codes, make_record):
        sign()
        panel.decide("Rita", "accepted", make_record(1))
        assert codes() == [[]]


def test_they_come_in_the_order_of_the_trail(panel, sign):
    """Also within a second, and when a clock was put back."""
    made = [sign(records=n) for n in range(6)]
    assert sign_offs.read(panel.root) == made


def test_what_was_signed_stands_after_the_key_was_retired(panel, sign, codes, now):
    sign()
    enrolling.retire(panel.root, panel.person("Anna").key_id, signer=panel.person("Ada"), now=now)
    assert codes() == [[]]
    with pytest.raises(UserError, match="was retired"):
        sign()
    assert codes() == [[]]
