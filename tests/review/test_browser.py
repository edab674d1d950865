"""The review page in a real browser, by keyboard alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from kdvert import project
from kdvert.decisions import trail
from kdvert.errors import GateBlocked
from kdvert.pipeline import gates, runner
from kdvert.review.queue import Filter

from .place import DRUGS, HOSTILE, PASSPHRASE

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


def press(page, *keys: str) -> None:
    """Press keys, each on the page that the one before it led to."""
    for key in keys:
        page.keyboard.press(key)


def type_in(page, *fields: str) -> None:
    """Fill the form that has the focus, field by field, and send it with Enter."""
    page.locator("input:focus").wait_for()  # pages put it there by themselves
    for number, text in enumerate(fields):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.insert_text(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page, url: str, name: str) -> None:
    page.goto(url)
    type_in(page, name, PASSPHRASE)
    assert page.locator("h1").inner_text().split()[0].replace(",", "").isdecimal(), page.content()


def act(page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def focus(page, name: str) -> None:
    """Walk to a control with Tab, as somebody without a mouse does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name").startswith(name):
            return
    raise AssertionError(f"Tab does not reach {name!r}")


def open_first(page) -> str:
    """Open the first record of the queue with Enter; return its id."""
    page.evaluate("document.activeElement.blur()")
    act(page, "Enter")
    return re.search(r"/record/([0-9a-f]+-0)", page.url).group(1)


def test_from_the_first_person_to_a_signed_release_by_keyboard_alone(root, serve, new_page):
    settings = (root / "kdvert.yaml").read_text()
    (root / "kdvert.yaml").write_text(settings.replace("look_at: sample", "look_at: all"))
    url = serve()
    base = url.split("/?")[0]
    ada = new_page()
    ada.goto(url)
    type_in(ada, "Ada Adams", PASSPHRASE, PASSPHRASE)
    type_in(ada, "Ada Adams", PASSPHRASE)
    codes = {}
    for name, role in (("Rita Roe", "reviewer"), ("Abe Low", "approver")):
        ada.goto(f"{base}/people")
        focus(ada, "name")
        ada.keyboard.insert_text(name)
        ada.keyboard.press("Tab")
        ada.keyboard.type(role)  # a list takes the option that begins with what is typed
        ada.keyboard.press("Tab")
        act(ada, "Enter")
        assert ada.locator("#code").count(), ada.locator("main").inner_text()
        codes[name] = ada.locator("#code").inner_text()
    ada.evaluate("document.activeElement.blur()")
    act(ada, "f")
    focus(ada, "Draw the sample")
    act(ada, "Enter")
    assert "A sample of" in ada.locator(".told").inner_text()

    rita, abe = new_page(), new_page()
    for page, name in ((rita, "Rita Roe"), (abe, "Abe Low")):
        page.goto(url)
        page.goto(f"{base}/join")
        type_in(page, codes[name], PASSPHRASE, PASSPHRASE)
        type_in(page, name, PASSPHRASE)
    run = runner.prepare(project.read(root))
    with pytest.raises(GateBlocked, match="not signed off"):
        _stage(root) and gates.pass_through(
            "signed", run.project, run.resolved, root / "work", datetime.now(UTC).date()
        )

    rita.goto(f"{base}/?sample=1&status=todo")
    record = open_first(rita)
    assert rita.locator(".passage mark.proof").first.inner_text() in rita.locator(".turn.assistant").inner_text()
    assert "[PERSON_1]" in rita.locator(".passage .scrubbed").first.inner_text()
    _edit(rita, record)
    _reject_and_escalate(rita)
    while "/record/" in rita.url:
        act(rita, "a")
    assert "last record" in rita.locator(".told").inner_text()

    abe.goto(f"{base}/?status=escalated")
    open_first(abe)
    assert "please look" in abe.locator(".events").inner_text()
    act(abe, "a")  # who decides signs nothing, where the policy asks for two persons
    act(abe, "s")
    assert "decided about 1 records" in abe.locator("main").inner_text()
    ada.goto(f"{base}/people")
    focus(ada, "name")
    ada.keyboard.insert_text("Ann Lee")
    ada.keyboard.press("Tab")
    ada.keyboard.type("approver")
    ada.keyboard.press("Tab")
    act(ada, "Enter")
    ann = new_page()
    ann.goto(url)
    code = ada.locator("#code").inner_text()
    ann.goto(f"{base}/join")
    type_in(ann, code, PASSPHRASE, PASSPHRASE)
    type_in(ann, "Ann Lee", PASSPHRASE)
    act(ann, "s")
    assert "Not met" not in ann.locator("section", has_text="For training").first.inner_text()
    focus(ann, "passphrase")
    ann.keyboard.insert_text(PASSPHRASE)
    act(ann, "Enter")
    paper = ann.locator(".paper").inner_text()
    assert "Ann Lee, approver" in paper
    assert "I have reviewed these records" in paper
    assert re.search(r"Holds\s+yes", paper)
    _stage(root)
    gates.pass_through("signed", run.project, run.resolved, root / "work", datetime.now(UTC).date())

    rita.goto(f"{base}/record/{record}?all=1")
    focus(rita, "Take back")
    act(rita, "Enter")
    _stage(root)
    with pytest.raises(GateBlocked, match="not those that were signed"):
        gates.pass_through("signed", run.project, run.resolved, root / "work", datetime.now(UTC).date())
    _tampering_is_found(root, ann, base)


def _stage(root) -> bool:
    """Run the stage ``review``, as the next run would."""
    from kdvert.pipeline import aside

    run = runner.prepare(project.read(root))
    config = run.resolved.stages["review"]
    aside.stage(run, "review", root / "work" / "review", lambda module, ctx: module.run(ctx, config))
    return True


def _edit(page, record: str) -> None:
    """Try an edit with personal data, which is stopped, and then a good one; both by keyboard."""
    page.keyboard.press("e")
    page.keyboard.press("Tab")
    before = page.evaluate("document.activeElement.value")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" Call John Miller at 555-867-5309.")
    focus(page, "Check and keep")
    with page.expect_navigation(timeout=120_000):
        page.keyboard.press("Enter")
    wrong = page.locator(".wrong").inner_text()
    assert "personal data" in wrong
    assert "John Miller" in page.locator("#edit textarea").last.input_value()
    assert "John Miller" not in wrong
    page.evaluate("document.querySelector('#edit textarea:last-of-type').blur()")
    page.locator("#edit textarea").last.focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(before.replace("a further stroke", "further stroke"))
    focus(page, "Check and keep")
    act(page, "Enter")
    assert "Edited and accepted" in page.locator(".told").inner_text()
    address = page.url
    page.goto(page.url.split("/record/")[0] + f"/record/{record}?all=1")
    assert "further stroke" in page.locator(".diff ins").inner_text()
    assert "a further stroke" in page.locator(".diff del").inner_text()
    page.goto(address)


def _reject_and_escalate(page) -> None:
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("the passage is older")
    act(page, "Enter")
    assert "Rejected" in page.locator(".told").inner_text()
    page.keyboard.press("x")
    page.keyboard.insert_text("please look")
    act(page, "Enter")
    assert "Sent to an approver" in page.locator(".told").inner_text()


def _tampering_is_found(root, page, base: str) -> None:
    path = trail.path_of(root)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    at = kinds.index("record-rejected")
    for changed in (
        [*lines[:at], lines[at].replace(b"record-rejected", b"record-accepted"), *lines[at + 1 :]],
        [*lines[:at], *lines[at + 1 :]],
        [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        lines[:-1],
    ):
        path.write_bytes(b"".join(changed))
        command = [sys.executable, "-m", "kdvert", "review", "verify", "--project", str(root)]
        found = subprocess.run(command, capture_output=True, text=True)
        assert found.returncode == 3, found.stdout
    path.write_bytes(whole)


def test_two_people_at_one_record_lose_no_decision(people, root, serve, new_page):
    url = serve()
    base = url.split("/?")[0]
    rita, rob = new_page(), new_page()
    sign_in(rita, url, "Rita Roe")
    sign_in(rob, url, "Rob Ray")
    record = open_first(rita)
    rob.goto(f"{base}/record/{record}")
    act(rita, "a")
    rob.keyboard.press("r")
    rob.keyboard.press("Space")
    rob.keyboard.press("Tab")
    act(rob, "Enter")
    assert "Somebody decided about this record meanwhile" in rob.locator("main").inner_text()
    rob.goto(f"{base}/record/{record}?all=1")
    assert "Rita Roe accepted" in rob.locator(".events").inner_text()
    rob.keyboard.press("r")
    rob.keyboard.press("Space")
    rob.keyboard.press("Tab")
    act(rob, "Enter")
    rob.goto(f"{base}/record/{record}?all=1")
    assert rob.locator(".head .status").inner_text() == "conflict"
    decided = [e.kind for e in trail.entries(root) if e.kind.startswith("record-")]
    assert decided == ["record-accepted", "record-rejected"]


def test_stored_script_does_not_run(people, serve, new_page, open_desk):
    desk = open_desk()
    record = next(e.id for e in desk.queue.all(Filter(), "x:y") if HOSTILE in desk.queue.example(e).question)
    rita = new_page()
    url = serve()
    sign_in(rita, url, "Rita Roe")
    base = url.split("/?")[0]
    rita.goto(f"{base}/record/{record}?all=1")
    rita.keyboard.press("c")
    rita.keyboard.insert_text(HOSTILE)
    act(rita, "Enter")
    assert HOSTILE in rita.locator(".events").inner_text()
    for page in (f"/record/{record}?all=1", "/?all=1", "/trail", "/figures"):
        rita.goto(base + page)
        assert rita.evaluate("window.hacked") is None, page


def test_the_list_of_keys_opens_and_closes(people, serve, new_page):
    rita = new_page()
    sign_in(rita, serve(), "Rita Roe")
    rita.evaluate("document.activeElement.blur()")
    rita.keyboard.press("?")
    assert rita.locator("#keys").is_visible()
    rita.keyboard.press("Escape")
    assert not rita.locator("#keys").is_visible()
    first = open_first(rita)
    act(rita, "j")
    assert first not in rita.url
    act(rita, "k")
    assert first in rita.url
    assert any(drug in rita.locator(".turn.user").inner_text() for drug in DRUGS)
