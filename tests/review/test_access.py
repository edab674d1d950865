"""Every page, light and dark, on a desk and on a phone: nothing that shuts somebody out, and nothing cut off."""

from __future__ import annotations

import pytest

from kdvert import project
from kdvert.decisions import erasable, kinds, trail
from kdvert.pipeline import runner
from kdvert.records import Message
from kdvert.review import preparing, server, signing
from kdvert.review.desk import Wish
from kdvert.review.queue import Filter
from kdvert.rulings.contents import Edit, content_sha, edited

from .browser import running
from .place import NOW, PASSPHRASE

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

LOOKS = (("light", (1280, 800)), ("dark", (360, 740)))  # colors do not depend on the width


@pytest.fixture
def busy(place) -> dict[str, str]:
    """A project in which all that can be shown is there; ids of records and of a signature by what they show."""
    desk = place.desk
    rita, rob, abe, ada = (
        place.site.accounts.open(n, PASSPHRASE) for n in ("Rita Roe", "Rob Ray", "Abe Low", "Ada Adams")
    )
    preparing.draw_sample(desk, ada)
    one, two, three, *rest = [e.id for e in desk.queue.all(Filter(place="accepted"), "x:y")]
    for record in rest:
        desk.decide(rita, Wish(record, "accept", 0, seconds=12))
    example = desk.queue.example(desk.queue.entry(one))
    changed = edited(example, [example.messages[0], Message(role="assistant", content=f"In short: {example.answer}")])
    edit = Edit(before=example.messages, after=changed.messages, verdicts=[])
    refs = {"record": one, "content": content_sha(example), "after": content_sha(changed)}
    refs["edit"] = erasable.put(desk.root, "diff", edit.text())
    trail.append(desk.root, kinds.EDITED, now=NOW, signer=rob, refs=refs, items=[refs["edit"]])
    desk.comment(rita, one, "a comment that is long enough to be " + "wrapped " * 20 + "w" * 90)
    desk.refresh()
    desk.decide(rita, Wish(two, "reject", 0, reason="wrong", comment="no"))
    desk.decide(rob, Wish(three, "accept", 0))
    desk.policy = desk.policy.model_copy(update={"bound": 0.9})
    made = signing.sign(desk, abe, "training")
    rejected = desk.queue.all(Filter(place="rejected"), "x:y")
    return {"edited": one, "rejected": two, "appeal": rejected[0].id, "lost": rejected[1].id, "signature": made.id}


def faults(page, axe) -> list[tuple[str, str, str]]:
    """What axe finds serious or critical, and what is wider than the screen, in every look."""
    found = []
    for scheme, (width, height) in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append((f"{scheme} {width}", "too wide", str(wide)))
        result = axe.run(page, options={"resultTypes": ["violations"]}).response
        assert result["passes"]
        for fault in result["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found.append((f"{scheme} {width}", fault["id"], fault["nodes"][0]["html"][:200]))
    return found


def test_every_page_in_every_look(busy, place, online, new_page):
    from axe_playwright_python.sync_playwright import Axe

    axe, base, found = Axe(), online.split("/?")[0], {}
    page = new_page(bypass_csp=True)  # axe puts itself into the page
    page.goto(online)
    found["sign-in"] = faults(page, axe)
    page.goto(f"{base}/join")
    found["join"] = faults(page, axe)
    page.goto(f"{base}/sign-in")
    page.fill("[name=name]", "Abe Low")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    for path in ("/", "/?all=1", "/?status=conflict", f"/record/{busy['edited']}?all=1", f"/record/{busy['rejected']}?all=1",
                 f"/record/{busy['appeal']}", f"/record/{busy['lost']}", "/figures", "/signatures",
                 f"/signature/{busy['signature']}", "/trail", "/people", "/bulk?all=1", "/record/none"):  # fmt: skip
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found[path] = faults(page, axe)
    page.goto(f"{base}/record/{busy['edited']}?all=1")
    for panel in ("edit", "reject", "escalate"):
        page.click(f"[data-opens={panel}]")
        found[panel] = faults(page, axe)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found["keys"] = faults(page, axe)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_the_first_page_of_all(root, monkeypatch, new_page):
    """Nobody may review yet."""
    from axe_playwright_python.sync_playwright import Axe

    with server.open_server(runner.prepare(project.read(root)), 0) as opened, running(opened):
        page = new_page(bypass_csp=True)
        page.goto(opened.url)
        assert "Nobody may review yet" in page.inner_text("h1")
        assert faults(page, Axe()) == []


def test_focus_is_seen_and_escape_gives_it_back(busy, online, new_page):
    page = new_page()
    page.goto(online)
    page.keyboard.insert_text("Rita Roe")
    page.keyboard.press("Tab")
    page.keyboard.insert_text(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    page.goto(f"{online.split('/?')[0]}/record/{busy['edited']}?all=1")
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        name = page.evaluate("document.activeElement.outerHTML.slice(0, 60)")
        assert outline != "none" or name.startswith("<body"), name
        seen.add(name)
    assert len(seen) > 12
    page.evaluate("document.activeElement.blur()")
    for key, field in (("e", "textarea"), ("r", "input"), ("x", "input")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.tagName.toLowerCase()") == field
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"
        assert page.locator(".panel:not([hidden])").count() == 0
    page.keyboard.press("c")
    page.keyboard.type("aerx?jk")  # letters that are typed are no keys
    assert page.evaluate("document.activeElement.value") == "aerx?jk"
    assert "/record/" in page.url


def test_pages_work_without_scripts(place, busy, online, new_page):
    """Forms are forms: who switches scripts off decides, too."""
    page = new_page(java_script_enabled=False)
    page.goto(online)
    page.fill("[name=name]", "Rob Ray")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.click("button.primary")
    page.goto(f"{online.split('/?')[0]}/record/{busy['rejected']}?all=1")
    page.click("button[value=accept]")
    assert place.desk.queue.entry(busy["rejected"]).status == "conflict"
    page.goto(f"{online.split('/?')[0]}/record/{busy['rejected']}?all=1")
    page.check("#reject input[value=unclear]")
    page.click("button[value=reject]")
    assert place.desk.queue.entry(busy["rejected"]).status == "rejected"
