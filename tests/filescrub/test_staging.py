"""An output folder that gets everything or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdvert.errors import UserError
from kdvert.filescrub.staging import PARTIAL, Staging


def fill(folder: Path, *names: str, error: type[BaseException] | None = None) -> None:
    with Staging(folder) as staging:
        for name in names:
            (staging.place / name).write_text("x")
        if error:
            raise error


def test_what_was_written_moves_up(tmp_path):
    with Staging(tmp_path / "new" / "out") as staging:
        (staging.place / "deep").mkdir()
        (staging.place / "deep" / "a.txt").write_text("x")
    assert [p.name for p in (tmp_path / "new" / "out").iterdir()] == ["deep"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_only_what_was_there_before_is_left(tmp_path, error):
    for folder in (tmp_path / "new" / "out", tmp_path / "there"):
        (tmp_path / "there").mkdir(exist_ok=True)
        with pytest.raises(error):
            fill(folder, "a.txt", error=error)
    assert [p.name for p in tmp_path.iterdir()] == ["there"]
    assert list((tmp_path / "there").iterdir()) == []


def test_what_a_kill_left_is_removed(tmp_path):
    (tmp_path / PARTIAL).mkdir()
    (tmp_path / PARTIAL / "old.txt").write_text("x")
    with Staging(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused_and_left(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    for folder in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UserError, match="not an empty folder"), Staging(folder):
            raise AssertionError
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failure_while_moving_up_takes_everything_back(tmp_path, monkeypatch):
    genuine = Path.rename

    def rename(self, target):
        if self.name == "b.txt":
            raise OSError(5, "Input/output error")
        return genuine(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        fill(tmp_path / "out", "a.txt", "b.txt")
    assert list(tmp_path.iterdir()) == []
