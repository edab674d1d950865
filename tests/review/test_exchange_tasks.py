"""Records for Argilla and Label Studio, and decisions that come back from them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from kdvert.cli import review_exchange
from kdvert.decisions import enrolling
from kdvert.decisions.codes import REASONS
from kdvert.decisions.signing import KEY
from kdvert.errors import UserError
from kdvert.review import preparing
from kdvert.review.desk import now
from kdvert.review.exchange import argilla, label_studio
from kdvert.review.exchange.importing import take_in
from kdvert.review.exchange.responses import of_annotator
from kdvert.review.exchange.selection import Selection
from kdvert.review.exchange.table import FORMATS

TOOLS = ("argilla", "label-studio")
JANE, JOHN = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def exported(desk, form: str, **wanted) -> list[dict]:
    """Return the records of an export, each as the tool would hand it back, without an answer yet."""
    made = json.loads(FORMATS[form].write(desk, Selection(**wanted)))
    if form == "label-studio":
        return [{"id": n, **task, "annotations": [], "drafts": []} for n, task in enumerate(made, 1)]
    return [{"id": r["id"], "status": "pending", **r["fields"], **r["metadata"]} for r in made["records"]]


def answer(row: dict, user: str = JANE, status: str = "submitted", **given: str) -> None:
    """Answer as the tool writes it down."""
    if "annotations" not in row:
        for name, value in given.items():
            for end, one in (("", value), (".users", user), (".status", status)):
                row.setdefault(f"{name}.responses{end}", []).append(one)
        return
    result = [
        {"from_name": name, "to_name": "conversation", "type": "choices" if name in ("decision", "reason") else "textarea",
         "value": {"choices" if name in ("decision", "reason") else "text": [value]}}
        for name, value in given.items()
    ]  # fmt: skip
    annotation = {"completed_by": {"id": int(user[-1]), "email": user}, "result": result, "lead_time": 12.6}
    row["annotations"].append(annotation | {"was_cancelled": status != "submitted"})


def record_of(row: dict) -> str:
    return row["data"]["record"] if "data" in row else row["id"]


def bring(site, desk, form, rows, name="Rita", user=None, **more):
    responses = of_annotator(FORMATS[form].read(json.loads(json.dumps(rows))), user)
    return take_in(desk, site.person(name), responses, file="ab" * 32, **more)


@pytest.fixture(params=TOOLS)
def form(request) -> str:
    return request.param


def test_what_was_decided_comes_back_into_the_trail(site, form):
    desk = site.desk()
    rows = exported(desk, form)
    texts = {e.id: e for e in site.records(desk)}
    before = texts[record_of(rows[0])]
    answer(rows[0], decision="accept", answer=before.answer)
    answer(rows[1], decision="reject", reason="wrong", comment="it is the other way round")
    answer(rows[2], decision="accept", answer=f"In short: {texts[record_of(rows[2])].answer}")
    answer(rows[3], decision="escalate", comment="Is it still so?")
    answer(rows[4], status="draft", decision="reject", reason="wrong")
    dry = bring(site, desk, form, rows, dry_run=True)
    assert {r.outcome for r in dry} == {"ready"}
    length = len(site.entries())
    found = bring(site, desk, form, rows)
    assert [r.outcome for r in found] == ["imported"] * 4
    status = [desk.queue.entry(record_of(row)).status for row in rows[:5]]
    assert status == ["accepted", "rejected", "edited", "escalated", "open"]
    entries = site.entries()[length:]
    assert {e.refs["file"] for e in entries} == {"ab" * 32}
    assert {e.who for e in entries} == {site.person("Rita").key_id}
    assert entries[0].refs.get("seconds") == (13 if form == "label-studio" else None)
    assert entries[1].refs["reason"] == "wrong"
    assert [r.outcome for r in bring(site, desk, form, rows)] == ["there already"] * 4
    assert len(site.entries()) == length + 4
    assert site.wrong() == []


def test_what_does_not_fit_is_refused_by_name_and_the_rest_is_taken_in(site, form):
    desk = site.desk()
    rows = exported(desk, form)
    metadata = [row.get("data", row) for row in rows]
    for n in range(9):
        answer(rows[n], decision="accept")
    metadata[0]["content"] = "0" * 64
    metadata[1]["conversation"] += " And more."
    rows[2]["id" if form == "argilla" else "data"] = (
        "f" * 64 if form == "argilla" else metadata[2] | {"record": "f" * 64}
    )
    for n, given in (
        (3, {"decision": "reject", "reason": "because"}),
        (4, {"decision": "reject", "reason": "other"}),
        (5, {"decision": "reject", "reason": "wrong", "answer": "Other words."}),
        (6, {"decision": "maybe"}),
        (7, {"decision": "escalate"}),
    ):
        rows[n] = exported(desk, form)[n]
        answer(rows[n], **given)
    found = bring(site, desk, form, rows)
    assert [r.outcome for r in found] == ["refused"] * 8 + ["imported"]
    assert found[0].record == record_of(rows[0])
    parts = (
        "content hash", "conversation", "no such record", "Choose why", "needs a comment", "not accepted",
        "none that kdvert knows", "Say what",
    )  # fmt: skip
    assert not [(part, r.reason) for part, r in zip(parts, found) if part not in r.reason]


def test_an_edit_with_personal_data_is_refused_and_its_value_not_repeated(site, form):
    desk = site.desk()
    rows = exported(desk, form)
    length = len(site.entries())
    answer(rows[0], decision="accept", answer="Ask Katherine Whitfield, katherine.whitfield@example.org, about it.")
    (row,) = bring(site, desk, form, rows)
    assert row.outcome == "refused"
    assert "personal_data" in row.reason
    assert "EMAIL_ADDRESS" in row.reason
    assert "hitfield" not in row.reason
    assert len(site.entries()) == length
    assert not list((site.root / "decisions/erasable").glob("*.json"))


def test_of_several_people_one_is_picked_and_two_decisions_of_one_are_refused(site, form):
    desk = site.desk()
    rows = exported(desk, form)
    answer(rows[0], JANE, decision="accept")
    answer(rows[0], JOHN, decision="reject", reason="wrong")
    answer(rows[1], JOHN, decision="accept")
    with pytest.raises(UserError, match="2 people"):
        bring(site, desk, form, rows)
    with pytest.raises(UserError, match="no decision of 'nobody'"):
        bring(site, desk, form, rows, user="nobody")
    assert [r.decision for r in bring(site, desk, form, rows, user=JANE)] == ["accept"]
    # John has not seen what Jane decided meanwhile, as on the page
    found = bring(site, desk, form, rows, name="Rolf", user=JOHN)
    assert [r.outcome for r in found] == ["refused", "imported"]
    assert "meanwhile" in found[0].reason
    twice = bring(site, desk, form, [*rows, rows[1]], name="Rolf", user=JOHN)
    assert "2 decisions" in twice[1].reason


def test_roles_and_retired_keys_hold(site, form):
    desk = site.desk()
    rows = exported(desk, form)
    answer(rows[0], decision="accept")
    with pytest.raises(UserError, match="role admin"):
        bring(site, desk, form, rows, name="Ada")
    enrolling.retire(site.root, site.person("Rita").key_id, signer=site.person("Rita"), now=now())
    with pytest.raises(UserError, match="retired"):
        bring(site, desk, form, rows, dry_run=True)


def test_planted_errors_look_like_any_other_record_and_their_originals_are_left_out(site, form):
    desk = site.plant(4)
    known = desk.known()
    rows = {record_of(row): row for row in exported(desk, form)}
    assert set(known.errors) <= set(rows)
    assert not set(known.originals.values()) & set(rows)
    shapes = {json.dumps(_shape(row)) for row in rows.values()}
    assert len(shapes) == 1
    assert not any("planted" in json.dumps(row) for row in rows.values())


def _shape(value):
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items() if name != "meta"}
    return [] if isinstance(value, list) else type(value).__name__


def test_who_judges_blindly_is_told_nothing_and_may_decide_without_having_seen(site, form):
    desk = site.desk()
    preparing.draw_sample(desk, site.person("Anna"))
    double = sorted(desk.doubles())[0]
    row_before = next(r for r in exported(desk, form, sample=True) if record_of(r) == double)
    site.decide(desk, "Rita", double, "reject", reason="harmful", comment="never!")
    row = next(r for r in exported(desk, form, sample=True) if record_of(r) == double)
    assert {**row, "id": 0} == {**row_before, "id": 0}
    answer(row, decision="accept")
    (found,) = bring(site, desk, form, [row], name="Rolf")
    assert found.outcome == "imported"
    assert desk.queue.entry(double).status == "conflict"


def test_tasks_carry_no_decision_and_only_what_was_scrubbed(site, form):
    desk = site.desk()
    before = exported(desk, form)
    one = site.records(desk)[0]
    site.decide(desk, "Rita", one.id, "reject", reason="harmful", comment="a strange comment")
    records = exported(desk, form)
    assert not [word for word in ("a strange comment", "Rita", "rejected") if word in json.dumps(records)]
    assert [_without_version(row) for row in records] == [_without_version(row) for row in before]
    told = next(r for r in records if record_of(r) == one.id)
    told = told.get("data", told)
    assert one.quote in told["evidence"]
    assert one.answer in told["conversation"]
    assert desk.queue.chunk(one.evidence[0].chunk_id).text in told["passage"]


def _without_version(row):
    return json.dumps(row.get("data", row) | {"version": 0})


def test_files_of_another_form_are_named_as_such(site):
    for raw in ({}, [], [1], [{"id": "x"}], "text", None):
        for form in TOOLS:
            with pytest.raises(UserError):
                FORMATS[form].read(raw)
        with pytest.raises(UserError):
            FORMATS["json"].read(raw)
    with pytest.raises(UserError, match="which answers were submitted") as caught:
        argilla.read([{"id": "x", "fields": {}, "responses": {"decision": [{"value": "accept", "user_id": JANE}]}}])
    assert "flatten=True" in caught.value.hint


def test_label_studio_gives_codes_and_takes_words_too():
    config = ElementTree.fromstring(label_studio.config())
    reasons = config.find(".//Choices[@name='reason']")
    assert {c.get("alias"): c.get("value") for c in reasons} == REASONS
    row = {"data": {"record": "r", "content": "c"}, "annotations": []}
    answer(row, decision="Reject", reason=REASONS["license"])
    (found,) = label_studio.read([row])
    assert (found.decision, found.reason) == ("reject", "license")
    row["annotations"][0]["result"][1]["value"]["choices"].append("wrong")
    assert label_studio.read([row])[0].flaw == "it has more than one reason"


def test_malformed_answers_do_not_crash(site):
    desk = site.desk()
    rows = [
        {"data": {"record": 7, "content": None, "version": -1}, "annotations": [{"completed_by": None, "result": [3]}]},
        {"data": [], "annotations": [{"result": [{"from_name": "decision", "value": "accept"}], "lead_time": "x"}]},
    ]
    assert {r.outcome for r in bring(site, desk, "label-studio", rows)} == {"refused"}


def test_the_command_reports_every_row_and_ends_with_one_if_any_was_refused(site, monkeypatch):
    desk = site.desk()
    rows = exported(desk, "argilla")
    answer(rows[0], decision="accept")
    answer(rows[1], decision="reject", reason="because")
    path = site.root.parent / "back.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    monkeypatch.chdir(site.root)
    monkeypatch.setenv(KEY, site.private("Rita"))
    call = [str(path), "--format", "argilla", "--json"]
    found = CliRunner().invoke(review_exchange.import_, call)
    assert found.exit_code == 1
    report = json.loads(found.stdout)["details"]
    assert report["counts"] == {"imported": 1, "refused": 1}
    assert report["rows"][1]["record"] == record_of(rows[1])
    path.write_text(json.dumps(rows[:1]), encoding="utf-8")
    again = CliRunner().invoke(review_exchange.import_, [*call, "--dry-run"])
    assert again.exit_code == 0
    assert json.loads(again.stdout)["counts"] == {"there already": 1}
    monkeypatch.delenv(KEY)
    assert CliRunner().invoke(review_exchange.import_, call, input="Rita\nwrong\n").exit_code == 2


def test_todo_is_what_waits_for_the_person_whose_key_is_set(site, monkeypatch):
    desk = site.desk()
    one = site.records(desk)[0]
    site.decide(desk, "Rita", one.id)
    monkeypatch.chdir(site.root)
    out = site.root.parent / "todo.json"
    call = ["--format", "label-studio", "--out", str(out), "--status", "todo", "--force"]
    assert CliRunner().invoke(review_exchange.export, call, input="Rita\nwrong\n").exit_code == 2
    monkeypatch.setenv(KEY, site.private("Rita"))
    assert CliRunner().invoke(review_exchange.export, call).exit_code == 0
    assert one.id not in out.read_text(encoding="utf-8")
    assert CliRunner().invoke(review_exchange.export, [*call, "--comments"]).exit_code == 2


def test_json_names_people_as_signers_do_and_nobody_signs_for_another(site, monkeypatch):
    desk = site.desk()
    site.decide(desk, "Rita", site.records(desk)[0].id)
    path = site.root.parent / "trail.json"
    path.write_text(FORMATS["json"].write(desk, Selection()), encoding="utf-8")
    monkeypatch.chdir(site.root)
    monkeypatch.setenv(KEY, site.private("Rolf"))
    found = CliRunner().invoke(review_exchange.import_, [str(path), "--format", "json"])
    assert found.exit_code == 2
    assert "signs their own" in found.output
