"""Replies are scrubbed before they are kept, survive, and say so when their file does not."""

import re
import sqlite3

import pytest

from kdvert.errors import WorkFailed
from kdvert.records import ScrubbedText
from kdvert.teachers.protocol import RawReply
from kdvert.teachers.replies import ReplyStore


def scrub(text: str) -> ScrubbedText:
    return ScrubbedText(re.sub(r"\d{3}-\d{4}", "[PHONE_NUMBER_1]", text), "policy")


def test_a_reply_is_scrubbed_before_it_is_kept(tmp_path):
    path = tmp_path / "deep" / "replies.sqlite"
    with ReplyStore(path, scrub) as store:
        kept = store.keep([RawReply("a", "Call 555-0100.", 3, 4, True, -0.5)])
        assert kept[0].text == ScrubbedText("Call [PHONE_NUMBER_1].", "policy")
        assert store.find(["a"])["a"] == kept[0]
    assert b"555-0100" not in b"".join(p.read_bytes() for p in path.parent.iterdir())


def test_replies_outlive_the_store_and_missing_ones_are_missing(tmp_path):
    with ReplyStore(tmp_path / "r.sqlite", scrub) as store:
        store.keep([RawReply(str(n), f"text {n}") for n in range(1200)])
    with ReplyStore(tmp_path / "r.sqlite", scrub) as store:
        found = store.find([str(n) for n in range(1201)])
    assert len(found) == 1200
    assert found["7"].text.text == "text 7"
    assert found["7"].input_tokens is None


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(WorkFailed, match=r"r\.sqlite is damaged"):
        ReplyStore(path, scrub)


def test_a_full_disk_says_what_to_do(store):
    class Full:
        def execute(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

        def close(self):
            pass

    store._db.close()
    store._db = Full()
    with pytest.raises(WorkFailed, match="disk is full") as caught:
        store.find(["a"])
    assert "Free some space" in str(caught.value)
