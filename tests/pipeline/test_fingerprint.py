"""What a stage depends on from outside, named so that the names outlive a move."""

from __future__ import annotations

import shutil

from kdvert.pipeline.fingerprint import _content_hashes


def test_names_stay_when_a_root_moves(tmp_path):
    first, second = tmp_path / "checkout" / "kdvert_law", tmp_path / "site-packages" / "kdvert_law"
    first.mkdir(parents=True)
    (first / "privacy.yaml").write_text("regimes: []")
    shutil.copytree(first, second)
    hashes = [_content_hashes([r, r / "privacy.yaml"], {"kdvert_law": r}) for r in (first, second)]
    assert hashes[0] == hashes[1]
    assert set(hashes[0]) == {"kdvert_law/./privacy.yaml", "kdvert_law/privacy.yaml"}


def test_two_files_of_one_name_are_both_counted(tmp_path):
    files = [tmp_path / f / "eval" / "q.jsonl" for f in "ab"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text(str(file))
    hashes = _content_hashes(files, {"": tmp_path / "project"})
    assert len(set(hashes.values())) == 2
    files[1].write_text("changed")
    assert _content_hashes(files, {"": tmp_path / "project"}) != hashes
