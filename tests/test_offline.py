"""The switches that keep dependencies quiet."""

from __future__ import annotations

from kdvert.offline import VARIABLES, quiet


def test_switches_are_set_and_the_users_own_value_is_left_alone(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    quiet()
    import os

    assert os.environ["HF_HUB_OFFLINE"] == "0"
    assert {n: os.environ[n] for n in VARIABLES if n != "HF_HUB_OFFLINE"} == {
        n: v for n, v in VARIABLES.items() if n != "HF_HUB_OFFLINE"
    }
