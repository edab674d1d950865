"""Scrubbing the verticals' sample documents, with people planted in them, and then the result: nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from kdvert import verticals
from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubbed, Scrubber

SECRET = b"0123456789abcdef0123456789abcdef"
PEOPLE = (
    "Leonora Vantongeren, born 03/14/1941, SSN 219-09-9999, lives at 418 Larkspur Lane, Fairhollow, Ohio 43999.",
    "Call Emeka Thorncastle at (555) 555-0142 or write to e.thorncastle@orchard.com about account number 000418823907.",
    "Mr. Tarquin Oyelaran, card 4111 1111 1111 1111, was seen on May 6, 2024 with Ms. Vantongeren and Emeka.",
)
RAW = ("Vantongeren", "219-09-9999", "Thorncastle", "000418823907", "Oyelaran")
"""What the regimes of all of them take."""
VERTICALS = ("education", "finance", "law", "medicine", "science")


def planted(path: Path, each: int = 3) -> str:
    """Return a document with somebody after every third paragraph."""
    paragraphs = path.read_text(encoding="utf-8").split("\n\n")
    people = cycle(PEOPLE)
    return "\n\n".join(p if n % each else f"{p}\n\n{next(people)}" for n, p in enumerate(paragraphs))


def twice(scrubber: Scrubber, path: Path) -> tuple[Scrubbed, Scrubbed]:
    """Scrub a document with planted people, and then the result as another document under another secret."""
    once = scrubber.scrub("d", planted(path))
    return once, replace(scrubber, ledger=Ledger(once.ledger), secret=SECRET[::-1]).scrub("e", once.text)


def left(text: str) -> list[str]:
    return [raw for raw in RAW if raw in text]


@pytest.fixture(scope="module", params=["placeholder", "surrogate"])
def styled(request: pytest.FixtureRequest, make_scrubber: Callable[..., Scrubber]) -> Callable[[str], Scrubber]:
    return lambda name: replace(make_scrubber(name), replace_with=request.param, secret=SECRET)


@pytest.mark.parametrize("vertical", VERTICALS)
def test_a_sample_document(styled: Callable[[str], Scrubber], vertical: str) -> None:
    once, again = twice(styled(vertical), verticals.load(vertical).corpus[0])
    assert left(once.text) == []
    assert [once.text[f.start : f.end] for f in again.log.findings] == []
    assert again.text == once.text


@pytest.mark.slow
@pytest.mark.parametrize("vertical", VERTICALS)
def test_every_sample_document(styled: Callable[[str], Scrubber], vertical: str) -> None:
    scrubber = styled(vertical)
    for path in verticals.load(vertical).corpus[1:]:
        once, again = twice(scrubber, path)
        assert left(once.text) == []
        assert [once.text[f.start : f.end] for f in again.log.findings] == []
        assert again.text == once.text
