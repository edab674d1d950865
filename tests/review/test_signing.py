"""A signature: what must hold before one is given, and what makes it void."""

from __future__ import annotations

import json

import pytest

from kdvert.decisions import enrolling, trail
from kdvert.errors import GateBlocked
from kdvert.pipeline import gates
from kdvert.pipeline.fingerprint import output_hashes
from kdvert.pipeline.lock import LockRow, write_row
from kdvert.pipeline.table import row
from kdvert.review import signing
from kdvert.review.desk import Wish
from kdvert.review.preparing import draw_sample
from kdvert.review.queue import Filter
from kdvert.rulings import sign_offs
from kdvert.store import write_text

from .place import NOW, PASSPHRASE


@pytest.fixture
def people(place):
    return {n: place.site.accounts.open(n, PASSPHRASE) for n in ("Rita Roe", "Rob Ray", "Abe Low", "Ada Adams")}


@pytest.fixture
def read(place, people):
    """The project with its whole sample read."""
    draw_sample(place.desk, people["Ada Adams"])
    for entry in place.desk.queue.all(Filter(sample="1"), "x:y"):
        place.desk.decide(people["Rita Roe"], Wish(entry.id, "accept", 0))
    return place


def missing(place, who, scope="training") -> list[str]:
    found = signing.requirements(place.desk, who, scope, place.desk.figures())
    return [r.name for r in found if not r.met]


def sign(place, name="Abe Low", scope="training"):
    return place.visitor(name).submit("/signatures", scope=scope, passphrase=PASSPHRASE)


def test_each_requirement_is_missed_and_met(place, people):
    abe = people["Abe Low"]
    assert missing(place, abe) == ["looked_at", "bound"]
    assert missing(place, people["Rita Roe"]) == ["role", "looked_at", "bound"]
    draw_sample(place.desk, people["Ada Adams"])
    sample = place.desk.queue.all(Filter(sample="1"), "x:y")
    for entry in sample[:-1]:
        place.desk.decide(people["Rita Roe"], Wish(entry.id, "accept", 0))
    assert missing(place, abe) == ["looked_at", "bound"]
    place.desk.decide(people["Rita Roe"], Wish(sample[-1].id, "escalate", 0, comment="see"))
    assert missing(place, abe) == ["bound", "settled"]
    version = place.desk.queue.entry(sample[-1].id).version
    place.desk.decide(abe, Wish(sample[-1].id, "accept", version))
    assert missing(place, abe) == ["two_persons"]
    assert sign(place).status_code == 400
    assert "signed-off" not in {e.kind for e in trail.entries(place.desk.root)}


def test_a_signature_says_who_what_when_and_on_what(read):
    answer = sign(read)
    assert answer.status_code == 200
    [made] = sign_offs.read(read.desk.root)
    assert (made.name, made.role, made.scope) == ("Abe Low", "approver", "training")
    assert made.records == 12
    assert made.entries == len(trail.entries(read.desk.root)) - 1
    assert made.head == trail.entries(read.desk.root)[-2].sha
    for shown in ("Abe Low", "approver", made.meaning, made.dataset, made.report, made.head, made.signature):
        assert str(shown) in answer.text or str(shown).replace("+", "&#43;") in answer.text
    assert [h.holds for h in signing.held(read.desk)] == [True]


def test_the_owner_does_not_sign_however_the_name_is_written(read):
    read.desk.policy = read.desk.policy.model_copy(update={"owner": " abe  LOW"})
    assert sign(read).status_code == 400
    read.desk.policy = read.desk.policy.model_copy(update={"two_persons": False})
    assert sign(read).status_code == 200


def test_who_is_retired_while_signed_in_signs_nothing(read, people):
    abe = read.visitor("Abe Low")
    enrolling.retire(read.desk.root, people["Abe Low"].key_id, signer=people["Ada Adams"], now=NOW)
    assert abe.submit("/signatures", scope="training", passphrase=PASSPHRASE).status_code == 401
    assert sign_offs.read(read.desk.root) == []


def _changed(lines: list[bytes]) -> list[bytes]:
    at = next(n for n, line in enumerate(lines) if b"record-accepted" in line)
    return [*lines[:at], lines[at].replace(b"record-accepted", b"record-rejected"), *lines[at + 1 :]]


@pytest.mark.parametrize(
    "tamper",
    [
        _changed,
        lambda lines: [*lines[:-2], lines[-1]],
        lambda lines: [*lines[:-2], lines[-1], lines[-2]],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-1], lines[-1][:-20]],
        lambda lines: [],
    ],
    ids=["changed", "removed", "reordered", "cut", "torn", "emptied"],
)
def test_a_trail_that_was_tampered_with_is_not_signed_on(read, tamper):
    abe, path = read.visitor("Abe Low"), trail.path_of(read.desk.root)
    whole = path.read_bytes()
    path.write_bytes(b"".join(tamper(whole.splitlines(keepends=True))))
    answer = abe.submit("/signatures", scope="training", passphrase=PASSPHRASE)
    assert answer.status_code in (400, 500)
    assert sign_offs.read(read.desk.root) == []
    assert "Traceback" not in answer.text
    path.write_bytes(whole)
    assert sign(read).status_code == 200


def test_another_record_or_decision_voids_it(read, people):
    sign(read)
    left = read.desk.queue.all(Filter(place="accepted", status="open"), "x:y")[0]
    read.desk.decide(people["Rita Roe"], Wish(left.id, "reject", 0, reason="wrong"))
    [held] = signing.held(read.desk)
    assert [lapse.code for lapse in held.lapses] == ["dataset_changed"]
    assert "the records are not those that were signed" in read.visitor("Abe Low").get("/signatures").text


def test_taking_it_back(read):
    sign(read)
    [made] = sign_offs.read(read.desk.root)
    rita, abe = read.visitor("Rita Roe"), read.visitor("Abe Low")
    assert rita.submit("/signature/withdraw", id=made.id, passphrase=PASSPHRASE).status_code == 403
    assert abe.submit("/signature/withdraw", id=made.id, passphrase="not the right words").status_code == 403
    assert signing.held(read.desk)[0].holds
    assert abe.submit("/signature/withdraw", id=made.id, passphrase=PASSPHRASE).status_code == 200
    assert [lapse.code for lapse in signing.held(read.desk)[0].lapses] == ["withdrawn"]
    assert abe.submit("/signature/withdraw", id=made.id, passphrase=PASSPHRASE).status_code == 400


def test_a_signature_that_was_edited_or_copied_in_does_not_hold(read):
    sign(read)
    [path] = sign_offs.folder_of(read.desk.root).glob("*.json")
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**raw, "records": 13}), encoding="utf-8")
    assert not signing.held(read.desk)[0].holds
    path.write_text(json.dumps(raw), encoding="utf-8")
    assert signing.held(read.desk)[0].holds
    path.with_name("0" * 32 + ".json").write_text("no signature", encoding="utf-8")
    assert len(signing.held(read.desk)) == 1
    assert read.visitor("Abe Low").get("/signatures").status_code == 200


def test_a_release_needs_the_report_and_the_signature_for_training(read, people):
    abe, work = people["Abe Low"], read.desk.run.project.work
    assert missing(read, abe, "release") == ["training", "report"]
    assert sign(read, scope="release").status_code == 400
    sign(read)
    run = read.desk.run
    with pytest.raises((GateBlocked, FileNotFoundError)):
        gates.pass_through("signed", run.project, run.resolved, work, run.today)
    write_text(work / "review/accepted.jsonl", "")
    with pytest.raises(GateBlocked, match="not signed off"):
        gates.pass_through("signed", run.project, run.resolved, work, run.today)
    _review_stage(read)
    gates.pass_through("signed", run.project, run.resolved, work, run.today)
    write_text(work / "report/report.html", "<p>the report</p>")
    made = output_hashes(row("report"), work / "report")
    write_row(work, "report", LockRow(parts={}, outputs=made, summary={}, seconds=0, finished=NOW.isoformat()))
    assert missing(read, abe, "release") == []
    answer = sign(read, scope="release")
    assert answer.status_code == 200
    assert "Approval for release" in answer.text
    write_text(work / "report/report.html", "<p>another report</p>")
    assert [h.holds for h in signing.held(read.desk)] == [True, False]
    assert missing(read, abe, "release") == ["report"]


def _review_stage(place) -> None:
    from kdvert.pipeline import aside

    run = place.desk.run
    config = run.resolved.stages["review"]
    aside.stage(run, "review", run.project.work / "review", lambda module, ctx: module.run(ctx, config))


def test_blind_judges_see_nothing_of_each_other_and_both_are_kept(place, people):
    place.desk.policy = place.desk.policy.model_copy(update={"double": 1.0})
    draw_sample(place.desk, people["Ada Adams"])
    rita, rob = place.visitor("Rita Roe"), place.visitor("Rob Ray")
    [entry, *rest] = place.desk.queue.all(Filter(sample="1"), "x:y")
    untouched = rob.get(f"/record/{rest[0].id}?all=1").text
    rita.submit(f"/record/{entry.id}/decide", action="reject", version="0", reason="wrong", comment="never so")
    shown = rob.get(f"/record/{entry.id}?all=1").text
    for word in ("Rita Roe", "never so", "rejected</", 'class="status second"', 'class="status rejected"'):
        assert word not in shown
    assert 'class="status open"' in shown
    assert shown.count("<li") == untouched.count("<li")
    listed = rob.get("/?sample=1&all=1").text
    assert 'class="status second"' not in listed
    assert missing(place, people["Abe Low"])[-1] == "second"
    assert rob.submit(f"/record/{entry.id}/decide", action="accept", version="0").status_code == 200
    assert [r.action for r in place.desk.review.of(entry.id).rulings] == ["reject", "accept"]
    assert place.desk.queue.entry(entry.id).status == "conflict"
    assert "never so" in rob.get(f"/record/{entry.id}?all=1").text


def test_a_policy_that_asks_for_nothing_still_asks_who_signs(place, people):
    place.desk.policy = place.desk.policy.model_copy(update={"look_at": "nothing"})
    assert missing(place, people["Abe Low"]) == []
    assert missing(place, people["Ada Adams"]) == ["role"]
    assert sign(place, "Ada Adams").status_code == 403
