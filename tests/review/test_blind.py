"""Two people judge a record, and neither learns from any page what the other decided before both have."""

from __future__ import annotations

import pytest

from kdvert import project
from kdvert.decisions.codes import REASONS
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.review import preparing
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk
from kdvert.review.queue import Filter

from .place import PASSPHRASE

SECRET = "whoever reads this knows the decision"


@pytest.fixture
def blind(copied):
    """The project with a sample that two people judge. Ask for it before the server."""
    settings = copied / "kdvert.yaml"
    settings.write_text(settings.read_text().replace("double: 0.0", "double: 1.0"))
    desk = Desk.open(runner.prepare(project.read(copied)), Silent())
    preparing.draw_sample(desk, Accounts(copied).open("Ada Adams", PASSPHRASE))
    desk.queue.close()


def test_no_page_tells(blind, place):
    rita, rob = place.visitor("Rita Roe"), place.visitor("Rob Ray")
    record = place.desk.queue.all(Filter(sample="1"), "x:y")[0].id
    pages = (f"/record/{record}?all=1", "/trail", "/?all=1", f"/?all=1&reviewer={key(place, 'Rita Roe')}")

    def told(visitor) -> list[str]:
        text = "".join(visitor.get(page).text.replace('value="harmful"', "") for page in pages)
        return [t for t in (SECRET, "a reviewer rejected a record", f": {REASONS['harmful']}") if t in text]

    form = {"action": "reject", "version": "0", "reason": "harmful", "comment": SECRET}
    assert rita.submit(f"/record/{record}/decide", **form).status_code == 200
    assert len(told(rita)) == 3
    assert told(rob) == []
    assert "a record that you judge blindly" in rob.get("/trail").text
    assert rob.submit(f"/record/{record}/decide", action="accept", version="0").status_code == 200
    assert len(told(rob)) == 3
    assert place.desk.queue.entry(record).status == "conflict"


def key(place, name: str) -> str:
    return next(p.key_id for p in place.site.accounts.active() if p.name == name)
