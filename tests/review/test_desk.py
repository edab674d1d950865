"""Decisions: what stands in the way of one, and that none that was acknowledged is ever lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdvert import project
from kdvert.decisions import erasable, signers, trail, trail_check
from kdvert.errors import UserError, WorkFailed
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.records import Message
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk, EditStopped, Stale, Wish
from kdvert.review.preparing import draw_sample
from kdvert.review.queue import Filter
from kdvert.rulings import reading

from .place import PASSPHRASE

DECIDER = """
import sys
from pathlib import Path
from kdvert import project
from kdvert.pipeline import runner
from kdvert.progress import Silent
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk, Stale, Wish
root, name, passphrase, rounds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
desk = Desk.open(runner.prepare(project.read(root)), Silent())
me = Accounts(root).open(name, passphrase)
ids = [i for i, _ in desk.queue.strata(())]
print("ready", flush=True)
for n in range(rounds):
    record = ids[n % len(ids)]
    for _ in range(100):
        try:
            wish = Wish(record, "accept" if n % 2 else "escalate", desk.queue.entry(record).version, comment=f"{name} {n}")
            print(desk.decide(me, wish).sha, flush=True)
            break
        except Stale:
            desk.refresh()
"""


@pytest.fixture
def open_one(copied):
    opened: list[Desk] = []

    def opening() -> Desk:
        opened.append(Desk.open(runner.prepare(project.read(copied)), Silent()))
        return opened[-1]

    yield opening
    for one in opened:
        one.queue.close()


@pytest.fixture
def desk(open_one) -> Desk:
    return open_one()


@pytest.fixture
def people(copied):
    return {name: Accounts(copied).open(name, PASSPHRASE) for name in ("Rita Roe", "Rob Ray", "Abe Low", "Ada Adams")}


@pytest.fixture
def rita(people):
    return people["Rita Roe"]


def accepted(desk: Desk) -> list[str]:
    return [e.id for e in desk.queue.all(Filter(place="accepted"), "x:y")]


def wrong(root: Path) -> list[str]:
    return [d.code for d in trail_check.differences(root, signers.read(root))]


def test_a_decision_on_what_somebody_else_decided_meanwhile_is_refused(desk, people, rita):
    record = accepted(desk)[0]
    first = desk.decide(people["Rob Ray"], Wish(record, "reject", 0, reason="wrong"))
    with pytest.raises(Stale):
        desk.decide(rita, Wish(record, "accept", 0))
    desk.decide(rita, Wish(record, "accept", first.seq))
    assert desk.queue.entry(record).status == "conflict"


def test_another_desk_is_seen_before_a_decision(desk, open_one, people, rita):
    other, record = open_one(), accepted(desk)[0]
    other.decide(people["Rob Ray"], Wish(record, "accept", 0))
    assert desk.queue.entry(record).version == 0
    with pytest.raises(Stale):
        desk.decide(rita, Wish(record, "accept", 0))


def test_comments_and_taking_back_make_a_record_another_version(desk, rita):
    record = accepted(desk)[0]
    versions = [0]
    made = desk.decide(rita, Wish(record, "accept", 0))
    versions.append(desk.queue.entry(record).version)
    desk.comment(rita, record, "look here")
    versions.append(desk.queue.entry(record).version)
    assert desk.undo(rita, made.sha) == [record]
    versions.append(desk.queue.entry(record).version)
    assert versions == sorted(set(versions))
    assert desk.queue.entry(record).status == "open"


def test_who_takes_back_what(desk, people, rita):
    record = accepted(desk)[0]
    made = desk.decide(rita, Wish(record, "accept", 0))
    with pytest.raises(UserError, match="approver"):
        desk.undo(people["Rob Ray"], made.sha)
    desk.undo(people["Abe Low"], made.sha)
    with pytest.raises(UserError, match="already"):
        desk.undo(rita, made.sha)


def test_an_admin_decides_nothing(desk, people):
    record = accepted(desk)[0]
    for action, more in (("accept", {}), ("reject", {"reason": "wrong"}), ("escalate", {"comment": "x"})):
        with pytest.raises(UserError, match="admin"):
            desk.decide(people["Ada Adams"], Wish(record, action, 0, **more))
    assert desk.review.of(record).rulings == []


def test_an_edit_without_evidence_is_stopped_and_leaves_nothing(desk, rita):
    record = accepted(desk)[0]
    example = desk.queue.example(desk.queue.entry(record))
    before = erasable.ids(desk.root)
    turns = (example.messages[0], Message(role="assistant", content="Bananas cure every disease within two hours."))
    with pytest.raises(EditStopped) as stopped:
        desk.decide(rita, Wish(record, "edit", 0, messages=turns, comment="better"))
    assert stopped.value.verdicts
    assert not any(v.passed for v in stopped.value.verdicts)
    assert erasable.ids(desk.root) == before
    assert desk.review.of(record).rulings == []


def test_what_an_approver_takes_in_against_the_checks(desk, people, rita):
    rejected = {desk.queue.example(e).verdicts[0].reason: e for e in desk.queue.all(Filter(place="rejected"), "x:y")}
    lifted, never = rejected["answer_not_supported"], rejected["no_evidence"]
    desk.decide(rita, Wish(lifted.id, "escalate", 0, comment="the passage says so"))
    version = desk.queue.entry(lifted.id).version
    desk.decide(people["Abe Low"], Wish(lifted.id, "accept", version))
    assert desk.queue.entry(lifted.id).status == "accepted"
    with pytest.raises(UserError, match="No appeal"):
        desk.decide(people["Abe Low"], Wish(never.id, "accept", 0))


def test_many_at_once_are_those_that_were_counted(desk, rita):
    wanted = Filter(place="accepted")
    rows = desk.bulk_rows(rita, wanted)
    with pytest.raises(UserError, match="typed"):
        desk.bulk(rita, wanted, "accept", count=len(rows) + 1)
    with pytest.raises(UserError, match="Choose why"):
        desk.bulk(rita, wanted, "reject", count=len(rows))
    for action in ("escalate", "edit", ""):
        with pytest.raises(UserError):
            desk.bulk(rita, wanted, action, count=len(rows))
    assert desk.bulk(rita, wanted, "accept", count=len(rows)) == 12
    assert desk.bulk_rows(rita, wanted) == {}
    [entry] = desk.review.decided.values()
    assert set(desk.undo(rita, entry.sha)) == set(rows)
    assert set(desk.bulk_rows(rita, wanted)) == set(rows)


def test_following_the_trail_comes_to_what_reading_it_whole_does(desk, open_one, people, rita):
    dice, other = random.Random(7), open_one()
    records = accepted(desk)
    draw_sample(desk, people["Abe Low"])
    for n in range(60):
        who, at = people[dice.choice(["Rita Roe", "Rob Ray", "Abe Low"])], dice.choice([desk, other])
        record = dice.choice(records)
        action = dice.choice(["accept", "reject", "escalate", "comment", "undo", "bulk"])
        at.refresh()
        if action == "comment":
            at.comment(who, record, f"comment {n}")
        elif action == "undo":
            own = [e.sha for e in at.review.decided.values() if e.who == who.key_id]
            if own:
                at.undo(who, dice.choice(own))
        elif action == "bulk":
            if rows := at.bulk_rows(who, Filter(skill="grounded_qa", source="doc-0003")):
                at.bulk(who, Filter(skill="grounded_qa", source="doc-0003"), "accept", count=len(rows))
        else:
            version = at.queue.entry(record).version
            at.decide(who, Wish(record, action, version, reason="wrong", comment="why"))
    desk.refresh()
    other.refresh()
    fresh = reading.read(desk.root)
    assert desk.review == fresh
    assert other.review == fresh
    anew = open_one()
    for one in desk.queue.all(Filter(), "x:y"):
        assert anew.queue.entry(one.id) == one
        assert other.queue.entry(one.id) == one
        assert one.status in ("second", fresh.of(one.id).status(one.content))
    assert wrong(desk.root) == []


def test_a_trail_that_became_shorter_stops_the_desk(desk, rita):
    record = accepted(desk)[0]
    desk.decide(rita, Wish(record, "accept", 0))
    path = trail.path_of(desk.root)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(WorkFailed, match="shorter"):
        desk.refresh()
    assert wrong(desk.root) == ["trail_cut"]


def _decider(root: Path, name: str, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DECIDER, str(root), name, PASSPHRASE, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})


def test_a_process_that_is_killed_loses_nothing_it_acknowledged(copied, open_one):
    for delay in (0.05, 0.2, 0.31):
        process = _decider(copied, "Rita Roe", 10_000)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        acknowledged = [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
        entries = {e.sha: e for e in trail.entries(copied)}
        assert acknowledged
        assert set(acknowledged) <= set(entries)
        for sha in acknowledged:
            assert all(erasable.get(copied, item) for item in entries[sha].items)
        assert set(wrong(copied)) <= {"torn_line", "text_unnamed"}  # what was under way when it was killed
        desk = open_one()
        assert set(acknowledged) <= set(desk.review.decided)
        rita = Accounts(copied).open("Rita Roe", PASSPHRASE)
        record = accepted(desk)[0]
        desk.decide(rita, Wish(record, "accept", desk.queue.entry(record).version))
        assert set(wrong(copied)) <= {"text_unnamed"}


def test_two_processes_that_write_at_once(copied, open_one):
    rounds = 40
    processes = [_decider(copied, name, rounds) for name in ("Rita Roe", "Rob Ray")]
    told = [p.communicate(timeout=300)[0].split()[1:] for p in processes]
    assert [len(t) for t in told] == [rounds, rounds]
    entries = trail.entries(copied)
    assert {*told[0], *told[1]} <= {e.sha for e in entries}
    assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
    assert wrong(copied) == []
    assert open_one().review == reading.read(copied)
