"""Overrides: what counsel may lift, for whom, and every way in which a decision stops holding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import yaml

from kdvert.decisions import enrolling, signers, trail, trail_check
from kdvert.errors import UserError
from kdvert.licensing import chain, lapses, override_files, overrides
from kdvert.licensing.chain import SourceUse
from kdvert.licensing.points import points, undecided
from kdvert.licensing.use import Use

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
END = date(2027, 3, 1)
HOSTED = Use(distribution="hosted", field="medicine")


def judged(use: Use = HOSTED, *, teacher: str = "openai:gpt-4o", source: str = "CC-BY-4.0") -> chain.Report:
    return chain.check(
        sources=[SourceUse(license=source)], teacher=teacher, base_url=None, student="embedded", use=use, today=TODAY
    )


@pytest.fixture
def jane(tmp_path):
    return enrolling.enroll(tmp_path, name="Jane Doe", role="counsel", now=NOW, fresh=True)[0]


@pytest.fixture
def made(tmp_path, jane):
    """An override of the teacher's terms for the hosted use."""
    return add(tmp_path, jane)


def add(root, signer, report=None, **options):
    report = report or judged()
    settings = {"lifts": "ask-counsel", "reason": "The client does not compete.", "expires": END, "now": NOW} | options
    return override_files.add(root, undecided(report)[0], report.use, signer=signer, **settings)


def path_of(root, override):
    return root / "overrides" / f"{override.id}.yaml"


def apply(root, report=None, today=TODAY):
    return overrides.applied(root, report or judged(), today=today)


def lapse(root, report=None, today=TODAY):
    """The code of why the only override does not hold; the report must be as without it then."""
    report = report or judged()
    after = apply(root, report, today)
    (outcome,) = after.overrides
    if not outcome.held:
        assert (after.links, after.conflicts, after.verdict) == (report.links, report.conflicts, report.verdict)
    return lapses.lapse_of(outcome)


def test_the_verdict_is_lifted_and_the_duties_stay(tmp_path, made):
    before, after = judged(), apply(tmp_path)
    assert (before.verdict, after.verdict) == ("ask-counsel", "allow-with-duties")
    assert after.duties == before.duties
    lifted = next(link for link in after.links if link.kind == "teacher")
    assert lifted.verdict == "allow-with-duties"
    assert f"Lifted by Jane Doe until {END} (override {made.id})" in lifted.reason
    assert [link for link in after.links if link.kind != "teacher"] == [
        li for li in before.links if li.kind != "teacher"
    ]
    (outcome,) = after.overrides
    assert (outcome.by, outcome.held, outcome.why, outcome.reason) == (
        "Jane Doe",
        True,
        "",
        "The client does not compete.",
    )
    assert outcome.target == "teacher:openai:gpt-4o under openai's terms"


def test_what_needs_an_override(tmp_path, made):
    assert [p.code for p in overrides.needs_override(judged())] == ["teacher.uncertain"]
    assert overrides.needs_override(apply(tmp_path)) == []
    assert overrides.needs_override(judged(Use(distribution="internal"))) == []


def test_without_overrides_nothing_changes(tmp_path):
    assert apply(tmp_path) == judged()


def test_it_holds_from_its_first_to_its_last_day(tmp_path, made):
    days = (TODAY - timedelta(days=1), TODAY, END, END + timedelta(days=1))
    assert [lapse(tmp_path, today=day) for day in days] == ["not_yet", None, None, "expired"]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "Anything goes."},
        {"expires": "2099-01-01"},
        {"lifts": "block"},
        {"by": "Jane Roe"},
        {"created": "2020-01-01"},
        {"nonce": "00"},
        {"use": {"distribution": "distributed"}},
        {"use": {}},
        {"scope": {"kind": "teacher", "subject": "x", "code": "y", "facts_sha256": "z"}},
        {"signature": "AAAA"},
    ],
)
def test_an_edited_override_holds_no_more(tmp_path, made, change):
    path = path_of(tmp_path, made)
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    assert lapse(tmp_path) == "signature_wrong"


def test_reformatting_the_file_changes_nothing(tmp_path, made):
    path = path_of(tmp_path, made)
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()), sort_keys=True, default_flow_style=True))
    assert lapse(tmp_path) is None


@pytest.mark.parametrize(
    "use",
    [
        Use(distribution="distributed", field="medicine"),
        Use(distribution="internal", field="medicine"),
        Use(distribution="hosted", field="law"),
        Use(distribution="hosted", field="medicine", commercial=False),
        Use(distribution="hosted", field="medicine", eu=True),
        Use(distribution="hosted", field="medicine", monthly_users=5),
    ],
)
def test_it_does_not_hold_for_another_use(tmp_path, made, use):
    assert lapse(tmp_path, judged(use)) == "use_differs"


def test_counsel_may_leave_keys_of_the_use_open(tmp_path, jane):
    add(tmp_path, jane, unbound=("monthly_users", "eu"))
    assert lapse(tmp_path, judged(HOSTED.model_copy(update={"monthly_users": 5, "eu": True}))) is None
    assert lapse(tmp_path, judged(HOSTED.model_copy(update={"monthly_users": 5, "commercial": False}))) == "use_differs"


def test_it_lapses_when_the_facts_change(tmp_path, made):
    report = judged()
    changed = [
        link.model_copy(update={"facts_sha256": "00" * 32}) if link.kind == "teacher" else link for link in report.links
    ]
    assert lapse(tmp_path, report.model_copy(update={"links": changed})) == "facts_changed"


def test_it_lapses_when_the_check_says_something_else_of_the_same_link(tmp_path, made):
    report = judged()
    changed = [
        link.model_copy(update={"code": "teacher.forbidden", "verdict": "block"}) if link.kind == "teacher" else link
        for link in report.links
    ]
    assert lapse(tmp_path, report.model_copy(update={"links": changed, "verdict": "block"})) == "facts_changed"


def test_it_does_not_hold_for_another_teacher(tmp_path, made):
    assert lapse(tmp_path, judged(teacher="openai:gpt-4.1")) == "not_in_chain"


def test_a_key_that_is_no_longer_trusted_lifts_nothing(tmp_path, made):
    (tmp_path / signers.FILE).unlink()
    assert lapse(tmp_path) == "unknown_signer"


def test_a_signer_whose_row_was_changed_lifts_nothing(tmp_path, made):
    path = tmp_path / signers.FILE
    path.write_text(path.read_text().replace("Jane Doe", "Jane Roe"))
    assert lapse(tmp_path) == "signer_altered"


def test_a_reviewer_cannot_decide(tmp_path):
    joe = enrolling.enroll(tmp_path, name="Joe", role="reviewer", now=NOW, fresh=True)[0]
    with pytest.raises(UserError, match="Only counsel may"):
        add(tmp_path, joe)
    assert not (tmp_path / "overrides").exists()


def test_a_file_signed_by_a_reviewers_key_lifts_nothing(tmp_path):
    """Somebody may sign with other code than kdvert's."""
    joe = enrolling.enroll(tmp_path, name="Joe", role="reviewer", now=NOW, fresh=True)[0]
    joe.require = lambda *roles, to: None
    add(tmp_path, joe)
    assert lapse(tmp_path) == "not_counsel"


def test_an_override_copied_from_another_project_does_not_hold(tmp_path, jane, made):
    other = tmp_path / "other"
    other.mkdir()
    signers.add(other, jane.row)
    (other / "overrides").mkdir()
    (other / "overrides" / "copied.yaml").write_bytes(path_of(tmp_path, made).read_bytes())
    assert lapse(other) == "unrecorded"


def test_a_withdrawn_override_does_not_hold_even_if_its_file_is_kept(tmp_path, jane, made):
    filed = override_files.find(override_files.read(tmp_path, signers.read(tmp_path)), made.id)
    override_files.withdraw(tmp_path, filed, signer=jane, now=NOW)
    assert lapse(tmp_path) == "withdrawn"
    again = override_files.find(override_files.read(tmp_path, signers.read(tmp_path)), made.id)
    with pytest.raises(UserError, match="no override that stands"):
        override_files.withdraw(tmp_path, again, signer=jane, now=NOW)


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "id: x", "\x00", "id: x\nunknown: 1"])
def test_a_file_that_is_no_override_is_reported(tmp_path, jane, text):
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides" / "odd.yaml").write_text(text)
    assert lapse(tmp_path) == "unreadable"
    assert apply(tmp_path).overrides[0].id == "odd.yaml"


def test_a_file_of_another_name_is_not_passed_over(tmp_path, made):
    path = path_of(tmp_path, made)
    path.rename(path.with_suffix(".txt"))
    assert lapse(tmp_path) is None  # what counts is what it says


def test_the_trail_names_it_by_hash_only(tmp_path, made):
    entry = trail.entries(tmp_path)[-1]
    assert (entry.kind, entry.refs) == ("override-added", {"override": made.sha, "nonce": made.nonce})
    text = trail.path_of(tmp_path).read_text()
    assert "compete" not in text
    assert "openai" not in text
    assert trail_check.differences(tmp_path, signers.read(tmp_path)) == []


class TestABlock:
    use = Use(distribution="distributed", field="law", commercial=True)

    def report(self):
        return judged(self.use, teacher="embedded", source="CC-BY-NC-4.0")

    def test_is_lifted_only_by_saying_so(self, tmp_path, jane):
        with pytest.raises(UserError, match="its verdict is block, and the override lifts ask-counsel"):
            add(tmp_path, jane, self.report())
        add(tmp_path, jane, self.report(), lifts="block")
        after = apply(tmp_path, self.report())
        assert after.overrides[0].held
        assert after.links[0].verdict == "allow-with-duties"

    def test_ask_counsel_is_not_lifted_as_a_block(self, tmp_path, jane):
        with pytest.raises(UserError, match="its verdict is ask-counsel, and the override lifts block"):
            add(tmp_path, jane, lifts="block")

    def test_one_override_does_not_lift_another_block(self, tmp_path, jane):
        add(tmp_path, jane, self.report(), lifts="block")
        report = chain.check(
            sources=[SourceUse(license="CC-BY-NC-4.0"), SourceUse(license="CC-BY-NC-SA-4.0")], teacher="embedded",
            base_url=None, student="embedded", use=self.use, today=TODAY,
        )  # fmt: skip
        after = apply(tmp_path, report)
        assert after.overrides[0].held
        assert [link.verdict for link in after.links[:2]] == ["allow-with-duties", "block"]
        assert after.verdict == "block"


class TestAConflict:
    use = Use(distribution="distributed", field="law", license="LicenseRef-Proprietary")

    def report(self):
        return judged(self.use, teacher="embedded", source="CC-BY-SA-4.0")

    def conflict(self):
        return next(p for p in points(self.report()) if p.kind == "conflict")

    def test_is_lifted_like_a_link(self, tmp_path, jane):
        point = self.conflict()
        assert (point.code, point.verdict) == ("share-alike-against-license", "block")
        override_files.add(
            tmp_path,
            point,
            self.use,
            lifts="block",
            reason="Agreed with the licensor.",
            expires=END,
            signer=jane,
            now=NOW,
        )
        after = apply(tmp_path, self.report())
        assert after.overrides[0].held
        assert [c.verdict for c in after.conflicts if c.code == point.code] == ["allow-with-duties"]

    def test_rests_on_the_facts_of_both_sides(self):
        report = self.report()
        changed = [
            link.model_copy(update={"facts_sha256": "00" * 32}) for link in report.links if link.kind == "source"
        ]
        others = [link for link in report.links if link.kind != "source"]
        point = next(p for p in points(report.model_copy(update={"links": changed + others})) if p.kind == "conflict")
        assert point.facts_sha256 != self.conflict().facts_sha256


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reason": "  "}, "needs a reason"),
        ({"reason": "x" * 4001}, "at most 4000"),
        ({"expires": TODAY - timedelta(days=1)}, "would never hold"),
    ],
)
def test_unfit_decisions_are_refused(tmp_path, jane, options, message):
    with pytest.raises(UserError, match=message):
        add(tmp_path, jane, **options)
    assert not (tmp_path / "overrides").exists()


def test_what_is_allowed_cannot_be_lifted(tmp_path, jane):
    point = next(p for p in points(judged()) if p.verdict == "allow-with-duties")
    with pytest.raises(UserError, match="nothing to lift"):
        override_files.add(tmp_path, point, HOSTED, lifts="ask-counsel", reason="x", expires=END, signer=jane, now=NOW)


def test_counsel_may_leave_open_all_but_who_gets_it_and_for_what():
    assert {*override_files.UNBOUND, "distribution", "commercial"} == set(Use.model_fields)


def test_of_two_links_that_read_alike_only_the_decided_one_is_lifted(tmp_path, jane):
    report = judged()
    twin = report.links[1].model_copy(update={"facts_sha256": "00" * 32})
    report = report.model_copy(update={"links": [*report.links, twin]})
    assert report.links[1].kind == "teacher"
    add(tmp_path, jane, report)
    after = apply(tmp_path, report)
    assert after.overrides[0].held
    assert [link.verdict for link in after.links if link.kind == "teacher"] == ["allow-with-duties", "ask-counsel"]
