"""Discovery and loading of verticals."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kdvert import verticals
from kdvert.errors import UserError

IN_TREE = {"education", "finance", "law", "medicine", "science"}


def test_all_five_and_the_third_party_one_are_found():
    assert set(verticals.discover()) >= IN_TREE | {"agronomy"}


def test_listing_and_loading_run_none_of_their_code():
    code = (
        "import sys; from kdvert import verticals; found = verticals.discover();"
        "[ (v.manifest, v.privacy, v.recognizers, v.sources) for v in found.values() ];"
        "print([m for m in sys.modules if m.startswith('kdvert_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_vertical_suggests_the_nearest():
    with pytest.raises(UserError, match="medcine") as caught:
        verticals.load("medcine")
    assert "Did you mean: medicine" in caught.value.hint


class Entry:
    """An entry point as importlib.metadata gives it."""

    def __init__(self, name: str, value: str, distribution: str) -> None:
        self.name, self.value = name, value
        self.dist = type("Dist", (), {"name": distribution, "version": "1"})


def announce(monkeypatch, *entries: Entry) -> None:
    monkeypatch.setattr(verticals, "entry_points", lambda group: entries)


def test_the_same_id_twice_names_both(monkeypatch):
    announce(monkeypatch, Entry("law", "kdvert_law", "kdvert-law"), Entry("law", "kdvert_medicine", "other-law"))
    with pytest.raises(UserError, match=r"kdvert-law and other-law"):
        verticals.discover()


def test_an_id_that_is_not_the_manifests(monkeypatch):
    announce(monkeypatch, Entry("legal", "kdvert_law", "kdvert-law"))
    with pytest.raises(UserError, match="says 'law'"):
        verticals.load("legal")


@pytest.mark.parametrize(("value", "message"), [("a.b", "undotted"), ("kdvert_nothing_here", "cannot be found")])
def test_a_broken_entry_point(monkeypatch, value, message):
    announce(monkeypatch, Entry("x", value, "kdvert-x"))
    with pytest.raises(UserError, match=message):
        verticals.discover()


def test_a_missing_and_a_broken_manifest(tmp_path):
    with pytest.raises(UserError, match=r"no vertical\.yaml"):
        _ = verticals.at(tmp_path).manifest
    (tmp_path / "vertical.yaml").write_text("id: [")
    with pytest.raises(UserError, match="not valid YAML"):
        _ = verticals.at(tmp_path).manifest


def test_a_check_that_does_not_exist(vertical, monkeypatch):
    manifest = vertical.manifest.model_copy(update={"checks": ["dose_has_unti"]})
    monkeypatch.setitem(vertical.__dict__, "manifest", manifest)
    with pytest.raises(UserError, match="dose_has_unti") as caught:
        vertical.checks()
    assert "dose_has_unit" in caught.value.hint
