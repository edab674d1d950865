"""Many files, and names that meet."""

from __future__ import annotations

import json
import resource
from pathlib import Path

from kdvert.filescrub.job import Job
from kdvert.filescrub.reading import Selection
from kdvert.filescrub.rulebook import rulebook
from kdvert.filescrub.writing import FolderSink
from kdvert.stages.scrub import Config


def run(source: Path, out: Path) -> None:
    with FolderSink(out) as sink:
        Job([source], rulebook("medicine"), Config(workers=1), Selection(), sink).run()


def test_a_new_name_is_never_that_of_another_file(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "Visit of Dr. Alice Wexler.txt").write_text("The first.")
    (source / "renamed-0001.txt").write_text("The second.")
    (source / "Visit of Mr. John Marsden.txt").write_text("The third.")
    run(source, tmp_path / "out")
    written = {p.name: p.read_text() for p in (tmp_path / "out").iterdir() if p.suffix == ".txt"}
    assert written == {
        "renamed-0001.txt": "The second.", "renamed-0002.txt": "The first.", "renamed-0003.txt": "The third.",
    }  # fmt: skip


def test_more_files_than_may_be_open(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(80):
        (source / f"part-{number}.jsonl").write_text(json.dumps({"text": f"Part {number}."}) + "\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    run(source, tmp_path / "warm")  # what the model opens is open by now
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 20, hard))
    try:
        run(source, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(list((tmp_path / "out").iterdir())) == 81
