"""``kdvert plan``: real stages, a mock endpoint for a teacher."""

from __future__ import annotations

import json
import shutil

import pytest

from kdvert.decisions.signing import KEY
from kdvert.pipeline.lock import read_lock
from kdvert.store import hash_tree

MIX = """  records: 8
  mix:
    - {strategy: curation, skill: grounded_qa, share: 0.5}
    - {strategy: curation, skill: summary, share: 0.25}
    - {strategy: labeling, skill: grounded_qa, share: 0.25}
  inputs: [questions.txt]
"""
BUILT_ON_RECORDS = """  records: 12
  mix:
    - {strategy: curation, skill: grounded_qa, share: 0.5}
    - {strategy: expansion, skill: grounded_qa, share: 0.5}
"""


def outside(root):
    """What a plan must leave alone: every stage's output and the lock."""
    own = ("work/plan/", "work/cache/", "work/logs/", "work/index/chroma/")
    return {
        k: v
        for k, v in hash_tree(root).items()
        if not k.startswith(own) and k not in ("work/config.json", "work/.run.lock")
    }


def with_mix(root, mix):
    """Give the project a mix and two questions of its own."""
    path = root / "kdvert.yaml"
    path.write_text(path.read_text().rstrip() + "\n" + mix)
    (root / "questions.txt").write_text("What prevents asthma attacks?\nWhat lowers the risk of a further stroke?\n")


def test_without_a_sample_nobody_is_asked_and_the_limits_are_the_settings(indexed, invoke, endpoint):
    before = outside(indexed)
    made = invoke(indexed, "plan", "--json")
    assert endpoint.calls == 0
    assert outside(indexed) == before
    assert "elicit" not in read_lock(indexed / "work")
    assert (made["sample"], made["observed"], made["kept"]) == (0, 0, 0)
    assert made["requests"] == {"expected": None, "low": 4, "high": 8}, "each passage once, and once more at most"
    assert made["output_tokens"] == {"expected": None, "low": 0, "high": 8 * 1024}
    assert made["records"] == {"expected": None, "low": 0, "high": 8}
    assert made["input_tokens"]["low"] > 100
    assert made["money"]["low"] == pytest.approx(made["input_tokens"]["low"] * 2.0 / 1e6, rel=1e-6)
    assert {s["stage"]: s["seconds"]["expected"] for s in made["stages"]} == dict.fromkeys(
        ("elicit", "filter", "distill", "evaluate")
    )
    assert json.loads((indexed / "work/plan/plan.json").read_text())["requests"] == made["requests"]


def test_prompts_counted_are_the_prompts_sent(indexed, invoke, endpoint):
    made = invoke(indexed, "plan", "--json")
    invoke(indexed, "run", "--until", "elicit")
    sent = sum(-(-len(prompt) // 4) for prompt in endpoint.prompts)
    assert made["input_tokens"]["low"] == int(0.75 * sent)


def test_a_sample_is_scaled_up_with_ranges(indexed, invoke, endpoint):
    made = invoke(indexed, "plan", "--sample", "2", "--json")
    assert endpoint.calls == 2
    assert (made["observed"], made["kept"]) == (2, 2)
    assert made["requests"]["expected"] == 4
    assert (made["requests"]["low"], made["requests"]["high"]) == (4, 6), "each of the others is asked once or twice"
    assert (made["input_tokens"]["expected"], made["output_tokens"]["expected"]) == (pytest.approx(400, abs=60), 80)
    assert made["records"]["low"] <= made["records"]["expected"] <= made["records"]["high"] <= 8
    assert made["accepted"]["high"] <= made["records"]["high"]
    price = (made["input_tokens"]["expected"] * 2.0 + 80 * 10.0) / 1e6
    assert made["money"]["expected"] == pytest.approx(price, rel=1e-3)
    assert made["to_pay"]["expected"] == pytest.approx(price - (200 * 2.0 + 40 * 10.0) / 1e6, rel=1e-3)
    stages = {s["stage"]: s for s in made["stages"]}
    assert stages["elicit"]["seconds"]["low"] < stages["elicit"]["seconds"]["expected"]
    assert stages["filter"]["seconds"]["expected"] > 0
    assert stages["distill"]["seconds"] == {"expected": None, "low": None, "high": None}
    assert "not known" in stages["distill"]["basis"]


def test_the_whole_asked_is_no_estimate(indexed, invoke):
    made = invoke(indexed, "plan", "--sample", "200", "--json")
    preview = invoke(indexed, "preview", "-n", "200", "--json")
    assert made["requests"] == {"expected": 4, "low": 4, "high": 4}
    assert made["records"]["expected"] == made["records"]["high"] == len(preview["records"])
    assert made["accepted"]["expected"] == preview["accepted"]
    assert (made["input_tokens"]["expected"], made["to_pay"]["expected"]) == (400, 0)


@pytest.mark.parametrize("mix", ["", MIX], ids=["one entry", "a mix"])
def test_a_plan_and_a_run_make_the_calls_of_a_run_alone(indexed, invoke, endpoint, tmp_path, mix):
    with_mix(indexed, mix)
    other = shutil.copytree(indexed, tmp_path / "other")
    invoke(other, "run", "--until", "elicit")
    alone = sorted(endpoint.prompts)
    endpoint.bodies.clear()
    invoke(indexed, "plan", "--sample", "3")
    assert 3 <= endpoint.calls < len(alone)
    invoke(indexed, "run", "--until", "elicit")
    assert sorted(endpoint.prompts) == alone


def test_a_mix_is_planned_entry_by_entry(indexed, invoke):
    with_mix(indexed, MIX)
    made = invoke(indexed, "plan", "--sample", "3", "--json")
    parts = {part["name"]: part for part in made["parts"]}
    assert {name: (p["unit"], p["units"]["expected"], p["observed"]) for name, p in parts.items()} == {
        "curation/grounded_qa": ("passages", 2, 1),
        "curation/summary": ("passages", 1, 1),
        "labeling/grounded_qa": ("questions", 2, 1),
    }
    for name in ("requests", "input_tokens", "records"):
        assert made[name]["expected"] == pytest.approx(sum(p[name]["expected"] for p in parts.values()))
    text = invoke(indexed, "plan")
    assert "By entry of the mix" in text
    assert max(map(len, text.partition("What the run takes")[2].partition("Nobody")[0].splitlines()[1:20])) <= 80


def test_entries_that_build_on_records_say_what_is_not_known(indexed, invoke, endpoint):
    with_mix(indexed, BUILT_ON_RECORDS)
    bare = {p["name"]: p for p in invoke(indexed, "plan", "--json")["parts"]}["expansion/grounded_qa"]
    assert bare["requests"] == {"expected": None, "low": 0, "high": 12}
    assert bare["input_tokens"] == {"expected": None, "low": 0, "high": None}
    made = invoke(indexed, "plan", "--sample", "2", "--json")
    grown = {p["name"]: p for p in made["parts"]}["expansion/grounded_qa"]
    assert grown["observed"] >= 1
    assert 0 < grown["requests"]["expected"] <= 12
    assert "other records" in " ".join(made["notes"])
    invoke(indexed, "run", "--until", "elicit")
    summary = json.loads((indexed / "work/elicit/summary.json").read_text())
    assert made["requests"]["low"] <= summary["requests"] <= made["requests"]["high"]


def test_tokens_that_nobody_reports_are_not_counted_as_none(indexed, invoke, endpoint):
    endpoint.always("no_usage")
    made = invoke(indexed, "plan", "--sample", "2", "--json")
    unknown = {"expected": None, "low": None, "high": None}
    assert made["input_tokens"] == made["output_tokens"] == made["money"] == made["to_pay"] == unknown
    assert "2 replies came without counts of tokens" in " ".join(made["notes"])
    text = invoke(indexed, "plan")
    assert "not reported" in text
    assert "not known" in text


def test_without_prices_money_is_not_planned(indexed, invoke):
    path = indexed / "kdvert.yaml"
    path.write_text(path.read_text().replace(", price_in: 2.0, price_out: 10.0", ""))
    made = invoke(indexed, "plan", "--sample", "1", "--json")
    assert made["money"] is made["to_pay"] is None
    assert "no price is set" in " ".join(made["notes"])
    half = invoke(indexed, "plan", "--json", "--set", "elicit.teacher.price_in=2.0")
    assert half["money"]["expected"] is None
    assert half["money"]["low"] > 0
    assert "price_out is not set" in " ".join(half["notes"])


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("max_requests=3", "exceeds elicit.teacher.max_requests: 4 requests, 3 allowed"),
        ("max_cost=0.0001", "exceeds elicit.teacher.max_cost"),
        ("max_tokens_total=5000", "may exceed elicit.teacher.max_tokens_total"),
    ],
)
def test_a_plan_beyond_the_budget_says_so_and_is_no_error(indexed, invoke, endpoint, limit, said):
    made = invoke(indexed, "plan", "--json", "--set", f"elicit.teacher.{limit}")
    assert said in made["over_budget"][0]
    assert said in invoke(indexed, "plan", "--set", f"elicit.teacher.{limit}")


def test_what_a_sample_asks_is_said_before_it_is_asked(indexed, invoke, endpoint):
    text = invoke(indexed, "plan", "--sample", "2")
    assert "Asks about 2 of 4 passages now: 2 to 4 requests" in text
    assert "at most 4,096 to write; at most about" in text
    assert "every reply is kept, so nothing is paid" in invoke(indexed, "plan", "--sample", "2")
    assert endpoint.calls == 2


def test_a_budget_spent_in_the_sample_keeps_what_was_paid(indexed, invoke, endpoint):
    said = invoke(indexed, "plan", "--sample", "4", "--json", "--set", "elicit.teacher.max_requests=2", code=1)
    assert "budget is spent" in said["error"]
    assert endpoint.calls == 2
    made = invoke(indexed, "plan", "--json")
    assert (made["observed"], made["kept"], endpoint.calls) == (2, 2, 2), "a bare plan rests on what is kept"


def test_replies_of_a_preview_count_too(indexed, invoke, endpoint):
    invoke(indexed, "preview", "-n", "2")
    made = invoke(indexed, "plan", "--json")
    assert (made["observed"], endpoint.calls) == (2, 2)
    assert made["requests"]["expected"] == 4


def test_twice_is_the_same_plan(indexed, invoke, endpoint):
    first = invoke(indexed, "plan", "--sample", "2", "--json")
    again = invoke(indexed, "plan", "--sample", "2", "--json")
    assert endpoint.calls == 2
    for name in ("requests", "input_tokens", "money", "records", "accepted", "teacher_seconds", "pace"):
        assert again[name] == first[name], name


def test_nothing_accepted_is_told_as_what_it_is(indexed, invoke, endpoint):
    made = invoke(
        indexed, "plan", "--sample", "2", "--json", "--set", "filter.thresholds.answer_words=[1, 3]"
    )  # fmt: skip
    assert (made["accepted"]["expected"], made["accepted"]["low"]) == (0, 0)
    assert made["accepted"]["high"] > 0
    assert "0 accepted records of 2 passages or questions: too few to say" in " ".join(made["notes"])


def test_no_record_at_all_is_an_answer(indexed, invoke, endpoint):
    endpoint.always("prose")
    made = invoke(indexed, "plan", "--sample", "2", "--json")
    assert (made["records"]["expected"], made["observed"]) == (0, 2)
    assert made["requests"]["expected"] == 8, "each is asked once more, for nothing"
    assert "not known" in {s["stage"]: s["basis"] for s in made["stages"]}["filter"]


@pytest.mark.parametrize("count", ["0", "-1", "10000"])
def test_samples_out_of_range(indexed, invoke, endpoint, count):
    said = invoke(indexed, "plan", "--sample", count, "--json", code=2)
    assert f"sample of {count} passages" in said["error"]
    assert endpoint.calls == 0


def test_settings_of_the_command_line_hold(indexed, invoke):
    made = invoke(indexed, "plan", "--json", "--set", "elicit.passages=2", "--set", "elicit.per_passage=1")
    assert made["requests"]["low"] == 2
    assert made["records"]["high"] == 2
    assert made["settings"]["elicit"]["passages"] == 2


def test_a_teacher_that_cannot_be_reached(indexed, invoke):
    away = ("--set", "elicit.teacher.base_url=http://127.0.0.1:9/v1")
    assert "cannot be reached" in invoke(indexed, "plan", "--sample", "1", "--json", *away, code=1)["error"]
    assert invoke(indexed, "plan", "--json", *away)["requests"]["low"] == 4, "a plan without a sample needs nobody"


def test_no_passages_and_no_project(indexed, invoke, tmp_path, endpoint):
    for path in (indexed / "sources").iterdir():
        path.unlink()
    assert "error:" in invoke(indexed, "plan", code=2)
    assert "No kdvert.yaml" in invoke(tmp_path, "plan", code=2)
    assert endpoint.calls == 0


def test_a_project_that_was_never_run(indexed, invoke):
    shutil.rmtree(indexed / "work")
    said = invoke(indexed, "plan", "--no-index", "--json", code=2)
    assert "not indexed yet" in said["error"]
    assert invoke(indexed, "plan", "--json")["requests"]["low"] == 4
    (indexed / "sources/falls.md").write_text("# Falls\n\nFalls are the leading cause of injury among older adults.")
    late = invoke(indexed, "plan", "--no-index", "--json")
    assert late["requests"]["low"] == 4
    assert "not up to date" in late["notes"][0]
    assert invoke(indexed, "plan", "--json")["requests"]["low"] == 5


def test_a_project_that_the_license_check_blocks_is_not_planned(indexed, invoke, endpoint):
    text = (indexed / "kdvert.yaml").read_text().replace("CC0-1.0", "CC-BY-NC-4.0")
    (indexed / "kdvert.yaml").write_text(text + "use: {distribution: distributed, commercial: true}\n")
    assert "blocks" in invoke(indexed, "plan", "--sample", "1", code=3)
    assert endpoint.calls == 0


def test_the_plan_before_a_run_is_the_one_that_is_compared(indexed, invoke):
    held = lambda: json.loads((indexed / "work/plan/held.json").read_text())  # noqa: E731
    invoke(indexed, "plan")
    assert held()["observed"] == 0
    invoke(indexed, "plan", "--sample", "2")
    assert held()["observed"] == 2
    invoke(indexed, "run", "--until", "elicit")
    later = invoke(indexed, "plan", "--json")
    assert (later["begun"], later["kept"], held()["observed"]) == (True, 4, 2)
    invoke(indexed, "plan", "--set", "elicit.per_passage=1")
    assert held()["settings"]["elicit"]["per_passage"] == 1, "a plan of other settings takes its place"


def test_what_is_forgotten_goes_from_the_plan_too(indexed, invoke, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    made = invoke(indexed, "keys", "new", "--name", "Olga Perez", "--role", "operator", "--json")
    monkeypatch.setenv(KEY, made["private_key"])
    invoke(indexed, "plan", "--sample", "4")
    assert any(b"corticosteroids" in p.read_bytes() for p in (indexed / "work/plan").rglob("*") if p.is_file())
    invoke(indexed, "forget", "sources/asthma.md", "--yes", "--json")
    assert not (indexed / "work/plan").exists()
