"""Which kind of teacher settings mean, and what they refuse."""

import pytest
from pydantic import ValidationError

from kdvert.teachers.faults import REASONS
from kdvert.teachers.kinds import KINDS, kind_of
from kdvert.teachers.settings import TeacherSettings


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "local"),
        ({"model": "hf:org/name"}, "local"),
        ({"model": "C:\\models\\x"}, "local"),
        ({"model": "openai:x"}, "provider"),
        ({"model": "hf:org/name", "base_url": "http://x/v1"}, "endpoint"),
        ({"model": "m", "endpoints": [{"base_url": "http://x/v1"}]}, "endpoint"),
        ({"model": "replay:a.jsonl"}, "replay"),
    ],
)
def test_the_kind_of_settings(settings, kind):
    assert kind_of(TeacherSettings(**settings)) == kind
    assert kind in KINDS


def test_embedded_is_the_default_model():
    assert TeacherSettings(model="embedded") == TeacherSettings()


def test_the_main_endpoint_comes_first_and_lends_its_key():
    settings = TeacherSettings(
        model="m",
        base_url="http://a/v1",
        api_key_env="A_KEY",
        endpoints=[{"base_url": "http://b/v1", "weight": 2}, {"base_url": "http://c/v1", "api_key_env": "C_KEY"}],
    )
    assert [(e.base_url, e.api_key_env, e.weight) for e in settings.reached()] == [
        ("http://a/v1", "A_KEY", 1.0), ("http://b/v1", "A_KEY", 2.0), ("http://c/v1", "C_KEY", 1.0)
    ]  # fmt: skip


def test_a_limit_in_money_needs_prices():
    with pytest.raises(ValidationError, match="price_in and price_out"):
        TeacherSettings(max_cost=1.0)
    assert TeacherSettings(max_cost=1.0, price_in=3.0).max_cost == 1.0


def test_a_weight_of_nothing_is_refused():
    with pytest.raises(ValidationError):
        TeacherSettings(endpoints=[{"base_url": "http://b/v1", "weight": 0}])


def test_every_reason_is_explained():
    assert all(text and not text.endswith(".") for text in REASONS.values())
