"""Text that wants to be markup, wherever text can stand: it is shown, and it never runs."""

from __future__ import annotations

import html

import pytest

from kdvert import project
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.records import Document, Example, Message
from kdvert.review import preparing
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk, Wish
from kdvert.review.queue import Filter
from kdvert.store import read_jsonl, write_jsonl

from .place import HOSTILE, NOW, PASSPHRASE

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

EVIL = "Eve " + HOSTILE
SCRIPTS = (
    HOSTILE,
    '"><svg onload="window.hacked=1">',
    "javascript:window.hacked=1",
    "{{ 7 * 7 }}",
    "</textarea><script>window.hacked=1</script>",
)
PAGES = ("/", "/?all=1", "/figures", "/signatures", "/trail", "/people")


@pytest.fixture
def infested(copied) -> str:
    """Scripts in documents, file names, titles, answers, ids of licenses, names, comments; the id of one record."""
    documents = list(read_jsonl(copied / "work/scrub/documents.jsonl", Document))
    bad = [d.model_copy(update={"source": d.source.model_copy(update={"uri": f"sources/{HOSTILE}.md", "publisher": HOSTILE, "title": HOSTILE})})
           for d in documents]  # fmt: skip
    write_jsonl(copied / "work/scrub/documents.jsonl", bad)
    records = list(read_jsonl(copied / "work/filter/accepted.jsonl", Example))
    worse = [
        r.model_copy(
            update={
                "messages": [
                    *r.messages[:-1],
                    Message(role="assistant", content=f"{r.answer} {SCRIPTS[n % len(SCRIPTS)]}"),
                ],
                "skill": f"skill{HOSTILE}" if n > 6 else r.skill,  # no check knows such a skill
                "provenance": r.provenance.model_copy(update={"teacher": HOSTILE, "terms": [HOSTILE]}),
            }
        )
        for n, r in enumerate(records)
    ]
    write_jsonl(copied / "work/filter/accepted.jsonl", worse)
    eve = Accounts(copied).add(EVIL, "reviewer", PASSPHRASE, NOW)
    signer = Accounts(copied).open(EVIL, PASSPHRASE)
    assert eve.name == EVIL
    desk = Desk.open(runner.prepare(project.read(copied)), Silent())
    preparing.draw_sample(desk, Accounts(copied).open("Ada Adams", PASSPHRASE))
    for record in [r.id for r in records[:5]]:
        desk.decide(signer, Wish(record, "escalate", 0, comment=" ".join(SCRIPTS)))
        desk.comment(signer, record, HOSTILE)
    desk.queue.close()
    return record


def test_it_is_escaped_in_every_page(infested, place):
    for name in ("Abe Low", "Ada Adams", EVIL):
        visitor = place.visitor(name)
        for path in (*PAGES, f"/record/{infested}?all=1", f"/bulk?skill={HOSTILE}"):
            if (answer := visitor.get(path)).status_code == 403:
                continue
            assert answer.status_code == 200, path
            for raw in ("<script>window", "<img src=x", "<svg onload", "</textarea><script", ">49<"):
                assert raw not in answer.text, (path, raw)
            assert 'href="javascript:' not in answer.text
    page = place.visitor("Abe Low").get(f"/record/{infested}?all=1").text
    assert html.escape(HOSTILE, quote=True).replace("&quot;", "&#34;") in page
    assert html.escape(EVIL, quote=True).replace("&quot;", "&#34;") in page


def test_it_does_not_run(infested, place, online, new_page):
    page, base = new_page(), online.split("/?")[0]  # a dialog, or a script that the policy stopped, fails the test
    page.goto(online)
    page.fill("[name=name]", "Abe Low")
    page.fill("[name=passphrase]", PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    entries = place.desk.queue.all(Filter(place="accepted"), "x:y")
    for path in (*PAGES, *(f"/record/{e.id}?all=1" for e in entries)):
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("window.hacked") is None, path
    page.goto(f"{base}/record/{infested}?all=1")
    page.click("[data-opens=edit]")
    typed = f"Bananas cure each disease of the heart within nine hours. {SCRIPTS[4]}"  # it has no evidence
    page.locator("#edit textarea").last.fill(typed)
    page.click("#edit button.primary")
    page.wait_for_selector(".wrong, .told", timeout=60_000)
    assert page.locator("#edit textarea").last.input_value() == typed
    assert page.evaluate("window.hacked") is None


def test_an_edit_that_is_stopped_is_kept_in_its_form_and_nowhere_else(place):
    rita = place.visitor("Rita Roe")
    entry = place.desk.queue.all(Filter(place="accepted"), "x:y")[0]
    example = place.desk.queue.example(entry)
    before = place.desk.offset
    for typed, reason in ((f"{example.answer} Call John Miller at 555-867-5309.", "personal data"),
                          ("Bananas cure each disease of the heart within nine hours.", "")):  # fmt: skip
        answer = rita.submit(
            f"/record/{entry.id}/decide", action="edit", version="0", turn0=example.question, turn1=typed, comment="so"
        )
        assert answer.status_code == 400
        assert "The edit was not kept" in answer.text
        assert typed in answer.text
        assert 'value="so"' in answer.text
        alert = answer.text.partition('role="alert"')[2].partition("</section>")[0]
        assert reason in alert
        assert typed[-20:] not in alert
        assert "John" not in alert
        assert place.desk.offset == before
    for file in place.desk.root.rglob("*"):
        if file.is_file():
            assert b"John Miller" not in file.read_bytes(), file
