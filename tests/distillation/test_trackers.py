"""Experiment trackers: which there are, that nothing leaves the machine unasked, and a real training that reports."""

from __future__ import annotations

import os

import pytest

from kdvert.configuration import validate
from kdvert.distillation.settings import Settings
from kdvert.distillation.trackers import TRACKERS, require, tracked
from kdvert.errors import UserError
from kdvert.extras import have


def test_trackers_are_named_or_none():
    assert Settings().report_to == []
    assert Settings(report_to="none").report_to == []
    assert Settings(report_to=["tensorboard", "wandb"]).report_to == ["tensorboard", "wandb"]
    for value, said in (
        ("tensorbord", r"unknown tracker 'tensorbord'.*tensorboard"),
        (["none", "wandb"], "one or the other"),
    ):
        with pytest.raises(UserError, match=said):
            validate(Settings, {"report_to": value}, where="kdvert.yaml: distill")


def test_transformers_knows_every_tracker():
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert set(TRACKERS) <= set(INTEGRATION_TO_CALLBACK)


def test_a_tracker_that_is_not_installed_is_refused(monkeypatch):
    monkeypatch.setattr("kdvert.distillation.trackers.have", lambda module: module == "mlflow")
    require(["mlflow"])
    with pytest.raises(UserError, match=r"(?s)names trackio, and it is not installed.*pip install trackio"):
        require(["mlflow", "trackio"])
    with pytest.raises(UserError, match=r"(?s)they are not installed.*pip install trackio wandb"):
        require(["trackio", "wandb"])


@pytest.mark.parametrize("name", TRACKERS)
def test_it_writes_into_the_folder_unless_the_user_says_otherwise(name, tmp_path, monkeypatch):
    variables = TRACKERS[name].variables
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(f"kdvert.distillation.trackers.{type(TRACKERS[name]).__name__}.close", lambda self: None)
    with tracked([name], tmp_path, "0-sft-ab") as arguments:
        assert arguments["report_to"] == [name]
        assert arguments["run_name"] == "0-sft-ab"
        assert any(str(tmp_path / name) in os.environ[variable] for variable in variables)
        assert os.environ.get("WANDB_MODE", "offline") == "offline"
    assert not any(variable in os.environ for variable in variables)
    first = next(iter(variables))
    monkeypatch.setenv(first, "mine")
    with tracked([name], tmp_path, "run"):
        assert os.environ[first] == "mine"
    assert os.environ[first] == "mine"


def test_without_trackers_nothing_is_written(tmp_path):
    with tracked([], tmp_path / "tracking", "run") as arguments:
        assert arguments == {"report_to": "none"}
    assert not (tmp_path / "tracking").exists()


@pytest.mark.skipif(not have("tensorboard"), reason="tensorboard is not installed")
def test_a_training_reports_to_tensorboard(material, train, tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    trained = train(material(epochs=1, report_to=["tensorboard"]), "sft")
    (run,) = (tmp_path / "tracking" / "tensorboard").iterdir()
    assert run.name.startswith("0-sft")
    told = EventAccumulator(str(run)).Reload()
    losses = [row["loss"] for row in trained.history if "loss" in row]
    assert [e.value for e in told.Scalars("train/loss")] == pytest.approx(losses)
