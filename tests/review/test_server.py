"""The server as a process: what it says, and what it never does."""

from __future__ import annotations

import re

import pytest
import requests

from kdvert import project
from kdvert.errors import UserError, WorkFailed
from kdvert.pipeline import runner
from kdvert.review import server
from kdvert.review.queue import Filter

from .place import PASSPHRASE, TOKEN


def test_no_secret_stands_in_the_log(people, root, serve, open_desk, capfd):
    url = serve()
    base = url.split("/?")[0]
    record = open_desk().queue.all(Filter(place="accepted"), "x:y")[0].id
    session = requests.Session()
    session.get(url)
    session.post(f"{base}/sign-in", data={"name": "Rita Roe", "passphrase": "wrong " + PASSPHRASE})
    page = session.post(f"{base}/sign-in", data={"name": "Rita Roe", "passphrase": PASSPHRASE}).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
    form = {"csrf": csrf, "action": "accept", "version": "0"}
    assert session.post(f"{base}/record/{record}/decide", data=form).status_code == 200
    assert all("token" not in r.headers.get("location", "") for r in session.get(url).history)
    (root / "work/filter/accepted.jsonl").unlink()  # now something fails
    assert session.get(f"{base}/record/{record}").status_code == 500
    (root / "signers.yaml").write_text("[", encoding="utf-8")
    assert session.get(f"{base}/").status_code in (400, 500)
    out, err = capfd.readouterr()
    secrets = [PASSPHRASE, csrf, TOKEN, *session.cookies.values()]
    assert not [s for s in secrets if s in out + err]
    assert "127.0.0.1 -" not in out + err  # nor who asked for what


@pytest.mark.parametrize("token", ["short", "with a space in it....", "semicolon;semicolon", "ümlautümlautümlaut"])
def test_tokens_that_are_none(root, monkeypatch, token):
    monkeypatch.setenv(server.VARIABLE, token)
    with pytest.raises(UserError, match=server.VARIABLE), server.open_server(runner.prepare(project.read(root)), 0):
        pass


@pytest.mark.parametrize(
    "behind", ["http://review.example.org", "https://", "https://a@b.example", "https://b.example/path", "review"]
)
def test_addresses_of_proxies_that_are_none(root, behind):
    with pytest.raises(UserError, match="--behind"), server.open_server(runner.prepare(project.read(root)), 0, behind):
        pass


def test_behind_a_proxy_cookies_and_forms_are_those_of_its_address(copied, monkeypatch):
    from starlette.testclient import TestClient

    monkeypatch.setenv(server.VARIABLE, TOKEN)
    run = runner.prepare(project.read(copied))
    with server.open_server(run, 0, "https://Review.example.org") as opened:
        assert opened.url == f"https://review.example.org/?token={TOKEN}"
        visitor = TestClient(opened.app, base_url="https://review.example.org")
        gate = visitor.get(f"/?token={TOKEN}", follow_redirects=False)
        assert "Secure" in gate.headers["set-cookie"]
        form = {"name": "Rita Roe", "passphrase": PASSPHRASE}
        for origin, status in (("http://review.example.org", 403), ("https://review.example.org", 303)):
            answer = visitor.post("/sign-in", data=form, headers={"origin": origin}, follow_redirects=False)
            assert answer.status_code == status
        assert "Secure" in answer.headers["set-cookie"]


def test_each_start_has_a_token_of_its_own(root, monkeypatch):
    monkeypatch.delenv(server.VARIABLE, raising=False)
    run, urls = runner.prepare(project.read(root)), []
    for _ in range(2):
        with server.open_server(run, 0) as opened:
            assert opened.sock.getsockname()[0] == "127.0.0.1"
            urls.append(opened.url.partition("token=")[2])
    assert len(set(urls)) == 2
    assert all(len(token) >= 40 for token in urls)


def test_without_records_there_is_nothing_to_review(root):
    (root / "work/filter/accepted.jsonl").unlink()
    with (
        pytest.raises(WorkFailed, match="nothing to review"),
        server.open_server(runner.prepare(project.read(root)), 0),
    ):
        pass
