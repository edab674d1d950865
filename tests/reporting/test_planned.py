"""The plan beside the run in the report: errors in percent, what is not compared, and the coverage of topics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kdvert.reporting import plans
from kdvert.reporting.facts import Report
from kdvert.reporting.planned import PlannedRow
from kdvert.reporting.plans import Plan, Range, StagePlan, exactly
from kdvert.store import read_json, write_json

Collect = Callable[..., Report]
CONFIGURATION: dict[str, Any] = {
    "use": {"distribution": "internal", "commercial": True},
    "elicit": {"passages": 50, "teacher": {"model": "m", "price_in": 2.0, "price_out": 10.0, "max_cost": 5}},
    "filter": {"languages": ["en"]},
    "distill": {"epochs": 3},
}


@pytest.fixture
def plan(folders: dict[str, Path]) -> Callable[..., Plan]:
    """Return a function that puts a plan where the report looks for it."""
    said = read_json(folders["elicit"] / "summary.json")

    def made(**changes: Any) -> Plan:
        values: dict[str, Any] = {
            "made": "2026-05-16T08:00:00+00:00", "kdvert": "1", "teacher": "m", "route": "local", "sample": 10,
            "settings": plans.planned_settings(CONFIGURATION), "begun": False, "parts": [], "observed": 10,
            "passages_sha256": plans.passages_sha256(folders["index"]), "kept": 12, "reused": 12,
            "requests": Range(expected=said["requests"] * 1.1, low=said["requests"], high=said["requests"] * 2),
            "input_tokens": exactly(said["input_tokens"]), "output_tokens": Range(low=10, high=20),
            "records": Range(expected=1, low=0, high=2), "accepted": Range(expected=5, low=0, high=10_000),
            "money": Range(expected=1, low=0.5, high=2), "to_pay": None,
            "teacher_seconds": Range(expected=171.4 / 2, low=10, high=100), "pace": None, "confidence": 0.95,
            "stages": [StagePlan(stage="distill", seconds=Range(), basis="not known: no training was timed")],
        }  # fmt: skip
        plan = Plan(**(values | changes))
        write_json(folders["elicit"].parent / plans.FOLDER / plans.HELD, plan.model_dump(mode="json"))
        return plan

    return made


def rows(report: Report) -> dict[str, PlannedRow]:
    """The compared quantities by name."""
    assert report.planned
    return {row.name: row for row in report.planned.rows}


def test_without_a_plan_nothing_is_said(collect: Collect, page: Callable[..., str]) -> None:
    assert collect().planned is None
    assert 'id="planned"' not in page()


def test_each_quantity_has_its_error(collect: Collect, plan: Any, folders: dict[str, Path]) -> None:
    plan()
    found = rows(collect(configuration=CONFIGURATION))
    said = read_json(folders["elicit"] / "summary.json")
    assert found["requests"].error == pytest.approx(10.0, abs=0.1)
    assert found["requests"].inside
    assert (found["input_tokens"].error, found["input_tokens"].inside) == (0.0, True)
    assert found["output_tokens"].error is None, "limits alone have no error"
    assert found["output_tokens"].inside is False
    price = (said["input_tokens"] * 2.0 + said["output_tokens"] * 10.0) / 1e6
    assert found["money"].actual == pytest.approx(price)
    assert found["records"].inside is False
    assert found["accepted"].actual == read_json(folders["filter"] / "summary.json")["accepted"]
    assert (found["teacher_seconds"].error, found["teacher_seconds"].inside) == (-50.0, False)
    assert found["distill_seconds"].planned == Range()
    assert found["distill_seconds"].actual == read_json(folders["distill"] / "summary.json")["seconds"]


def test_a_plan_of_other_settings_is_not_compared(collect: Collect, plan: Any) -> None:
    plan()
    other = {**CONFIGURATION, "elicit": {**CONFIGURATION["elicit"], "passages": 60}}
    report = collect(configuration=other)
    assert report.planned
    assert (report.planned.differs, report.planned.rows) == (["elicit.passages"], [])
    other = {**CONFIGURATION, "filter": {"languages": ["es"]}}
    found = rows(collect(configuration=other))
    assert "requests" in found
    assert not {"accepted", "distill_seconds"} & found.keys(), "what comes behind the filters is not compared"


def test_budgets_may_change_and_secrets_are_not_shown(collect: Collect, plan: Any) -> None:
    plan()
    teacher = {**CONFIGURATION["elicit"]["teacher"], "max_cost": 9, "retries": 2, "api_key_env": "MY_KEY"}
    report = collect(configuration={**CONFIGURATION, "elicit": {**CONFIGURATION["elicit"], "teacher": teacher}})
    assert report.planned
    assert report.planned.differs == []


def test_other_passages_are_not_compared(collect: Collect, plan: Any) -> None:
    plan(passages_sha256="0" * 64)
    report = collect(configuration=CONFIGURATION)
    assert report.planned
    assert (report.planned.differs, report.planned.rows) == (["passages"], [])


def test_times_of_other_calls_are_not_compared(collect: Collect, plan: Any) -> None:
    plan(reused=90_000)
    row = rows(collect(configuration=CONFIGURATION))["teacher_seconds"]
    assert (row.error, row.inside) == (None, None)
    assert "90000 in the plan" in row.remark


def test_tokens_that_were_not_reported_are_not_known(
    collect: Collect, plan: Any, folders: dict[str, Path], page: Callable[..., str]
) -> None:
    plan()
    path = folders["elicit"] / "summary.json"
    write_json(path, {**read_json(path), "unreported": 3})
    found = rows(collect(configuration=CONFIGURATION))
    assert found["input_tokens"].actual is found["money"].actual is found["money"].error is None
    assert "not known" in page(configuration=CONFIGURATION)


@pytest.mark.parametrize("damage", ["", "{", '{"made": "yesterday"}', "[]"])
def test_a_damaged_plan_is_none(collect: Collect, folders: dict[str, Path], damage: str) -> None:
    path = folders["elicit"].parent / plans.FOLDER / plans.HELD
    path.parent.mkdir()
    path.write_text(damage)
    assert collect().planned is None


def test_the_page_shows_plan_and_topics(page: Callable[..., str], plan: Any, folders: dict[str, Path]) -> None:
    plan(begun=True)
    row = {"topic": "Asthma & airways", "passages": 4, "drawn": 2, "records": 3}
    empty = {"topic": "Falls", "passages": 0, "drawn": 0, "records": 0}
    outside = {"topic": "none of the topics", "passages": 7, "drawn": 1, "records": 1}
    write_json(folders["elicit"] / "coverage.json", {"topics": [row, empty], "outside": outside})
    text = page(configuration=CONFIGURATION)
    assert "Planned and actual" in text
    assert "when the run had begun" in text
    assert "outside the range" in text
    assert "-50.0 %" in text
    assert "No record is about Falls." in text
    assert "Asthma &amp; airways" in text
    assert text.count("<table") == text.count("<caption>")


def test_coverage_of_another_form_is_left_out(collect: Collect, folders: dict[str, Path]) -> None:
    assert collect().topics is None
    write_json(folders["elicit"] / "coverage.json", {"topics": 3})
    assert collect().topics is None
