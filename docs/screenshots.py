"""Take the pictures of the review page in docs/images: ``python docs/screenshots.py PROJECT``.

PROJECT is a folder that ``kdvert run --until filter`` has finished, such as that of ``make demo``. It is copied, and
the copy is reviewed by made-up people. Needs Chromium and the development tools (playwright).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.project import find, read
from kdvert.records import Message
from kdvert.review import preparing, server
from kdvert.review.accounts import Accounts, ReviewRole
from kdvert.review.desk import Desk, Wish, now
from kdvert.review.queue import Entry, Filter

IMAGES = Path(__file__).parent / "images"
PASSPHRASE = "a passphrase for pictures"
PEOPLE: dict[str, ReviewRole] = {
    "Ada Novak": "admin", "Maria Lindholm": "reviewer", "Tom Okafor": "reviewer", "Paul Berg": "approver",
    "Ines Duarte": "approver",
}  # fmt: skip
PARTS = ("scrub", "index", "filter", "elicit/summary.json", "lock.json")
DRAWN = ("review.look_at=sample", "review.bound=0.03", "review.double=0.2", "review.sign_off=training")
SHOWN = (*DRAWN, "review.bound=0.15", "review.planted=10")
PLANTED = 10


def main(project: Path) -> None:
    """Review a copy of the project and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        root = _copied(find(project), Path(folder) / "project")
        accounts = Accounts(root)
        for name, role in PEOPLE.items():
            accounts.add(name, role, PASSPHRASE, now())
        signers = {name: accounts.open(name, PASSPHRASE) for name in PEOPLE}
        _prepare(root, {name: signer for name, signer in signers.items() if signer})
        with _served(root) as url:
            _take(url)


def _copied(project: Path, root: Path) -> Path:
    (root / "work").mkdir(parents=True)
    shutil.copy(project / "kdvert.yaml", root)
    for name in PARTS:
        source = project / "work" / name
        if source.is_dir():
            shutil.copytree(source, root / "work" / name)
        elif source.is_file():
            (root / "work" / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, root / "work" / name)
    return root


def _prepare(root: Path, people: dict[str, Signer]) -> None:
    """Plant errors, draw a sample and have reviewers read all of it but for a few records."""
    dice, run = Random(3), runner.prepare(read(root), DRAWN)
    desk = preparing.plant(Desk.open(run, Silent()), people["Ada Novak"], PLANTED, Silent())
    preparing.draw_sample(desk, people["Ada Novak"])
    known = desk.known()
    errors = set(known.errors) if known else set()
    maria, tom = people["Maria Lindholm"], people["Tom Okafor"]
    sample = desk.queue.all(Filter(sample="1"), "")
    for n, entry in enumerate(sample):
        first, second = (maria, tom) if n % 2 else (tom, maria)
        for who in (first, second) if entry.double else (first,):
            wrong = entry.id in errors
            _decide(desk, who, entry, "reject" if wrong else "accept", dice, "wrong" if wrong else "")
    rest = [e for e in desk.queue.all(Filter(status="open", place="accepted"), "") if not e.sampled]
    _decide(desk, maria, rest[0], "reject", dice, "unclear")
    _decide(desk, tom, rest[1], "escalate", dice, comment="The passage is about adults; is the answer, too?")
    _decide(desk, people["Paul Berg"], rest[1], "reject", dice, "out_of_scope")
    _edit(desk, maria, rest[2:])
    desk.queue.close()


def _decide(
    desk: Desk, who: Signer, entry: Entry, action: Any, dice: Random, reason: str = "", comment: str = ""
) -> None:
    current = desk.queue.entry(entry.id) or entry
    seconds = dice.lognormvariate(3.2, 0.7)
    desk.decide(who, Wish(entry.id, action, current.version, reason=reason, comment=comment, seconds=seconds))


def _edit(desk: Desk, who: Signer, entries: list[Entry]) -> None:
    """Shorten the first answer that the checks let somebody shorten."""
    for entry in entries:
        example = desk.queue.example(entry)
        words = example.answer.split(" ")
        if len(words) < 12 or len(example.messages) != 2:
            continue
        for changed in ("In short: " + example.answer, example.answer.replace(" is ", " is, as the passage says, ", 1)):
            turns = (example.messages[0], Message(role="assistant", content=changed))
            try:
                desk.decide(who, Wish(entry.id, "edit", 0, messages=turns, comment="Reads better so."))
            except UserError:
                continue
            return


@contextmanager
def _served(root: Path) -> Iterator[str]:
    import uvicorn

    with server.open_server(runner.prepare(read(root), SHOWN), 0) as opened:
        serving = uvicorn.Server(uvicorn.Config(opened.app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [opened.sock]})
        thread.start()
        try:
            yield opened.url
        finally:
            serving.should_exit = True
            thread.join()


def _take(url: str) -> None:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    wide, phone = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        maria = _signed_in(browser, url, "Maria Lindholm", viewport=wide)
        base = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        maria.goto(base)
        _shoot(maria, "queue")
        record = _with_replaced_places(maria, base)
        _shoot(maria, "record")
        maria.goto(f"{base}/?status=edited&place=accepted")
        maria.locator("[data-first]").click()
        _shoot(maria, "edit")
        dark = browser.new_context(viewport=phone, color_scheme="dark", storage_state=maria.context.storage_state())
        page = dark.new_page()
        page.goto(record)
        _shoot(page, "phone")
        ines = _signed_in(browser, url, "Ines Duarte", viewport=wide)
        ines.goto(f"{base}/figures")
        _shoot(ines, "figures")
        ines.goto(f"{base}/signatures")
        ines.fill("[name=passphrase]", PASSPHRASE)
        ines.keyboard.press("Enter")
        ines.wait_for_url("**/signature/**")
        _shoot(ines, "signature")
        browser.close()


def _signed_in(browser: Any, url: str, name: str, **options: Any) -> Any:
    page = browser.new_context(**options).new_page()
    page.goto(url)
    page.fill("[name=name]", name)
    page.fill("[name=passphrase]", PASSPHRASE)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return page


def _with_replaced_places(page: Any, base: str) -> str:
    """Go to a record that shows evidence and replaced personal data on the first screen, or else to any."""
    found = ""
    for number in range(1, 6):
        page.goto(f"{base}/?all=1&place=accepted&page={number}")
        for link in [link.get_attribute("href") for link in page.locator(".queue th a").all()]:
            page.goto(base + link)
            page.evaluate(
                "document.querySelectorAll('.passage').forEach(p => p.closest('details')?.setAttribute('open', ''))"
            )
            found = found or str(page.url)
            marks = [mark.bounding_box() for mark in page.locator(".passage .scrubbed").all()]
            if page.locator("mark.proof").count() and any(mark and mark["y"] < 760 for mark in marks):
                return str(page.url)
    page.goto(found)
    return found


def _shoot(page: Any, name: str) -> None:
    page.screenshot(path=str(IMAGES / f"review-{name}.png"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    IMAGES.mkdir(exist_ok=True)
    main(Path(sys.argv[1]))
