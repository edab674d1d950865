"""Requests of every odd kind: none is an error of the server, and none decides anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdvert.decisions import enrolling, signers
from kdvert.errors import UserError
from kdvert.review.desk import Wish
from kdvert.review.queue import Filter
from kdvert.review.routes import ROUTES

from .place import NOW, PASSPHRASE, TOKEN

FIELDS = ("action", "version", "reason", "comment", "turn0", "turn1", "entry", "count", "scope", "passphrase", "again",
          "id", "key", "name", "role", "code")  # fmt: skip
VALUES = ("accept", "edit", "reject", "escalate", "other", "0", "12", "training", "release", "admin", PASSPHRASE, "\0",
          "a" * 3000, "-1", "²", "../..")  # fmt: skip


@pytest.fixture
def record(place) -> str:
    return place.desk.queue.all(Filter(place="accepted"), "x:y")[0].id


@pytest.mark.parametrize("path", ["/%0d%0aset-cookie:%20a=b", "/%F0%9F%A6%9C", "/%E4"])
def test_the_address_after_the_token_is_an_address(place, path):
    answer = place.visitor(gate=False).get(f"{path}?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].isascii()
    assert answer.headers["location"].isprintable()


@pytest.mark.parametrize("size", [b"-1", b"x", b"9" * 5000, b"\xb2"])
def test_a_length_that_is_none(place, size):
    answer = place.visitor("Rita Roe").post("/undo", headers={"content-length": size})
    assert answer.status_code == 413


def test_a_body_that_is_longer_than_it_says(place, record):
    rita = place.visitor("Rita Roe")
    chunks = (b"csrf=" + rita.csrf.encode() + b"&comment=" if n == 0 else b"x" * 65536 for n in range(20))
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = rita.post(f"/record/{record}/comment", content=chunks, headers=form)
    assert 400 <= answer.status_code < 500
    assert place.desk.review.of(record).comments == []


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=b; charset=unicode_escape",
                                  "multipart/form-data; boundary=b; charset=nothing", "text/plain", ""])  # fmt: skip
def test_odd_encodings(place, record, kind):
    rita = place.visitor("Rita Roe")
    part = '--b\r\ncontent-disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format("csrf", rita.csrf) + part.format("comment", r"half \ud800 a sign") + "--b--\r\n"
    answer = rita.post(f"/record/{record}/comment", content=body.encode(), headers={"content-type": kind})
    assert answer.status_code < 500, answer.text


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40) | st.sampled_from(VALUES)))
def test_any_form_is_answered(place, record, form):
    place.clock[0] += 1000
    for name in ("Rita Roe", "Abe Low", "Ada Adams"):
        visitor = place.visitor(name)
        for route in ROUTES:
            if route.method == "POST" and route.path != "/sign-out":
                path = route.path.replace("{record}", record)
                answer = visitor.submit(path, **form)
                assert answer.status_code < 500, (path, form, answer.text[:300])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.sampled_from(["page", "status", "skill", "sample", "reviewer", "to", "all", "token"]),
                             st.text(max_size=30)))  # fmt: skip
def test_any_address_is_answered(place, record, query):
    place.clock[0] += 1000
    rita = place.visitor("Rita Roe")
    for path in ("/", f"/record/{record}", f"/record/{record}/step", "/bulk", "/figures"):
        assert rita.get(path, params=query).status_code < 500, (path, query)


def test_many_guesses_at_once_are_slowed_too(place):
    visitors = [place.visitor() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda v: v.sign_in("Rita Roe", "wrong words entirely").status_code, visitors))
    assert sorted(answers) == [403] * 3 + [429] * 5


def test_guessing_at_a_signature_is_slowed(place):
    abe = place.visitor("Abe Low")
    form = {"scope": "training", "passphrase": "wrong words entirely"}
    assert [abe.submit("/signatures", **form).status_code for _ in range(4)] == [403, 403, 403, 429]
    assert abe.submit("/signature/withdraw", id="0" * 32, passphrase=PASSPHRASE).status_code == 429


def test_a_key_that_another_process_retires_is_signed_out_and_signs_nothing(place, record):
    rita = place.visitor("Rita Roe")
    signer = place.site.accounts.open("Rita Roe", PASSPHRASE)
    enrolling.retire(place.desk.root, signer.key_id, signer=signer, now=NOW)
    assert rita.submit(f"/record/{record}/decide", action="accept", version="0").status_code == 401
    with pytest.raises(UserError, match="retired"):
        place.desk.decide(signer, Wish(record, "accept", 0))


def test_a_key_that_is_no_longer_trusted_decides_nothing_even_before(place, record):
    rita = place.visitor("Rita Roe")
    rita.submit(f"/record/{record}/decide", action="accept", version="0")
    rita.submit(f"/record/{record}/comment", comment="well put")
    signers.remove(place.desk.root, place.site.accounts.open("Rita Roe", PASSPHRASE).row)
    assert "Sign in" in rita.get("/").text
    assert 'class="status open"' in place.visitor("Rob Ray").get(f"/record/{record}").text
    assert place.desk.review.of(record).rulings == []
    assert [e.who for e in place.desk.review.ignored]


def test_records_that_changed_under_the_page_are_not_decided_about(place, record):
    rita = place.visitor("Rita Roe")
    accepted = place.desk.run.project.work / "filter" / "accepted.jsonl"
    accepted.write_text(accepted.read_text(encoding="utf-8").replace("stroke", "strike"), encoding="utf-8")
    answer = rita.submit(f"/record/{record}/decide", action="accept", version="0")
    assert answer.status_code == 500
    assert "start it again" in answer.text
    assert place.desk.review.of(record).rulings == []


@pytest.mark.parametrize("form", [
    {"action": "edit", "turn0": "Typed anew?", "turn1": "Typed at length.", "comment": "why so"},
    {"action": "reject", "reason": "wrong", "comment": "why so"},
    {"action": "escalate", "comment": "why so"},
])  # fmt: skip
def test_what_was_typed_is_kept_when_somebody_was_quicker(place, record, form):
    rita, rob = place.visitor("Rita Roe"), place.visitor("Rob Ray")
    assert rob.submit(f"/record/{record}/decide", action="accept", version="0").status_code == 200
    if form["action"] == "edit":
        text = place.desk.queue.example(place.desk.queue.entry(record))
        form = {**form, "turn0": text.question, "turn1": text.answer.replace("a further", "any further")}
    answer = rita.submit(f"/record/{record}/decide", version="0", **form)
    assert answer.status_code == 409
    assert "Somebody decided about this record meanwhile" in answer.text
    assert "Rob Ray</strong> accepted" in answer.text
    assert 'value="why so"' in answer.text
    for typed in (form.get("turn0"), form.get("turn1")):
        assert not typed or typed in answer.text
    version = place.desk.queue.entry(record).version
    assert f'name="version" value="{version}"' in answer.text
    assert rita.submit(f"/record/{record}/decide", version=str(version), **form).status_code == 200
    assert len(place.desk.review.of(record).rulings) == 2
