"""Headless Chromium: where it is, and pages that fail a test when a script errs."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NEEDED = "KDVERT_NEED_BROWSER"
"""Set where a missing browser must fail the tests (`.ci/run` sets it)."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running browser. Playwright holds this thread's event loop: while it lives, no other test can run one."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get(NEEDED):
            pytest.fail(f"no Chromium is installed, and {NEEDED} asks for one: apt-get install chromium")
        pytest.skip("no Chromium is installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page in a browser profile of its own; errors of scripts fail the test."""
    contexts, errors = [], []

    def opening(**options: Any) -> Any:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
        page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    yield opening
    for context in contexts:
        context.close()
    assert errors == []


@contextmanager
def running(opened: Any) -> Iterator[None]:
    """Serve an opened review from a thread of this process."""
    import uvicorn

    serving = uvicorn.Server(uvicorn.Config(opened.app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [opened.sock]})
    thread.start()
    try:
        yield
    finally:
        serving.should_exit = True
        thread.join(30)


@pytest.fixture
def online(place: Any) -> Iterator[str]:
    """The address, with its token, of the application on a socket."""
    with running(place.opened):
        yield place.opened.url
