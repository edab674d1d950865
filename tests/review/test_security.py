"""What somebody who is not meant to cannot do, over HTTP."""

from __future__ import annotations

import pytest

from kdvert.decisions import trail
from kdvert.review.app import Route
from kdvert.review.guard import HEADERS, LARGEST_BODY
from kdvert.review.queue import Filter
from kdvert.review.routes import ROUTES
from kdvert.review.sessions import IDLE, LONGEST

from .place import HOSTILE, PASSPHRASE, TOKEN


def first(place) -> str:
    return place.desk.queue.all(Filter(), "x:y")[0].id


def version(place, record: str) -> str:
    return str(place.desk.queue.entry(record).version)


def path(route: Route, record: str) -> str:
    return route.path.replace("{record}", record).replace("{id}", "0" * 32).replace("{name}", "review.css")


class TestGate:
    def test_without_the_token_nothing_is_shown(self, place):
        stranger = place.visitor(gate=False)
        for route in ROUTES:
            answer = stranger.request(route.method, path(route, first(place)))
            assert answer.status_code == 401, route
            assert "ward" not in answer.text

    def test_the_token_leaves_the_address(self, place):
        stranger = place.visitor(gate=False)
        answer = stranger.get(f"/figures?token={TOKEN}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/figures")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert stranger.get("//evil.example/?token=" + TOKEN, follow_redirects=False).headers["location"] == "/"

    def test_guessing_tokens_is_slowed(self, place):
        stranger = place.visitor(gate=False)
        codes = [stranger.get("/?token=guess", follow_redirects=False).status_code for _ in range(5)]
        assert codes == [401, 401, 401, 429, 429]
        assert stranger.get(f"/?token={TOKEN}", follow_redirects=False).status_code == 429
        place.clock[0] += 60
        assert stranger.get(f"/?token={TOKEN}", follow_redirects=False).status_code == 303

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example"])
    def test_another_host_name_is_not_answered(self, place, host):
        assert place.visitor("Rita Roe").get("/", headers={"host": host}).status_code == 421

    @pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"},
                                         {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}])  # fmt: skip
    def test_a_form_from_another_site_is_refused(self, place, headers):
        rita, record = place.visitor("Rita Roe"), first(place)
        form = {"csrf": rita.csrf, "action": "accept", "version": "0"}
        answer = rita.post(f"/record/{record}/decide", data=form, headers=headers)
        assert answer.status_code == 403
        assert place.desk.review.of(record).rulings == []

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    def test_other_methods(self, place, method):
        assert place.visitor("Rita Roe").request(method, "/").status_code == 405

    def test_a_body_that_is_too_long(self, place):
        rita = place.visitor("Rita Roe")
        form = {"csrf": rita.csrf, "comment": "x" * (LARGEST_BODY + 1)}
        assert rita.post(f"/record/{first(place)}/comment", data=form).status_code == 413


def test_every_answer_carries_the_headers(place):
    rita = place.visitor("Rita Roe")
    stranger = place.visitor(gate=False)
    answers = [rita.get(p) for p in ("/", "/figures", "/static/review.js", "/nothing", "/record/none")]
    answers += [stranger.get("/"), rita.post("/bulk", data={})]
    for answer in answers:
        for name, value in HEADERS.items():
            if name != "cache-control":
                assert answer.headers[name] == value, (answer.url, name)
    assert "unsafe" not in HEADERS["content-security-policy"]


class TestSessions:
    def test_a_session_that_the_browser_brings_is_not_taken_over(self, place):
        visitor = place.visitor()
        visitor.cookies.set(place.site.cookie, "chosen-by-somebody-else")
        answer = visitor.post("/sign-in", data={"name": "Rita Roe", "passphrase": PASSPHRASE}, follow_redirects=False)
        assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
        assert place.site.sessions.get("chosen-by-somebody-else") is None

    def test_signing_in_again_ends_the_session_before(self, place):
        rita = place.visitor("Rita Roe")
        before = rita.cookies[place.site.cookie]
        rita.sign_in("Rita Roe")
        assert rita.cookies[place.site.cookie] != before
        assert place.site.sessions.get(before) is None

    def test_it_ends_by_signing_out_by_rest_and_by_age(self, place):
        rita = place.visitor("Rita Roe")
        rita.submit("/sign-out")
        assert "Sign in" in rita.get("/").text
        rita.sign_in("Rita Roe")
        place.clock[0] += IDLE + 1
        assert "Sign in" in rita.get("/").text
        rita.sign_in("Rita Roe")
        for _ in range(int(LONGEST // (IDLE - 1)) + 1):
            place.clock[0] += IDLE - 1
            answer = rita.get("/trail")
        assert "Sign in" in answer.text

    def test_cookies_are_closed_to_scripts(self, place):
        answer = place.visitor().post(
            "/sign-in", data={"name": "rita  roe", "passphrase": PASSPHRASE}, follow_redirects=False
        )
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "samesite=strict" in answer.headers["set-cookie"].lower()

    @pytest.mark.parametrize("csrf", ["", "wrong"])
    def test_no_form_works_without_its_session(self, place, csrf):
        for name in ("Rita Roe", "Abe Low", "Ada Adams"):
            visitor = place.visitor(name)
            for route in ROUTES:
                if route.method == "POST" and route.roles is not None:
                    assert visitor.post(path(route, first(place)), data={"csrf": csrf}).status_code == 403, route
        assert not [e for e in trail.entries(place.desk.root) if e.kind != "signer-added"]

    def test_guessing_passphrases_is_slowed(self, place):
        visitor = place.visitor()
        for _ in range(3):
            assert visitor.sign_in("Rita Roe", "wrong words entirely").status_code == 403
        assert visitor.sign_in("Rita Roe").status_code == 429
        place.clock[0] += 400
        assert visitor.sign_in("Rita Roe").status_code == 200

    def test_an_unknown_name_is_answered_like_a_known_one(self, place):
        known, unknown = (place.visitor().sign_in(name, "wrong words") for name in ("Rita Roe", "Nobody"))
        assert known.text.replace("Rita Roe", "") == unknown.text.replace("Nobody", "")

    def test_guessing_invitations_is_slowed(self, place):
        visitor = place.visitor()
        form = {"code": "guess", "passphrase": PASSPHRASE, "again": PASSPHRASE}
        assert [visitor.post("/join", data=form).status_code for _ in range(4)] == [403, 403, 403, 429]

    def test_a_retired_key_is_signed_out_at_once(self, place):
        rita, ada = place.visitor("Rita Roe"), place.visitor("Ada Adams")
        key = next(p.key_id for p in place.site.accounts.active() if p.name == "Rita Roe")
        assert ada.submit("/people/retire", key=key).status_code == 200
        assert "Sign in" in rita.get("/").text
        assert rita.sign_in("Rita Roe").status_code == 403


class TestRoles:
    def test_by_table_nobody_does_what_is_for_others(self, place):
        for name, role in (("Rita Roe", "reviewer"), ("Ada Adams", "admin"), ("Abe Low", "approver")):
            visitor = place.visitor(name)
            for route in ROUTES:
                if route.roles and role not in route.roles:
                    answer = visitor.request(route.method, path(route, first(place)), data={"csrf": visitor.csrf})
                    assert answer.status_code == 403, (role, route)

    def test_what_is_for_few_is_in_the_table(self):
        few = {r.path: r.roles for r in ROUTES if r.method == "POST" and r.roles}
        assert few["/signatures"] == ("approver",)
        assert few["/people"] == few["/people/retire"] == ("admin",)
        assert "admin" not in few["/record/{record}/decide"]

    def test_a_reviewer_cannot_take_in_what_the_checks_rejected(self, place):
        rita = place.visitor("Rita Roe")
        rejected = next(e for e in place.desk.queue.all(Filter(place="rejected"), "x:y"))
        for action in ("accept", "edit"):
            answer = rita.submit(
                f"/record/{rejected.id}/decide", action=action, version="0", turn0="a b c?", turn1="d."
            )
            assert answer.status_code == 400
        assert place.desk.review.of(rejected.id).rulings == []

    def test_a_passphrase_is_asked_for_again_before_a_signature(self, place):
        abe = place.visitor("Abe Low")
        for form in ({"scope": "training"}, {"scope": "training", "passphrase": "wrong words entirely"}):
            assert abe.submit("/signatures", **form).status_code == 403
        assert "signed-off" not in {e.kind for e in trail.entries(place.desk.root)}


class TestInput:
    def test_stored_script_is_shown_and_never_markup(self, place):
        rita = place.visitor("Rita Roe")
        record = next(
            e for e in place.desk.queue.all(Filter(), "x:y") if HOSTILE in place.desk.queue.example(e).question
        )
        rita.submit(f"/record/{record.id}/comment", comment=HOSTILE)
        rita.submit(
            f"/record/{record.id}/decide", action="escalate", version=version(place, record.id), comment=HOSTILE
        )
        for page in (f"/record/{record.id}?all=1", "/?all=1", f"/?skill={HOSTILE}", "/trail", f"/record/{HOSTILE}"):
            text = rita.get(page).text
            assert "<script>window" not in text, page
            assert "<img src=x" not in text, page
        assert "&lt;script&gt;window.hacked=1" in rita.get(f"/record/{record.id}?all=1").text

    @pytest.mark.parametrize("name", ["..%2freview.css", "%2e%2e/base.html.j2", "base.html.j2", "..\\..\\setup.cfg",
                                      "review.css%00", "/etc/passwd"])  # fmt: skip
    def test_no_other_file_is_given_out(self, place, name):
        assert place.visitor("Rita Roe").get(f"/static/{name}").status_code == 404

    @pytest.mark.parametrize("odd", ["x", "%2e%2e", "%00", "a" * 3000, "' or 1=1 --", "🦜"])
    def test_odd_ids(self, place, odd):
        rita, abe = place.visitor("Rita Roe"), place.visitor("Abe Low")
        for answer in (rita.get(f"/record/{odd}"), abe.get(f"/signature/{odd}"), rita.submit("/undo", entry=odd)):
            assert answer.status_code in (400, 404), answer.text[:300]

    @pytest.mark.parametrize(
        "form",
        [{}, {"action": "accept"}, {"action": "accept", "version": "-1"}, {"action": "accept", "version": "9" * 40},
         {"action": "eat", "version": "0"}, {"action": "reject", "version": "0"},
         {"action": "reject", "version": "0", "reason": "because"}, {"action": "reject", "version": "0", "reason": "other"},
         {"action": "edit", "version": "0"}, {"action": "edit", "version": "0", "turn0": "x" * 30_000, "turn1": "y"},
         {"action": "escalate", "version": "0"}, {"action": "accept", "version": "0", "comment": "x" * 6000}],
    )  # fmt: skip
    def test_forms_that_are_not_whole(self, place, form):
        rita, record = place.visitor("Rita Roe"), first(place)
        answer = rita.submit(f"/record/{record}/decide", **form)
        assert answer.status_code == 400, answer.text[:500]
        assert place.desk.review.of(record).rulings == []

    @pytest.mark.parametrize("page", ["0", "-3", "x", "9" * 30, ""])
    def test_odd_pages(self, place, page):
        assert place.visitor("Rita Roe").get(f"/?page={page}").status_code == 200

    def test_an_error_of_our_own_tells_nothing(self, place, monkeypatch):
        rita = place.visitor("Rita Roe")
        monkeypatch.setattr(type(place.desk), "figures", lambda self: 1 / 0)
        answer = rita.get("/figures")
        assert answer.status_code == 500
        assert "division" not in answer.text
        assert "Traceback" not in answer.text


def test_secrets_stand_in_no_file(place):
    rita = place.visitor("Rita Roe")
    rita.submit(f"/record/{first(place)}/decide", action="accept", version="0")
    place.visitor("Ada Adams").submit("/people", name="New Person", role="reviewer")
    secrets = [PASSPHRASE, TOKEN, rita.csrf, rita.cookies[place.site.cookie], rita_key(place)]
    for file in place.desk.root.rglob("*"):
        if file.is_file():
            raw = file.read_bytes()
            assert not [s for s in secrets if s.encode() in raw], file
    private = [p for p in (place.desk.root / "private").iterdir() if p.suffix == ".yaml"]
    assert [oct(p.stat().st_mode & 0o777) for p in private] == ["0o600"]


def rita_key(place) -> str:
    return place.site.accounts.open("Rita Roe", PASSPHRASE)._private
