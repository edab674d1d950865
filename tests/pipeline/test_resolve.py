"""Settings: their order, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdvert.errors import UserError
from kdvert.pipeline.resolve import resolve
from kdvert.project import Project, merge, parse_set, read


def project(**raw: object) -> Project:
    return Project(Path(), {"vertical": "medicine", **raw})


def test_file_wins_over_defaults_and_set_wins_over_file(vertical):
    from_file = resolve(project(distill={"epochs": 7}), vertical)
    from_set = resolve(project(distill={"epochs": 7}), vertical, ["distill.epochs=9"])
    assert from_file.stages["distill"].epochs == 7
    assert from_set.stages["distill"].epochs == 9


def test_vertical_defaults_lie_between_stage_defaults_and_file(vertical, monkeypatch):
    manifest = vertical.manifest.model_copy(update={"defaults": {"index": {"chunk_tokens": 99}}})
    monkeypatch.setitem(vertical.__dict__, "manifest", manifest)
    assert resolve(project(), vertical).stages["index"].chunk_tokens == 99
    assert resolve(project(index={"chunk_tokens": 77}), vertical).stages["index"].chunk_tokens == 77


@pytest.mark.parametrize(
    ("raw", "options", "message"),
    [
        ({"distil": {}}, [], "distill"),
        ({"distill": {"epoch": 3}}, [], "epochs"),
        ({"elicit": {"teacher": {"modle": "x"}}}, [], "model"),
        ({"distill": {"epochs": "many"}}, [], "many"),
        ({"distill": 3}, [], "mapping"),
        ({"use": {"distribution": "everywhere"}}, [], "internal"),
        ({}, ["distill.epohcs=1"], "epochs"),
        ({}, ["distill=1"], ""),
    ],
)
def test_a_wrong_setting_is_named_with_the_nearest_known_one(vertical, raw, options, message):
    with pytest.raises(UserError) as caught:
        resolve(project(**raw), vertical, options)
    assert message in str(caught.value)


def test_distributions_that_nobody_asks_for_are_missed_before_a_teacher_is_paid(vertical):
    with pytest.raises(UserError, match=r"(?s)has kl, .*strategy: feature"):
        resolve(project(distill={"objective": ["sft", "kl"]}), vertical)
    mix = [{"strategy": "curation", "share": 1.0}, {"strategy": "feature"}]
    assert resolve(project(distill={"objective": "kl"}, elicit={"mix": mix}), vertical)
    assert resolve(project(distill={"objective": "kl", "kl": {"fall_back": True}}), vertical)


def test_a_secret_in_the_wrong_place_is_not_repeated(vertical):
    with pytest.raises(UserError) as caught:
        resolve(project(elicit={"teacher": {"api_key": "sk-very-secret"}}), vertical)
    assert "sk-very-secret" not in str(caught.value)
    assert "api_key_env" in str(caught.value)


@pytest.mark.parametrize("option", ["distill.epochs", "=3", ".a=3", "a..b=3"])
def test_a_malformed_set_option(option):
    with pytest.raises(UserError, match=r"stage\.key=value"):
        parse_set(option)


def test_merge_replaces_lists_whole():
    assert merge({"a": {"b": [1, 2], "c": 1}}, {"a": {"b": [3]}}) == {"a": {"b": [3], "c": 1}}


@pytest.mark.parametrize("text", ["", "- a\n", "vertical:\n", "a: [1", "name: x\n"])
def test_a_project_file_that_is_no_project(tmp_path, text):
    (tmp_path / "kdvert.yaml").write_text(text)
    with pytest.raises(UserError):
        read(tmp_path)


def test_a_project_file_in_another_encoding(tmp_path):
    (tmp_path / "kdvert.yaml").write_bytes("vertical: médecine".encode("latin-1"))
    with pytest.raises(UserError, match="UTF-8"):
        read(tmp_path)
