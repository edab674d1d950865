"""The queue: its order, what narrows it, its pages and steps, and what it keeps back."""

from __future__ import annotations

import pytest

from kdvert import project
from kdvert.decisions.signing import Signer
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.review import index
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk, Wish
from kdvert.review.preparing import draw_sample
from kdvert.review.queue import PAGE, SECOND, Filter, Queue
from kdvert.store import write_jsonl, write_text

from .place import DRUGS, PASSPHRASE, record

SKILLS = ("grounded_qa", "refusal", "summary")


def varied():
    """60 records of three skills and two licenses."""
    for n in range(60):
        one = record(n)
        licenses = ["CC-BY-SA-4.0" if n % 4 == 0 else "CC0-1.0"]
        yield one.model_copy(
            update={
                "skill": SKILLS[n % 3],
                "provenance": one.provenance.model_copy(update={"licenses": licenses}),
            }
        )


@pytest.fixture
def desk(copied):
    write_jsonl(copied / "work/filter/accepted.jsonl", list(varied()))
    rejects = [
        record(n, failed=reason)
        for n, reason in ((70, "answer_not_supported"), (71, "no_evidence"), (72, "no_evidence"))
    ]
    write_jsonl(copied / "work/filter/rejected.jsonl", rejects)
    made = Desk.open(runner.prepare(project.read(copied)), Silent())
    yield made
    made.queue.close()


@pytest.fixture
def person(copied):
    return lambda name: Accounts(copied).open(name, PASSPHRASE)


def decide(desk: Desk, who: Signer, record: str, action: str = "accept", **more):
    entry = desk.queue.entry(record)
    return desk.decide(who, Wish(record, action, entry.version, **more))


def ids(desk: Desk, who: Signer, **wanted) -> list[str]:
    return [e.id for e in desk.queue.all(Filter(**wanted), desk.who(who))]


def test_riskier_records_come_first(desk, person):
    found = desk.queue.all(Filter(), "x:y")
    risks = [e.risk for e in found]
    assert risks == sorted(risks, reverse=True)
    assert len(set(risks)) > 10
    assert [e.n for e in found] == list(range(1, 64))
    assert [e.id for e in found if e.risk == risks[0]] == sorted(e.id for e in found if e.risk == risks[0])


@pytest.mark.parametrize(("wanted", "holds"), [
    ({"place": "accepted"}, lambda e, r: e.place == "accepted"),
    ({"place": "rejected"}, lambda e, r: any(not v.passed for v in r.verdicts)),
    ({"skill": "refusal"}, lambda e, r: r.skill == "refusal"),
    ({"vertical": "medicine"}, lambda e, r: True),
    ({"vertical": "law"}, lambda e, r: False),
    ({"source": "doc-0003"}, lambda e, r: "doc-0003" in r.provenance.document_ids),
    ({"license": "CC-BY-SA-4.0"}, lambda e, r: r.provenance.licenses == ["CC-BY-SA-4.0"]),
    ({"reason": "no_evidence"}, lambda e, r: any(v.reason == "no_evidence" for v in r.verdicts)),
    ({"status": "open"}, lambda e, r: True),
    ({"status": "accepted"}, lambda e, r: False),
    ({"skill": "summary", "source": "doc-0002", "place": "accepted"}, lambda e, r: r.skill == "summary" and "doc-0002" in r.provenance.document_ids),
    ({"skill": "' or 1=1 --"}, lambda e, r: False),
])  # fmt: skip
def test_each_filter_keeps_what_it_asks_for(desk, wanted, holds):
    everything = desk.queue.all(Filter(), "x:y")
    expected = [e.id for e in everything if holds(e, desk.queue.example(e))]
    found = desk.queue.all(Filter(**wanted), "x:y")
    assert [e.id for e in found] == expected
    assert desk.queue.page(Filter(**wanted), "x:y", 1)[1] == len(expected)


def test_the_verdict_on_a_license_narrows(desk):
    verdicts = {e.verdict for e in desk.queue.all(Filter(), "x:y")}
    assert len(verdicts) == 2
    for one in verdicts:
        assert {e.verdict for e in desk.queue.all(Filter(verdict=one), "x:y")} == {one}


def test_choices_count_every_record(desk):
    assert dict(desk.queue.choices["skill"]) == {"grounded_qa": 23, "refusal": 20, "summary": 20}
    assert dict(desk.queue.choices["reason"]) == {"no_evidence": 2, "answer_not_supported": 1}
    assert sum(n for _, n in desk.queue.choices["source"]) == 63
    assert len(desk.queue.choices["source"]) == len(DRUGS)


def test_pages_are_whole_and_without_overlap(desk):
    pages = [desk.queue.page(Filter(), "x:y", n) for n in (1, 2, 3, 4)]
    assert [len(p[0]) for p in pages] == [PAGE, PAGE, 63 - 2 * PAGE, 0]
    assert {p[1] for p in pages} == {63}
    assert [e.id for p in pages for e in p[0]] == [e.id for e in desk.queue.all(Filter(), "x:y")]


def test_steps_walk_the_filter_and_end(desk):
    wanted = Filter(skill="refusal")
    walk, at = [], 0
    while target := desk.queue.step(wanted, "x:y", at):
        walk.append(target)
        at = desk.queue.entry(target).n
    assert walk == [e.id for e in desk.queue.all(wanted, "x:y")]
    back = desk.queue.step(wanted, "x:y", at, forward=False)
    assert back == walk[-2]
    assert desk.queue.step(wanted, "x:y", desk.queue.entry(walk[0]).n, forward=False) is None


def test_what_waits_for_a_reviewer_and_for_an_approver(desk, person):
    rita, rob, abe = person("Rita Roe"), person("Rob Ray"), person("Abe Low")
    a, b, c, d, *rest = ids(desk, rita, status="todo", place="accepted")
    decide(desk, rita, a)
    decide(desk, rita, b, "escalate", comment="see")
    decide(desk, rita, c)
    decide(desk, rob, c, "reject", reason="wrong")
    assert ids(desk, rita, status="todo", place="accepted") == [d, *rest]
    assert ids(desk, rob, status="todo", place="accepted") == [d, *rest]
    assert ids(desk, abe, status="todo", place="accepted") == [b, c, d, *rest]
    assert ids(desk, abe, status="conflict") == [c]
    assert ids(desk, abe, status="escalated") == [b]
    assert set(ids(desk, abe, reviewer=rita.key_id)) == {a, b, c}
    assert ids(desk, abe, reviewer=rob.key_id) == [c]
    decide(desk, abe, b)
    decide(desk, abe, c, "reject", reason="wrong")
    assert ids(desk, abe, status="todo", place="accepted") == [d, *rest]
    assert ids(desk, abe, status="rejected") == [c]


def test_the_sample_narrows_and_doubles_wait_for_two(desk, person):
    desk.policy = desk.policy.model_copy(update={"double": 1.0})
    rita, rob, abe = person("Rita Roe"), person("Rob Ray"), person("Abe Low")
    count = draw_sample(desk, abe)
    sample = ids(desk, rita, sample="1")
    assert len(sample) == count < 60
    assert all(desk.queue.entry(i).double for i in sample)
    decide(desk, rita, sample[0])
    assert desk.queue.entry(sample[0]).status == SECOND
    assert sample[0] not in ids(desk, rita, status="todo", sample="1")
    assert sample[0] in ids(desk, rob, status="todo", sample="1")
    assert desk.hides_from(desk.queue.entry(sample[0]), rob.key_id)
    assert not desk.hides_from(desk.queue.entry(sample[0]), rita.key_id)
    desk.decide(rob, Wish(sample[0], "accept", 0))  # blind, so nothing that happened meanwhile stops it
    assert desk.queue.entry(sample[0]).status == "accepted"
    assert not desk.hides_from(desk.queue.entry(sample[0]), rob.key_id)


def test_a_new_sample_takes_the_place_of_the_old(desk, person):
    abe = person("Abe Low")
    draw_sample(desk, abe)
    first = ids(desk, abe, sample="1")
    desk.policy = desk.policy.model_copy(update={"seed": 9})
    draw_sample(desk, abe)
    second = ids(desk, abe, sample="1")
    assert len(first) == len(second)
    assert first != second


def test_hidden_records_are_in_no_list_and_in_no_step(desk):
    everything = [e.id for e in desk.queue.all(Filter(), "x:y")]
    desk.queue.hide(everything[:3])
    assert [e.id for e in desk.queue.all(Filter(), "x:y")] == everything[3:]
    assert desk.queue.page(Filter(), "x:y", 1)[1] == len(everything) - 3
    assert desk.queue.step(Filter(), "x:y", 0) == everything[3]
    desk.queue.hide(())
    assert [e.id for e in desk.queue.all(Filter(), "x:y")] == everything


def test_an_index_of_other_files_is_made_anew(desk, copied):
    desk.queue.close()
    path = copied / "work/cache/review/queue.sqlite"
    before = path.stat().st_ino
    again = Desk.open(desk.run, Silent())
    assert path.stat().st_ino == before
    again.queue.close()
    write_jsonl(copied / "work/filter/accepted.jsonl", list(varied())[:5])
    fewer = Desk.open(desk.run, Silent())
    assert fewer.queue.page(Filter(place="accepted"), "x:y", 1)[1] == 5
    fewer.queue.close()
    write_text(path, "no database")
    assert Desk.open(desk.run, Silent()).queue.page(Filter(place="accepted"), "x:y", 1)[1] == 5


def test_it_is_made_anew_when_a_license_is_judged_otherwise(root, tmp_path):
    path, asked = tmp_path / "queue.sqlite", []

    def build(verdict: str) -> list[str]:
        def judge(expression: str) -> str:
            asked.append(expression)
            return verdict

        made = index.Made(root / "work", None, judge)
        index.build(path, made, Silent())
        queue = Queue(path, made)
        found = {e.verdict for e in queue.all(Filter(), "x:y")}
        queue.close()
        return sorted(found)

    assert build("allow") == ["allow"]
    before = path.stat().st_ino
    assert build("allow") == ["allow"]
    assert path.stat().st_ino == before  # nothing changed: it is not made again
    assert build("block") == ["block"]
    assert set(asked) == {"CC0-1.0"}
