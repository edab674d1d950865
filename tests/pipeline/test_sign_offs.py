"""The gate ``signed`` before training, and what ``kdvert verify`` says of sign-offs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kdvert.decisions import enrolling, trail
from kdvert.errors import GateBlocked
from kdvert.pipeline import gates, runner, verification
from kdvert.project import read
from kdvert.records import Example
from kdvert.rulings import sign_offs
from kdvert.rulings.contents import content_sha
from kdvert.stages import distill
from kdvert.store import read_jsonl, sha256_file

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TODAY = NOW.date()
ACCEPTED = "work/review/accepted.jsonl"


@pytest.fixture
def project(finished):
    """A finished project that asks for a signature before training."""
    with open(finished / "kdvert.yaml", "a", encoding="utf-8") as stream:
        stream.write("\nreview: {sign_off: training}\n")
    return finished


@pytest.fixture
def anna(project):
    return enrolling.enroll(project, name="Anna", role="approver", now=NOW, fresh=True)[0]


@pytest.fixture
def sign(project, anna):
    """Return a function that signs what lies there now."""

    def signed(scope="training", report="cd" * 32):
        path = project / ACCEPTED
        return sign_offs.sign(
            project, scope, signer=anna, now=NOW, project="ward", dataset=sha256_file(path),
            records=len(read_jsonl(path, Example)), report=report, requirements=[], figures={},
        )  # fmt: skip

    return signed


@pytest.fixture
def decide(project, anna):
    def decided(kind, number=0):
        one = read_jsonl(project / "work/filter/accepted.jsonl", Example)[number]
        refs = {"record": one.id, "content": content_sha(one)}
        trail.append(project, f"record-{kind}", now=NOW, signer=anna, refs=refs)

    return decided


@pytest.fixture
def found(project):
    """Return a function that verifies and gives (code, file, row) of what is wrong with sign-offs."""

    def check(name="sign-offs"):
        differences = verification.verify(runner.prepare(read(project)), today=TODAY)
        assert differences["trail"] == [] or name != "sign-offs"
        return [(d.code, d.file, d.row) for d in differences[name]]

    return check


def gate(root, *settings):
    run = runner.prepare(read(root), settings)
    return gates.pass_through("signed", run.project, run.resolved, run.project.work, TODAY)


def review_again(root):
    (step,) = runner.execute(runner.prepare(read(root)), first="review", last="review")
    return step


def file_of(made):
    return f"decisions/sign-offs/{made.id}.json"


class TestTheGate:
    def test_it_is_open_unless_the_policy_asks(self, finished):
        assert gate(finished) is None
        with pytest.raises(GateBlocked, match="not signed off for training"):
            gate(finished, "review.sign_off=training")  # the same records, and nobody has signed them

    def test_it_is_shut_without_a_signature_and_opens_with_one(self, project, sign):
        with pytest.raises(GateBlocked, match="not signed off for training") as error:
            gate(project)
        assert "kdvert review" in error.value.hint
        sign()
        gate(project)

    def test_it_shuts_again_when_a_decision_changes_the_records(self, project, sign, decide):
        review_again(project)
        sign()
        decide("rejected")
        gate(project)  # nothing is changed before the stage has run
        review_again(project)
        with pytest.raises(GateBlocked, match="does not hold: the records are not those that were signed"):
            gate(project)
        sign()
        gate(project)

    def test_a_signature_makes_no_stage_run_anew(self, project, sign):
        review_again(project)
        sign()
        assert review_again(project).reason is None
        gate(project)

    def test_it_opens_again_when_the_decision_is_taken_back(self, project, sign, decide, anna):
        review_again(project)
        sign()
        decide("rejected")
        review_again(project)
        with pytest.raises(GateBlocked):
            gate(project)
        refs = {"entry": trail.entries(project)[-1].sha}
        trail.append(project, "decision-undone", now=NOW, signer=anna, refs=refs)
        review_again(project)
        gate(project)

    def test_a_release_is_no_signature_for_training(self, project, sign):
        sign("release")
        with pytest.raises(GateBlocked):
            gate(project)

    @pytest.mark.parametrize("harm", ["withdrawn", "forged", "cut"])
    def test_what_is_void_opens_nothing(self, project, sign, anna, harm):
        made = sign()
        if harm == "withdrawn":
            sign_offs.withdraw(project, made.id, signer=anna, now=NOW)
            why = "an approver took it back"
        elif harm == "forged":
            path = project / file_of(made)
            path.write_text(path.read_text().replace('"Anna"', '"Otto"'))
            why = "the signature does not fit"
        else:
            path = trail.path_of(project)
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
            why = "the trail does not say that it was signed"
        with pytest.raises(GateBlocked, match=f"The last one does not hold: {why}"):
            gate(project)

    def test_a_reviewers_signature_opens_nothing(self, project, sign, anna):
        made = sign()
        rita = enrolling.enroll(project, name="Rita", role="reviewer", now=NOW, fresh=True)[0]
        own = made.model_copy(update={"key_id": rita.key_id, "name": "Rita"}).signed(rita)
        (project / file_of(made)).write_text(own.model_dump_json())
        rita.require = lambda *roles, to: None
        trail.append(project, "signed-off", now=NOW, signer=rita, refs={"document": own.sha})
        with pytest.raises(GateBlocked, match="the role of its key may not decide this"):
            gate(project)

    def test_it_stands_before_training(self, project, sign, monkeypatch):
        trained = []

        def train(ctx, config):
            trained.append(sha256_file(ctx.inputs["review"] / "accepted.jsonl"))
            (ctx.out / "summary.json").write_text("{}")
            return {}

        monkeypatch.setattr(distill, "run", train)
        monkeypatch.setitem(gates.GATES, "terms", lambda *_: None)  # a source of the fixture has a license of no kind
        with pytest.raises(GateBlocked, match="signed off"):
            runner.execute(runner.prepare(read(project)), first="distill", last="distill")
        assert trained == []
        made = sign()
        runner.execute(runner.prepare(read(project)), first="distill", last="distill")
        assert trained == [made.dataset]


class TestVerify:
    def test_nothing_signed_and_what_holds(self, found, sign):
        assert found() == []
        sign()
        assert found() == []

    def test_other_records(self, project, found, sign, decide):
        made = sign()
        decide("rejected")
        review_again(project)
        assert found() == [("dataset_changed", file_of(made), "training")]
        sign()
        assert found() == []

    def test_another_report(self, project, found, sign):
        report = project / "work/report/report.html"
        report.parent.mkdir()
        report.write_text("<p>one</p>")
        made = sign("release", sha256_file(report))
        assert found() == []
        report.write_text("<p>two</p>")
        assert found() == [("report_changed", file_of(made), "release")]

    def test_taken_back_is_in_order(self, project, found, sign, anna):
        sign_offs.withdraw(project, sign().id, signer=anna, now=NOW)
        assert found() == []

    def test_removed(self, project, found, sign, anna):
        made = sign()
        entry = trail.entries(project)[-1]
        (project / file_of(made)).unlink()
        assert found() == [("sign_off_missing", "decisions/trail.jsonl", f"entry {entry.seq}")]

    def test_edited(self, project, found, sign):
        made = sign()
        entry = trail.entries(project)[-1]
        path = project / file_of(made)
        path.write_text(path.read_text().replace('"ward"', '"yard"'))
        assert found() == [
            ("sign_off_missing", "decisions/trail.jsonl", f"entry {entry.seq}"),
            ("signature_wrong", file_of(made), "training"),
            ("unrecorded", file_of(made), "training"),
        ]

    def test_that_no_trail_names(self, project, found, sign):
        made = sign()
        path = trail.path_of(project)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]))
        assert found("trail") == [("trail_cut", "decisions/trail.jsonl", f"entry {len(lines)}")]
        path.with_name(trail.HEAD).unlink()
        assert ("unrecorded", file_of(made), "training") in [
            (d.code, d.file, d.row)
            for d in verification.verify(runner.prepare(read(project)), today=TODAY)["sign-offs"]
        ]

    def test_on_a_trail_that_was_cut(self, project, found, sign, decide):
        decide("commented")
        made = sign()
        path = trail.path_of(project)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:-2], lines[-1]]))
        assert ("entry_missing", "decisions/trail.jsonl", "line 2, entry 3") in found("trail")
        rows = verification.verify(runner.prepare(read(project)), today=TODAY)["sign-offs"]
        assert [(d.code, d.file) for d in rows] == [("trail_changed", file_of(made))]

    def test_a_file_that_is_none(self, project, found, sign):
        made = sign()
        (project / file_of(made)).with_name("note.json").write_text("[]")
        assert found() == [("unreadable", "decisions/sign-offs/note.json", None)]

    def test_a_list_that_is_gone_stops_this_check_alone(self, project, found, anna):
        trail.append(project, "records-accepted", now=NOW, signer=anna, refs={"list": "ab" * 32})
        assert found("trail") == [("list_missing", f"decisions/batches/{'ab' * 32}.json", "entry 2")]
        assert found("overrides") == []
        differences = verification.verify(runner.prepare(read(project)), today=TODAY)
        assert [(d.code, d.file) for d in differences["sign-offs"]] == [("unchecked", "decisions/sign-offs")]
