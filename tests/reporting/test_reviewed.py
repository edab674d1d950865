"""What a report and a dossier say of the people who read the records, and of who signed."""

from __future__ import annotations

from datetime import UTC, datetime

from kdvert.decisions import enrolling
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.reviewed import reviewed
from kdvert.rulings import sign_offs
from kdvert.rulings.sign_offs import Requirement
from kdvert.store import sha256_file, write_json

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
POLICY = {"review": {"look_at": "sample", "sign_off": "training"}}


def sign(root, folders, scope="training", report="ab" * 32):
    approver = enrolling.enroll(root, name="Abe <b>Low</b>", role="approver", now=NOW, fresh=True)[0]
    met = Requirement(name="looked_at", what="every record of the sample was read", met=True, found="59 of 59")
    return sign_offs.sign(
        root, scope, signer=approver, now=NOW, project="p", records=3, report=report, requirements=[met], figures={},
        dataset=sha256_file(folders["review"] / "accepted.jsonl"),
    )  # fmt: skip


def test_without_people_it_says_so(page):
    text = page()
    assert "No person has decided about a record of this run." in text
    assert "asks for no signature before training" in text


def test_the_first_lines_do_not_say_that_a_check_refused_what_people_refused(page, folders):
    everything = (folders["filter"] / "accepted.jsonl").read_text().splitlines(keepends=True)
    assert f"{len(everything)} passed every check. The student" in page()
    (folders["review"] / "accepted.jsonl").write_text("".join(everything[:-1]))
    (folders["review"] / "rejected.jsonl").write_text(everything[-1])
    kept = f"{len(everything)} passed every check, and people left {len(everything) - 1} to learn from."
    assert kept in page()


def test_counts_are_those_of_the_stage(folders, tmp_path):
    write_json(folders["review"] / "summary.json", {"accepted": 9, "rejected": 2, "decided": 7, "edited": 1})
    found = reviewed(Inputs(folders), tmp_path, POLICY)
    assert (found.asked, found.decided, found.edited, found.refused, found.signs) == ("sample", 7, 1, 2, True)


def test_a_signature_is_shown_with_name_time_and_meaning_until_a_record_changes(page, folders, tmp_path):
    made = sign(tmp_path, folders)
    text = page()
    assert "Abe &lt;b&gt;Low&lt;/b&gt;, approver, 2026-11-24 09:30 UTC" in text
    assert made.meaning in text
    assert "59 of 59" in text
    assert "no: the records are not those that were signed" not in text
    with open(folders["review"] / "accepted.jsonl", "a") as stream:
        stream.write("\n")
    assert "no: the records are not those that were signed" in page()


def test_a_report_does_not_show_the_release_that_signs_it(folders, tmp_path):
    sign(tmp_path, folders, scope="release")
    assert reviewed(Inputs(folders), tmp_path, POLICY).sign_offs == []
    both = reviewed(Inputs(folders), tmp_path, POLICY, scopes=("training", "release"))
    assert [held.sign_off.scope for held in both.sign_offs] == ["release"]


def test_a_withdrawn_signature_is_not_shown(folders, tmp_path):
    made = sign(tmp_path, folders)
    other = enrolling.enroll(tmp_path, name="Ann Lee", role="approver", now=NOW, fresh=True)[0]
    sign_offs.withdraw(tmp_path, made.id, signer=other, now=NOW)
    assert reviewed(Inputs(folders), tmp_path, POLICY).sign_offs == []
