"""To read a trail from its end, from a byte on, and what this process has read of it before."""

from __future__ import annotations

import os
import shutil

import pytest
from pydantic import ValidationError

from kdvert.decisions import enrolling, trail
from kdvert.decisions.codes import CODES, REASONS, SCOPES
from kdvert.errors import UserError, WorkFailed

HASH = "ab" * 32


@pytest.fixture
def add(tmp_path, jane, now):
    """Return a function that adds an entry with a list of that many hashes."""

    def added(hashes: int = 1) -> trail.Entry:
        refs = {"records": [f"{n:064x}" for n in range(hashes)]}
        return trail.append(tmp_path, "record-accepted", now=now, signer=jane, refs=refs)

    return added


class TestFromItsEnd:
    @pytest.mark.parametrize("hashes", [1, 970, 975, 980, 985, 1980, 9000])
    def test_lines_of_any_length(self, tmp_path, add, hashes):
        """A block is 64 KiB: entries below, about, above and far above its size follow one another."""
        made = [add(hashes), add(1), add(hashes), add(hashes)]
        assert [e.seq for e in made] == [2, 3, 4, 5]
        assert trail.entries(tmp_path)[1:] == made

    @pytest.mark.parametrize("block", [1, 2, 7, 300, 1 << 16])
    @pytest.mark.parametrize("torn", [b"", b"{", b'{"seq": 4, "at": "2026'])
    def test_blocks_of_any_size_and_a_torn_end(self, tmp_path, add, monkeypatch, block, torn):
        monkeypatch.setattr(trail, "_BLOCK", block)
        add()
        last = add(3)
        with open(trail.path_of(tmp_path), "ab") as stream:
            stream.write(torn)
        line, left = trail._end(trail.path_of(tmp_path))
        assert (trail.Entry.model_validate_json(line), left) == (last, torn)
        entry = add()
        assert entry.seq == last.seq + (2 if torn else 1)
        assert [e.seq for e in trail.entries(tmp_path)] == list(range(1, entry.seq + 1))

    def test_a_torn_end_longer_than_a_block(self, tmp_path, add):
        add()
        with open(trail.path_of(tmp_path), "ab") as stream:
            stream.write(b"x" * 200_000)
        add()
        mended = trail.entries(tmp_path)[-2]
        assert (mended.kind, mended.refs["bytes"]) == ("trail-mended", 200_000)

    @pytest.mark.parametrize("text", [b"", b"x", b"\n"])
    def test_nothing_whole_in_it(self, tmp_path, text):
        path = tmp_path / "trail.jsonl"
        path.write_bytes(text)
        assert trail._end(path) == (b"", text.strip(b"\n"))

    def test_the_whole_file_is_not_read(self, tmp_path, add, monkeypatch):
        for _ in range(5):
            add(500)
        read = []
        real = open

        class Counted:
            def __init__(self, *arguments):
                self._stream = real(*arguments)

            def __enter__(self):
                return self

            def __exit__(self, *error):
                self._stream.close()

            def seek(self, *arguments):
                return self._stream.seek(*arguments)

            def read(self):
                read.append(self._stream.read())
                return read[-1]

        monkeypatch.setattr(trail, "open", Counted, raising=False)
        trail._end(trail.path_of(tmp_path))
        assert sum(map(len, read)) < trail.path_of(tmp_path).stat().st_size / 2


class TestFollowing:
    def test_each_entry_comes_once(self, tmp_path, add):
        assert trail.follow(tmp_path / "elsewhere", 0) == ([], 0)
        known, end = trail.follow(tmp_path, 0)
        assert [e.seq for e in known] == [1]
        assert trail.follow(tmp_path, end) == ([], end)
        made = [add(), add(900)]
        found, end = trail.follow(tmp_path, end)
        assert found == made
        assert end == trail.path_of(tmp_path).stat().st_size
        assert trail.follow(tmp_path, end) == ([], end)

    def test_an_entry_that_is_not_finished_waits(self, tmp_path, add):
        _, end = trail.follow(tmp_path, 0)
        add()
        path = trail.path_of(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole[:-20])
        assert trail.follow(tmp_path, end) == ([], end)
        path.write_bytes(whole)
        found, after = trail.follow(tmp_path, end)
        assert ([e.seq for e in found], after) == ([2], len(whole))

    def test_a_trail_that_became_shorter_or_holds_nonsense_is_told(self, tmp_path, add):
        add()
        _, end = trail.follow(tmp_path, 0)
        path = trail.path_of(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(WorkFailed, match="has become shorter"):
            trail.follow(tmp_path, end)
        path.write_bytes(whole + b"nonsense\n")
        with pytest.raises(WorkFailed, match="altered"):
            trail.follow(tmp_path, end)


class TestRetiredKeys:
    def test_a_retirement_by_another_process_is_seen(self, tmp_path, add, enroll, jane, now):
        joe = enroll("Joe Bloggs", "reviewer")
        trail.append(tmp_path, "record-accepted", now=now, signer=joe)
        trail._SEEN.clear()
        enrolling.retire(tmp_path, joe.key_id, signer=jane, now=now)
        with pytest.raises(UserError, match="was retired"):
            trail.append(tmp_path, "record-accepted", now=now, signer=joe)

    @pytest.mark.parametrize("in_place", [True, False])
    def test_another_trail_in_its_place_is_read_from_its_start(self, tmp_path, add, enroll, jane, now, in_place):
        """A backup, or another branch: written into the same file, or as a file that may get the same inode."""
        joe = enroll("Joe Bloggs", "reviewer")
        backup = tmp_path / "backup"
        shutil.copytree(tmp_path / "decisions", backup)
        enrolling.retire(tmp_path, joe.key_id, signer=jane, now=now)
        with pytest.raises(UserError, match="was retired"):
            trail.append(tmp_path, "record-accepted", now=now, signer=joe)
        for name in (trail.FILE, trail.HEAD):
            if in_place:
                (tmp_path / "decisions" / name).write_bytes((backup / name).read_bytes())
            else:
                os.replace(backup / name, tmp_path / "decisions" / name)
        for _ in range(3):
            trail.append(tmp_path, "record-accepted", now=now, signer=joe)


class TestCodes:
    @pytest.mark.parametrize("code", sorted(CODES))
    def test_the_trail_takes_its_own_words(self, tmp_path, jane, now, code):
        refs = {"reason": code, "all": [code, HASH]}
        assert trail.append(tmp_path, "record-rejected", now=now, signer=jane, refs=refs).refs == refs

    @pytest.mark.parametrize("word", ["Unsupported", "unsupported ", "unsupported, says Jane", "harm", "because"])
    def test_and_no_others(self, tmp_path, jane, now, word):
        for value in (word, ["wrong", word]):
            with pytest.raises(ValidationError, match="hash, id, day or code"):
                trail.append(tmp_path, "record-rejected", now=now, signer=jane, refs={"reason": value})
        assert len(trail.entries(tmp_path)) == 1

    def test_they_say_what_they_mean(self):
        assert set(REASONS) | set(SCOPES) == CODES
        assert all(text and not text.endswith(".") for text in (*REASONS.values(), *SCOPES.values()))
