"""The trail: what an append promises, and that each way of tampering is named as what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from kdvert.decisions import enrolling, erasable, signers, trail, trail_check
from kdvert.errors import UserError, WorkFailed

HASH = "ab" * 32


@pytest.fixture
def path(tmp_path, jane, now):
    """A trail of five entries: the key, then four decisions of Jane."""
    for number in range(4):
        trail.append(tmp_path, "record-accepted", now=now, signer=jane, refs={"record": HASH, "number": number})
    return trail.path_of(tmp_path)


@pytest.fixture
def codes(tmp_path):
    """Return a function that verifies and gives (code, row) of each difference."""

    def check(**options):
        found = trail_check.differences(tmp_path, signers.read(tmp_path), **options)
        return [(d.code, d.row) for d in found]

    return check


def rewrite(path: Path, change) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(change(lines)))


def altered(line: str, **fields) -> str:
    return json.dumps(json.loads(line) | fields) + "\n"


def resealed(line: str, **fields) -> str:
    """The line changed, and its hash made to fit, as a careful forger would."""
    entry = trail.Entry.model_validate(json.loads(line) | fields)
    return json.dumps(entry.model_copy(update={"sha": entry.computed_sha()}).model_dump(mode="json")) + "\n"


def test_a_trail_is_whole_and_holds_no_name(path, codes):
    assert codes() == []
    assert [e.seq for e in trail.entries(path.parents[1])] == [1, 2, 3, 4, 5]
    assert "Jane" not in path.read_text()


def test_an_empty_project_has_nothing_wrong(codes):
    assert codes() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda ls: ls[:2] + ls[3:], [("entry_missing", "line 3, entry 4")]),
        (lambda ls: ls[1:], [("entry_missing", "line 1, entry 2"), ("signer_unrecorded", "key {key}")]),
        (lambda ls: ls[:-1], [("trail_cut", "entry 5")]),
        (lambda ls: ls[:-3], [("trail_cut", "entry 5")]),
        (
            lambda ls: [ls[0], ls[2], ls[1], *ls[3:]],
            [
                ("entry_missing", "line 2, entry 3"),
                ("entry_missing", "line 3, entry 2"),
                ("entry_missing", "line 4, entry 4"),
            ],
        ),
        (lambda ls: [*ls[:2], ls[1], *ls[2:]], [("entry_missing", "line 3, entry 2")]),
        (lambda ls: [*ls[:2], altered(ls[2], refs={"record": "cd" * 32}), *ls[3:]], "altered"),
        (lambda ls: [*ls[:2], "nonsense\n", *ls[3:]], [("unreadable_entry", "line 3"), ("entry_missing", "line 4, entry 4")]),
        (lambda ls: [*ls[:-1], ls[-1][:40]], [("torn_line", "line 5"), ("trail_cut", "entry 5")]),
        (lambda ls: [*ls, '{"seq": 6, "at": "20'], [("torn_line", "line 6")]),
    ],
)  # fmt: skip
def test_tampering_is_named(path, codes, jane, change, expected):
    rewrite(path, change)
    if expected == "altered":
        expected = [("entry_altered", "line 3, entry 3"), ("signature_wrong", "line 3, entry 3")]
    assert codes() == [(code, row.format(key=jane.key_id)) for code, row in expected]


def test_a_forger_who_mends_the_hashes_cannot_sign(path, codes):
    rewrite(path, lambda ls: [*ls[:4], resealed(ls[4], refs={"record": "cd" * 32, "number": 3})])
    assert codes() == [("signature_wrong", "line 5, entry 5"), ("trail_cut", "entry 5")]


def test_an_entry_moved_to_another_place_does_not_keep_its_signature(path, codes):
    def forge(lines):
        last = json.loads(lines[3])
        return [*lines[:4], resealed(lines[2], seq=5, previous_sha=last["sha"])]

    rewrite(path, forge)
    assert codes() == [("signature_wrong", "line 5, entry 5"), ("trail_cut", "entry 5")]


def test_an_unsigned_entry_of_a_person_is_named(path, codes):
    rewrite(path, lambda ls: [*ls[:4], resealed(ls[4], signature=None)])
    assert ("not_signed", "line 5, entry 5") in codes()


def test_a_kind_from_nowhere_is_named(path, codes):
    rewrite(path, lambda ls: [*ls[:4], resealed(ls[4], kind="coronation")])
    assert ("unknown_kind", "line 5, entry 5") in codes()


def test_the_head_must_be_there_and_readable(path, codes):
    head = path.with_name(trail.HEAD)
    head.write_text("{")
    assert codes() == [("head_damaged", None), ("head_missing", None)]
    head.unlink()
    assert codes() == [("head_missing", None)]


def test_a_trail_rewritten_whole_is_noticed_against_a_hash_noted_elsewhere(path, codes):
    noted = trail.entries(path.parents[1])[-1].sha
    assert codes(head=noted) == []
    assert codes(head=HASH) == [("head_unknown", None)]


def test_what_a_crash_left_is_cut_off_and_the_trail_says_so(path, codes, jane, now):
    root = path.parents[1]
    with open(path, "ab") as stream:
        stream.write(b'{"seq": 6, "at"')
    entry = trail.append(root, "record-accepted", now=now, signer=jane)
    assert [(e.seq, e.kind) for e in trail.entries(root)[-2:]] == [(6, "trail-mended"), (7, "record-accepted")]
    assert trail.entries(root)[-2].refs["bytes"] == 15
    assert entry.seq == 7
    assert codes() == []


def test_a_crash_between_entry_and_head_costs_nothing(path, codes, jane, now):
    head = path.with_name(trail.HEAD)
    before = head.read_bytes()
    trail.append(path.parents[1], "record-accepted", now=now, signer=jane)
    head.write_bytes(before)
    assert codes() == []
    assert trail.append(path.parents[1], "record-accepted", now=now, signer=jane).seq == 7
    assert codes() == []


@pytest.mark.parametrize(
    "cut", [lambda t: t[:-1], lambda t: t[:-30], lambda t: t[: t[:-1].rindex(b"\n") + 1], lambda t: b""]
)
def test_nothing_is_added_to_a_trail_that_was_cut(path, jane, now, cut):
    left = cut(path.read_bytes())
    path.write_bytes(left)
    with pytest.raises(WorkFailed, match="cut off"):
        trail.append(path.parents[1], "record-accepted", now=now, signer=jane)
    assert path.read_bytes() == left


def test_nothing_is_added_after_an_altered_entry(path, jane, now):
    rewrite(path, lambda ls: [*ls[:4], altered(ls[4], at="2020-01-01T00:00:00+00:00")])
    with pytest.raises(WorkFailed, match="altered"):
        trail.append(path.parents[1], "record-accepted", now=now, signer=jane)


APPEND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kdvert.decisions import trail
from kdvert.decisions.signing import Signer
root = Path(sys.argv[1])
signer = Signer.from_environment(root)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(15):
    trail.append(root, "record-accepted", now=datetime.now(UTC), signer=signer)
"""


def test_processes_that_append_at_once_make_one_chain(tmp_path, jane, codes, monkeypatch):
    monkeypatch.setenv("KDVERT_SIGNING_KEY", jane._private)
    workers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout.readline() == b"ready\n"
    for worker in workers:
        worker.stdin.write(b"\n")
        worker.stdin.flush()
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert [e.seq for e in trail.entries(tmp_path)] == list(range(1, 47))
    assert codes() == []


@pytest.mark.parametrize("value", ["Jane Doe", "report.pdf", "she was wrong", "", ["ok", HASH], "john-smith"])
def test_the_trail_takes_no_text(tmp_path, jane, now, value):
    with pytest.raises(ValidationError, match="belong into the erasable store"):
        trail.append(tmp_path, "record-accepted", now=now, signer=jane, refs={"x": value})
    assert len(trail.entries(tmp_path)) == 1


@pytest.mark.parametrize(
    "value", [HASH, "doc-0007", "doc-0007#12", "doc-0007@10-250", "2027-01-01", 12, [HASH, "doc-0001"], f"{HASH}-0"]
)
def test_the_trail_takes_hashes_ids_days_and_counts(tmp_path, jane, now, codes, value):
    assert trail.append(tmp_path, "record-accepted", now=now, signer=jane, refs={"x": value}).refs == {"x": value}
    assert codes() == []


def test_a_decision_needs_a_person_and_a_kind(tmp_path, jane, now):
    with pytest.raises(UserError, match="needs a person's signature"):
        trail.append(tmp_path, "record-accepted", now=now)
    with pytest.raises(UserError, match="Did you mean: signed-off"):
        trail.append(tmp_path, "sign-off", now=now, signer=jane)


class TestTextsThatMayBeErased:
    @pytest.fixture
    def item(self, tmp_path, jane, now):
        item = erasable.put(tmp_path, "comment", "too blunt")
        trail.append(tmp_path, "record-rejected", now=now, signer=jane, refs={"record": HASH}, items=[item])
        return item

    def file(self, root, item):
        return root / "decisions" / "erasable" / f"{item}.json"

    def test_a_text_comes_back(self, tmp_path, item, codes):
        assert erasable.get(tmp_path, item).text == "too blunt"
        assert erasable.ids(tmp_path) == [item]
        assert codes() == []

    def test_the_same_text_gets_another_id(self, tmp_path, item):
        assert erasable.put(tmp_path, "comment", "too blunt") != item

    def test_a_text_gone_without_a_tombstone_is_named(self, tmp_path, item, codes):
        self.file(tmp_path, item).unlink()
        assert codes() == [("text_missing", "entry 2")]

    def test_an_altered_text_is_named(self, tmp_path, item, codes):
        path = self.file(tmp_path, item)
        path.write_text(path.read_text().replace("blunt", "sharp"))
        assert codes() == [("text_altered", "entry 2")]
        with pytest.raises(WorkFailed, match="altered"):
            erasable.get(tmp_path, item)

    def test_a_text_of_nobody_is_named(self, tmp_path, item, codes):
        erasable.put(tmp_path, "comment", "stray")
        assert codes() == [("text_unnamed", None)]

    def test_erasing_leaves_a_tombstone_and_no_byte_of_the_text(self, tmp_path, item, codes, jane, now):
        leftover = self.file(tmp_path, item).with_name(f".{item}.json.123.tmp")
        leftover.write_text("too blunt")
        entry = erasable.erase(tmp_path, [item], signer=jane, now=now)
        assert (entry.kind, entry.items) == ("tombstone", [item])
        assert erasable.get(tmp_path, item) is None
        assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"blunt" in p.read_bytes()]
        assert codes() == []
        assert erasable.erase(tmp_path, [item], signer=jane, now=now) is None

    def test_a_tombstone_that_nobody_signed_accounts_for_nothing(self, tmp_path, item, codes, jane, now):
        erasable.erase(tmp_path, [item], signer=jane, now=now)
        rewrite(trail.path_of(tmp_path), lambda ls: [*ls[:2], resealed(ls[2], signature=None)])
        assert {c for c, _ in codes()} == {"not_signed", "text_missing", "trail_cut"}

    def test_a_tombstone_with_a_wrong_signature_accounts_for_nothing(self, tmp_path, item, codes, jane, now):
        erasable.erase(tmp_path, [item], signer=jane, now=now)
        rewrite(trail.path_of(tmp_path), lambda ls: [*ls[:2], resealed(ls[2], at="2020-01-01T00:00:00+00:00")])
        assert {c for c, _ in codes()} == {"signature_wrong", "text_missing", "trail_cut"}

    def test_an_erasure_that_a_crash_cut_off_is_named_and_finished_by_the_next(self, tmp_path, item, codes, jane, now):
        text = self.file(tmp_path, item).read_text()
        erasable.erase(tmp_path, [item], signer=jane, now=now)
        self.file(tmp_path, item).write_text(text)
        assert codes() == [("text_not_erased", "entry 2")]
        erasable.erase(tmp_path, [item], signer=jane, now=now)
        assert codes() == []

    def test_only_what_the_trail_names_can_be_erased(self, tmp_path, item, jane, now):
        with pytest.raises(UserError, match="No entry of the trail names"):
            erasable.erase(tmp_path, [HASH], signer=jane, now=now)

    @pytest.mark.parametrize("item_id", ["../../kdvert.yaml", "", "ab" * 31])
    def test_an_id_is_no_path(self, tmp_path, item_id):
        with pytest.raises(UserError, match="64 hexadecimal digits"):
            erasable.get(tmp_path, item_id)


class TestRetiredKeys:
    @pytest.fixture
    def joe(self, enroll):
        return enroll("Joe Bloggs", "reviewer")

    def test_what_was_signed_before_stands_and_nothing_can_follow(self, tmp_path, jane, joe, now, codes):
        trail.append(tmp_path, "record-accepted", now=now, signer=joe)
        enrolling.retire(tmp_path, joe.key_id, signer=jane, now=now)
        assert enrolling.retired(tmp_path) == {joe.key_id}
        assert codes() == []
        with pytest.raises(UserError, match="was retired"):
            trail.append(tmp_path, "record-accepted", now=now, signer=joe)
        assert codes() == []

    def test_an_entry_that_the_old_key_adds_with_an_earlier_time_is_named(
        self, tmp_path, jane, joe, now, codes, monkeypatch
    ):
        enrolling.retire(tmp_path, joe.key_id, signer=jane, now=now)
        monkeypatch.setattr(trail, "_must_be_active", lambda root, signer: None)
        trail.append(tmp_path, "record-accepted", now=now - timedelta(days=9), signer=joe)
        assert codes() == [("signer_retired", "line 4, entry 4")]

    def test_everybody_may_retire_the_own_key(self, tmp_path, joe, now, codes):
        enrolling.retire(tmp_path, joe.key_id, signer=joe, now=now)
        assert codes() == []
        with pytest.raises(UserError, match="was retired"):
            enrolling.retire(tmp_path, joe.key_id, signer=joe, now=now)

    def test_a_reviewer_cannot_retire_counsel(self, tmp_path, jane, joe, now, codes):
        with pytest.raises(UserError, match="Only counsel or operator or admin may retire"):
            enrolling.retire(tmp_path, jane.key_id, signer=joe, now=now)
        trail.append(tmp_path, "signer-retired", now=now, signer=joe, refs={"key": jane.key_id})
        assert codes() == [("wrong_role", "line 3, entry 3")]
        assert enrolling.retired(tmp_path) == set()

    def test_an_unknown_key_suggests(self, tmp_path, jane, now):
        with pytest.raises(UserError, match="holds no key 'abc'"):
            enrolling.retire(tmp_path, "abc", signer=jane, now=now)


def test_a_role_that_may_not_is_refused_and_named(tmp_path, enroll, now, codes):
    joe = enroll("Joe Bloggs", "reviewer")
    with pytest.raises(UserError, match="Only counsel may make an entry"):
        trail.append(tmp_path, "override-added", now=now, signer=joe)
    joe.require = lambda *roles, to: None
    trail.append(tmp_path, "override-added", now=now, signer=joe)
    assert codes() == [("wrong_role", "line 2, entry 2")]


def test_no_key_is_added_when_the_trail_takes_no_entry(path, enroll):
    root = path.parents[1]
    before = (root / signers.FILE).read_text()
    path.write_text("")
    with pytest.raises(WorkFailed, match="cut off"):
        enroll("Joe Bloggs", "reviewer")
    assert (root / signers.FILE).read_text() == before
