"""Markdown, text and JSON lines; what every loader shares."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kdvert.knowledge.loaders import LOADERS, Loaded, load
from kdvert.knowledge.problems import REASONS, RowProblem, SourceProblem
from kdvert.registry import lookup

MB = 1_000_000


def read(path: Path) -> list[Loaded | RowProblem]:
    return list(load(path, max_bytes=MB))


def reason(path: Path, max_bytes: int = MB) -> str:
    with pytest.raises(SourceProblem) as caught:
        list(load(path, max_bytes=max_bytes))
    assert caught.value.reason in REASONS
    return caught.value.reason


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_every_loader_of_the_table_exists() -> None:
    assert all(callable(lookup("loader", LOADERS, suffix)) for suffix in LOADERS)


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("# Asthma #\n\nText.", "Asthma", "# Asthma #\n\nText."),
        ("---\ntitle: From the front\nauthor: X\n---\n# Other\nText.", "From the front", "# Other\nText."),
        ("---\n---\n# Other\nText.", "Other", "# Other\nText."),
        ("---\n\nA rule, no front matter.\n\n---\nText.", None, "---\n\nA rule, no front matter.\n\n---\nText."),
        ("---\n- a\n- b\n---\nText.", None, "---\n- a\n- b\n---\nText."),
        ("```\n# a comment in code\n```\nReal title\n==========\nText.", "Real title", None),
        ("## Only a second level\nText.", None, "## Only a second level\nText."),
    ],
)
def test_markdown(tmp_path: Path, content: str, title: str | None, text: str | None) -> None:
    (loaded,) = read(put(tmp_path, "a.md", content))
    assert isinstance(loaded, Loaded)
    assert loaded.title == title
    assert loaded.text == (text or content)
    assert loaded.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    (loaded,) = read(put(tmp_path, "a.TXT", "# not a title\r\nText.\r\n"))
    assert loaded == Loaded("# not a title\nText.", None, hashlib.sha256(b"# not a title\r\nText.\r\n").hexdigest())


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.jsonl", "a.html", "a.pdf", "a.docx"])
@pytest.mark.parametrize("content", [b"", b" \r\n\t\n"])
def test_an_empty_file_is_named_so(tmp_path: Path, name: str, content: bytes) -> None:
    assert reason(put(tmp_path, name, content)) == "empty"


@pytest.mark.parametrize("content", ["\ufeff", "---\ntitle: T\n---\n"])
def test_a_file_without_text_is_empty(tmp_path: Path, content: str) -> None:
    assert reason(put(tmp_path, "a.md", content)) == "empty"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    assert reason(put(tmp_path, "a.txt", "x" * 2001), max_bytes=2000) == "too_large"


def test_other_kinds_are_refused(tmp_path: Path) -> None:
    assert reason(put(tmp_path, "a.xlsx", "x")) == "unsupported"
    assert reason(put(tmp_path, "README", "x")) == "unsupported"


def test_a_folder_with_a_suffix_and_a_dangling_link_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "d.md").mkdir()
    (tmp_path / "l.md").symlink_to(tmp_path / "gone.md")
    assert reason(tmp_path / "d.md") == "unreadable"
    assert reason(tmp_path / "l.md") == "unreadable"


def row(**fields: object) -> str:
    return json.dumps({"title": "T", "text": "Some text.", "license": "MIT", **fields}, ensure_ascii=False)


def test_rows(tmp_path: Path) -> None:
    lines = [row(id="r1", source="repo", url="https://x.org/1", extra=[1]), "", row(publisher="NIH", source="repo")]
    first, second = read(put(tmp_path, "a.jsonl", "\n".join(lines) + "\n"))
    assert first == Loaded("Some text.", "T", hashlib.sha256(lines[0].encode()).hexdigest(), "r1", "MIT", "repo",
                           "https://x.org/1", line=1, origin="repo")  # fmt: skip
    assert isinstance(second, Loaded)
    assert (second.row, second.publisher, second.url) == ("3", "NIH", None)


def test_rows_with_line_separators_numbers_and_carriage_returns(tmp_path: Path) -> None:
    lines = [row(id=7, text="one\u2028two\x85three"), row(url="javascript:alert(1)")]
    first, second = read(put(tmp_path, "a.jsonl", "\r\n".join(lines)))
    assert isinstance(first, Loaded)
    assert isinstance(second, Loaded)
    assert first.row == "7"
    assert first.text == "one\u2028two\x85three"
    assert second.url is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"title": "T", "text": "cut o', "not valid JSON"),
        ('["title", "text"]', "not a JSON object"),
        ('"secret"', "not a JSON object"),
        ('{"title": "secret"}', "'text' is missing"),
        (row(title=" "), "'title' is empty"),
        (row(text=""), "'text' is empty"),
        (row(text="\x01"), "'text' is empty"),
        (row(text=["secret"]), "'text' is empty or not text"),
        (row(text=None), "'text' is empty or not text"),
        ('{"title": "T", "text": "half a pair: \\ud83d"}', "not valid JSON"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_not_quoted(tmp_path: Path, line: str, says: str) -> None:
    good, bad = read(put(tmp_path, "a.jsonl", f"{row()}\n{line}\n"))
    assert isinstance(good, Loaded)
    assert isinstance(bad, RowProblem)
    assert (bad.row, bad.reason) == ("2", "invalid_row")
    assert bad.detail.startswith("line 2: ")
    assert says in bad.detail
    assert "secret" not in bad.detail


def test_rows_in_utf_16(tmp_path: Path) -> None:
    (loaded,) = read(put(tmp_path, "a.jsonl", row(text="Größe").encode("utf-16")))
    assert isinstance(loaded, Loaded)
    assert loaded.text == "Größe"
