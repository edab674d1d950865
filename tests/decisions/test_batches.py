"""Lists of records: kept by their content, and nothing else comes back."""

from __future__ import annotations

import json

import pytest

from kdvert.decisions import batches, signers, trail
from kdvert.decisions.trail_check import differences
from kdvert.errors import WorkFailed

ROWS = {f"{n:064x}-0": f"{n:064x}" for n in range(3)}


def test_a_list_comes_back_and_the_same_list_has_one_name(tmp_path):
    sha = batches.put(tmp_path, ROWS)
    assert batches.get(tmp_path, sha) == ROWS
    assert batches.put(tmp_path, dict(reversed(ROWS.items()))) == sha
    assert batches.put(tmp_path, {}) != sha
    assert sorted(p.name for p in batches.folder_of(tmp_path).iterdir()) == sorted(
        [f"{sha}.json", f"{batches.put(tmp_path, {})}.json"]
    )


@pytest.mark.parametrize("change", [{}, {"x": "y"}, {"0" * 64 + "-0": "1" * 64}])
def test_an_altered_list_is_refused(tmp_path, change):
    sha = batches.put(tmp_path, ROWS)
    path = batches.folder_of(tmp_path) / f"{sha}.json"
    path.write_text(json.dumps({**(ROWS if change else {}), **change}))
    with pytest.raises(WorkFailed, match="altered"):
        batches.get(tmp_path, sha)


@pytest.mark.parametrize("sha", ["ab" * 32, "../trail", "", "AB" * 32, "ab" * 32 + "\n"])
def test_a_list_that_is_not_there_is_refused_and_a_name_is_no_path(tmp_path, sha):
    batches.put(tmp_path, ROWS)
    (tmp_path / "decisions" / "trail.json").write_text("{}")
    with pytest.raises(WorkFailed, match="is gone"):
        batches.get(tmp_path, sha)


def test_the_trail_answers_for_its_lists(tmp_path, jane, now):
    def found():
        return [(d.code, d.file, d.row) for d in differences(tmp_path, signers.read(tmp_path))]

    sha = batches.put(tmp_path, ROWS)
    trail.append(tmp_path, "records-accepted", now=now, signer=jane, refs={"list": sha})
    assert found() == []
    file = f"decisions/batches/{sha}.json"
    (tmp_path / file).write_text("{}")
    assert found() == [("list_altered", file, "entry 2")]
    (tmp_path / file).unlink()
    assert found() == [("list_missing", file, "entry 2")]
