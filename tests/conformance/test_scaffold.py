"""`kdvert vertical new`: a sixth domain that passes as it stands."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint

import pytest

from kdvert import verticals
from kdvert.conformance import suite
from kdvert.conformance.scaffold import new_vertical
from kdvert.errors import UserError


@pytest.mark.parametrize("name", ["shipping", "bee_keeping", "x2"])
def test_a_new_vertical_passes_as_it_stands(tmp_path, name):
    root = tmp_path / "made"
    files = new_vertical(name, root)
    assert files == sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    assert {r.name: r.problems for r in suite.run(verticals.at(root / f"kdvert_{name}")) if r.problems} == {}
    text = "".join((root / f).read_text() for f in files if not f.endswith(".j2"))
    assert "{{" not in text
    assert "{%" not in text


def test_its_package_announces_itself(tmp_path):
    new_vertical("bee_keeping", tmp_path)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert project["project"]["name"] == "kdvert-bee-keeping"
    (entry,) = project["project"]["entry-points"]["kdvert.verticals"].items()
    assert entry == ("bee_keeping", "kdvert_bee_keeping")
    assert EntryPoint(*entry, group=verticals.GROUP).value.isidentifier()
    compile((tmp_path / "kdvert_bee_keeping" / "checks.py").read_text(), "checks.py", "exec")


NO_IDS = ["", "x", "Law", "bee-keeping", "2bees", "../evil", "a" * 32, "bee keeping", "bée", "bees\n"]


@pytest.mark.parametrize("name", NO_IDS)
def test_a_name_that_is_no_id_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="cannot be the id"):
        new_vertical(name, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_taken_name_is_refused(tmp_path):
    with pytest.raises(UserError, match="exists already, in the package kdvert-medicine"):
        new_vertical("medicine", tmp_path / "made")


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty; nothing was changed"):
        new_vertical("shipping", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        new_vertical("shipping", path)
    assert path.read_text() == "mine"
