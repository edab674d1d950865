"""Known errors among the records: a reviewer cannot tell them from others, and what she overlooks is counted."""

from __future__ import annotations

import json
import re

import pytest

from kdvert import project
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.review import preparing
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk
from kdvert.review.pages import share
from kdvert.review.queue import Filter
from kdvert.rulings import bounds
from kdvert.rulings.planting import ERRORS

from .place import PASSPHRASE

COUNT = 4


@pytest.fixture
def known(copied):
    """The planted errors of a project whose sample was drawn with them in it. Ask for it before the server."""
    ada = Accounts(copied).open("Ada Adams", PASSPHRASE)
    desk = preparing.plant(Desk.open(runner.prepare(project.read(copied)), Silent()), ada, COUNT, Silent())
    preparing.draw_sample(desk, ada)
    desk.queue.close()
    return json.loads((copied / "private/planted.json").read_text(encoding="utf-8"))


def structure(page: str) -> list[str]:
    """The tags of a page with their classes, without what stands between them."""
    return re.findall(r'<[a-z0-9]+(?: class="[^"]*")?', page)


def real(place, known) -> list[str]:
    sample = place.desk.queue.all(Filter(sample="1"), "x:y")
    return [e.id for e in sample if e.id not in known["errors"]]


def decide(place, visitor, record: str, action: str = "accept", **form: str):
    version = str(place.desk.queue.entry(record).version)
    visitor.get(f"/record/{record}?all=1")
    answer = visitor.submit(f"/record/{record}/decide", action=action, version=version, **form)
    assert answer.status_code == 200, answer.text
    return answer


def test_no_page_says_which_they_are(known, place):
    for name in ("Rita Roe", "Abe Low"):
        visitor = place.visitor(name)
        pages = ["/", "/?all=1", "/?sample=1", "/trail", "/bulk?all=1", "/people"]
        pages += [f"/record/{i}?all=1" for i in [*known["errors"], *real(place, known)]]
        for page in pages:
            text = visitor.get(page).text
            assert not [kind for kind in ERRORS if kind in text], page
            assert not [i for i in known["originals"].values() if i in text], page
            if page != "/trail":  # it says when they were planted, and no more
                assert "plant" not in text.casefold(), page


def test_a_page_of_one_looks_like_that_of_any_other(known, place):
    rita = place.visitor("Rita Roe")
    shown = [structure(rita.get(f"/record/{i}?all=1").text) for i in known["errors"]]
    others = [structure(rita.get(f"/record/{i}?all=1").text) for i in real(place, known)]
    for one in shown:
        assert one in others
    form = re.compile(r"[0-9a-f]{64}-\d+")
    assert all(form.fullmatch(i) for i in known["errors"])
    for entry in place.desk.queue.all(Filter(), "x:y"):
        assert entry.file.split(":")[0] in ("accepted", "rejected", "planted")
        assert entry.file not in rita.get(f"/record/{entry.id}?all=1").text


def numbers(visitor) -> dict[str, list[str]]:
    pages = ("/", "/?all=1", "/?sample=1", "/?sample=1&status=todo", "/?status=accepted", "/figures", "/signatures")
    found = {}
    for page in pages:
        text = re.sub(
            r"<tr>.*?</tr>" if page.startswith("/?") or page == "/" else r"\0", "", visitor.get(page).text, flags=re.S
        )
        text = re.sub(r'name="csrf" value="[^"]*"', "", text)
        found[page] = re.findall(r"\d[\d,.]*", re.sub(r"<[^>]*>", " ", text))
    return found


def changes(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[float]]:
    assert {k: len(v) for k, v in before.items()} == {k: len(v) for k, v in after.items()}
    plain = {k: [(a, b) for a, b in zip(before[k], after[k]) if a != b] for k in before}
    return {k: [round(float(b.rstrip(".")) - float(a.rstrip(".")), 3) for a, b in v] for k, v in plain.items()}


def test_no_number_moves_otherwise_when_one_is_decided_about(known, place):
    rita = place.visitor("Rita Roe")
    first, second = real(place, known)[:2]
    decide(place, rita, first)
    start = numbers(rita)
    decide(place, rita, second)
    plain = numbers(rita)
    decide(place, rita, sorted(known["errors"])[0])
    planted = numbers(rita)
    assert any(changes(start, plain).values())
    assert changes(plain, planted) == changes(start, plain)


def test_what_is_overlooked_is_shown_to_who_signs_and_widens_the_bound(known, place):
    rita, abe = place.visitor("Rita Roe"), place.visitor("Abe Low")
    for one in real(place, known):
        decide(place, rita, one)
    before = place.desk.figures()
    for n, one in enumerate(sorted(known["errors"])):
        decide(place, rita, one, **({"action": "reject", "reason": "wrong"} if n else {}))
    found = place.desk.figures()
    assert (found.planted.met, found.planted.caught, found.planted.recall) == (COUNT, COUNT - 1, 0.75)
    examined, size = found.sample.examined, found.sample.population
    assert found.sample.upper == bounds.corrected(0, examined, COUNT - 1, COUNT, 0.95, size).rate_upper
    assert found.sample.upper > bounds.upper(0, examined, 0.95, size)
    assert before.sample.upper == 1  # nothing was known of reviewers
    text = abe.get("/figures").text
    assert f"{COUNT} were met and {COUNT - 1} caught (75%" in text
    assert f"at most <strong>{share(found.sample.upper)}</strong>" in text
    hers = rita.get("/figures").text
    assert "caught (" not in hers
    assert share(found.sample.upper) not in hers


def test_originals_come_back_when_all_were_met_and_errors_are_never_kept(known, place):
    rita = place.visitor("Rita Roe")
    errors = sorted(known["errors"])

    def listed() -> set[str]:
        return {e.id for e in place.desk.queue.all(Filter(place="accepted"), "x:y")}

    for one in errors[:-1]:
        decide(place, rita, one)
        assert not listed() & set(known["originals"].values())
    decide(place, rita, errors[-1])
    assert set(known["originals"].values()) <= listed()
    from kdvert.review import signing

    assert signing.kept(place.desk).count == 12


def test_lost_files_are_said_and_nothing_else_breaks(known, place, copied):
    (copied / "private/planted.json").write_text("{}", encoding="utf-8")
    abe = place.visitor("Abe Low")
    assert "is not the one that the trail names" in abe.get("/figures").text
    assert abe.get("/").status_code == 200
    assert abe.get("/signatures").status_code == 200


def test_files_of_errors_are_private(known, copied):
    for name in ("planted.json", "planted.jsonl", "reviewers.yaml"):
        assert (copied / "private" / name).stat().st_mode & 0o777 == 0o600
