"""Which files are read, and which strings of a row are scrubbed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdvert.errors import UserError
from kdvert.filescrub.reading import Selection, files, items


def test_every_string_of_a_row_is_chosen_at_any_depth():
    row = {"a": "1", "b": {"c": ["2", {"d": "3"}], "e": 5}, "f": None}
    assert Selection().texts(row) == {("a",): "1", ("b", "c", 0): "2", ("b", "c", 1, "d"): "3"}


def test_fields_and_keep_narrow_it():
    row = {"id": "1", "text": "x", "meta": {"id": "2", "note": "y"}}
    assert Selection(fields=("text",)).texts(row) == {("text",): "x"}
    assert Selection(keep=("id",)).texts(row) == {("text",): "x", ("meta", "note"): "y"}


def test_a_folder_gives_what_loaders_read_and_nothing_hidden(tmp_path):
    for name in ("b.txt", "deep/a.jsonl", ".hidden.txt", "picture.png", "~$draft.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(relative) for _, relative in files([tmp_path])] == ["b.txt", "deep/a.jsonl"]


def test_two_inputs_that_would_be_one_output_are_refused(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text("x")
    with pytest.raises(UserError, match=r"same\.txt"):
        files([tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "Jane Doe"', "not valid JSON"),
        (b'["Jane Doe"]', "not a JSON object"),
        (b'{"text": "Jane \xff Doe"}', "not valid JSON in UTF-8"),
        (b'{"a":' * 5000, "JSON|nested"),
    ],
)
def test_a_broken_row_is_named_and_not_quoted(tmp_path, line, message):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text": "fine"}\n\n' + line + b"\n")
    with pytest.raises(UserError, match=message) as error:
        list(items(path, Path("rows.jsonl"), Selection()))
    assert "rows.jsonl#3" in str(error.value)
    assert "Jane" not in str(error.value)


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "x"}\n')
    assert next(items(path, Path("rows.jsonl"), Selection())).texts == {("text",): "x"}


def test_links_are_followed_and_a_loop_ends(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "elsewhere"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    (inside / "a.txt").write_text("x")
    (outside / "b.txt").write_text("x")
    (inside / "deep" / "up").symlink_to(inside)
    (inside / "linked").symlink_to(outside)
    (outside / "back").symlink_to(inside / "deep")
    (inside / "broken.txt").symlink_to(tmp_path / "nowhere")
    assert [str(relative) for _, relative in files([inside])] == ["a.txt", "linked/b.txt"]


def test_a_hidden_folder_is_left_out(tmp_path):
    for name in (".git/a.txt", "b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(relative) for _, relative in files([tmp_path])] == ["b.txt"]


def test_a_folder_that_cannot_be_read_is_said_and_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    genuine = os.scandir

    def scandir(path):  # the tests may run as root, whom no permission stops
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return genuine(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"closed cannot be read \(Permission denied\)"):
        files([tmp_path])


def test_a_name_that_kdvert_writes_itself_is_refused(tmp_path):
    (tmp_path / "findings.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match=r"findings\.jsonl is the name"):
        files([tmp_path], {"findings.jsonl"})


@pytest.mark.parametrize("name", ["rows.jsonl", "letter.txt"])
def test_a_file_that_vanished_is_said(tmp_path, name):
    with pytest.raises(UserError, match=r"cannot be .*No such file"):
        list(items(tmp_path / name, Path(name), Selection()))


def test_a_folder_with_nothing_to_read_is_no_success(tmp_path):
    (tmp_path / "sheet.xlsx").write_bytes(b"PK")
    with pytest.raises(UserError, match="holds no file that kdvert reads") as caught:
        files([tmp_path])
    assert ".jsonl" in str(caught.value.hint)
