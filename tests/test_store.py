"""Files that survive a crash."""

from __future__ import annotations

import pytest

from kdvert.errors import WorkFailed
from kdvert.records import Failure
from kdvert.store import hash_tree, iter_jsonl, read_json, read_jsonl, write_json, write_jsonl, write_text


def test_round_trip_of_records_with_unicode(tmp_path):
    rows = [Failure(request_id="1", chunk_id=None, reason="not_json", detail="\u2028 ü 🙂")]
    assert write_jsonl(tmp_path / "a" / "x.jsonl", rows) == 1
    assert read_jsonl(tmp_path / "a" / "x.jsonl", Failure) == rows


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.jsonl"
    write_jsonl(path, [{"a": 1}])

    def rows():
        yield {"a": 2}
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_jsonl(path, rows())
    assert path.read_text() == '{"a": 1}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_line_that_does_not_fit_is_named_without_its_content(tmp_path):
    (tmp_path / "x.jsonl").write_text(
        '{"request_id": "1", "chunk_id": null, "reason": "r"}\n{"secret": "123-45-6789"}\n'
    )
    with pytest.raises(WorkFailed, match="line 2") as caught:
        list(iter_jsonl(tmp_path / "x.jsonl", Failure))
    assert "123-45-6789" not in str(caught.value)


def test_half_a_json_file_is_named(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1, 2]})
    (tmp_path / "x.json").write_text((tmp_path / "x.json").read_text()[:5])
    with pytest.raises(WorkFailed, match=r"x\.json"):
        read_json(tmp_path / "x.json")


def test_hash_tree_leaves_out_named_children_only(tmp_path):
    write_text(tmp_path / "keep" / "chroma", "a")
    write_text(tmp_path / "chroma" / "b", "b")
    assert list(hash_tree(tmp_path, leave_out=("chroma",))) == ["keep/chroma"]
