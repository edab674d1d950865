"""``kdvert preview``: real stages, a mock endpoint for a teacher."""

from __future__ import annotations

import json

import pytest

from kdvert.decisions.signing import KEY
from kdvert.pipeline.lock import read_lock
from kdvert.store import hash_tree


def outside(root):
    """What a preview must leave alone: every stage's output and the lock."""
    return {
        k: v
        for k, v in hash_tree(root).items()
        if not k.startswith(("work/preview/", "work/cache/", "work/logs/", "work/index/chroma/"))
        and k not in ("work/config.json", "work/.run.lock")
    }


def test_records_are_shown_with_evidence_license_verdicts_tokens_and_price(indexed, invoke, endpoint):
    shown = invoke(indexed, "preview", "-n", "2", "--json")
    assert (len(shown["uses"]), shown["asked"], shown["of"], shown["unit"]) == (2, 2, 4, "passages")
    assert endpoint.calls == 2
    assert (shown["requests"], shown["input_tokens"], shown["output_tokens"]) == (2, 200, 40)
    assert shown["cost"] == shown["paid"] == pytest.approx((200 * 2.0 + 40 * 10.0) / 1_000_000)
    assert shown["records"]
    for record in shown["records"]:
        sample = record["sample"]
        marked = [s["text"] for s in sample["passage"] if s["marked"]]
        assert marked == [sample["answer"]], "the mock teacher's answer is its quote"
        assert sample["license"] == "CC0-1.0"
        assert (record["input_tokens"], record["output_tokens"]) == (100, 20)
        assert {v["check"] for v in record["verdicts"]} >= {"evidence", "length", "language"}
    text = invoke(indexed, "preview", "-n", "2")
    assert f"«{marked[0]}»" in text
    assert "2 of 4 passages" in text


def test_it_leaves_the_stages_alone_and_the_run_pays_nothing_twice(indexed, invoke, endpoint):
    before = outside(indexed)
    invoke(indexed, "preview", "-n", "3")
    assert outside(indexed) == before
    assert "elicit" not in read_lock(indexed / "work")
    assert endpoint.calls == 3
    invoke(indexed, "run", "--until", "elicit")
    assert endpoint.calls == 4
    again = invoke(indexed, "preview", "-n", "4", "--json")
    assert (endpoint.calls, again["cached"], again["paid"]) == (4, 4, 0.0)


def test_it_draws_the_passages_that_a_run_would(indexed, invoke):
    drawn = {seed: invoke(indexed, "preview", "-n", "2", "--json", "--set", f"elicit.seed={seed}") for seed in (0, 5)}
    asked = {seed: {use["passage"] for use in shown["uses"]} for seed, shown in drawn.items()}
    assert asked[0] != asked[5]
    invoke(indexed, "run", "--until", "elicit", "--set", "elicit.passages=2")
    lines = (indexed / "work/elicit/examples.jsonl").read_text().splitlines()
    assert {json.loads(line)["provenance"]["chunk_ids"][0] for line in lines} == asked[0]


def test_it_reads_and_indexes_what_is_new(indexed, invoke):
    (indexed / "sources/falls.md").write_text("# Falls\n\nFalls are the leading cause of injury among older adults.")
    assert invoke(indexed, "preview", "-n", "1", "--json")["of"] == 5


def test_more_than_there_are_is_all_there_are(indexed, invoke):
    assert len(invoke(indexed, "preview", "-n", "200", "--json")["uses"]) == 4
    capped = invoke(indexed, "preview", "-n", "3", "--json", "--set", "elicit.passages=1")
    assert (len(capped["uses"]), capped["of"]) == (1, 1)


def test_rejects_come_with_their_reason(indexed, invoke):
    shown = invoke(
        indexed, "preview", "-n", "4", "--json", "--set", "filter.thresholds.answer_words=[1, 3]"
    )  # fmt: skip
    assert shown["accepted"] == 0
    assert {loss["code"] for r in shown["records"] for loss in r["sample"]["reasons"]} >= {"too_long"}
    assert all(loss["meaning"] for r in shown["records"] for loss in r["sample"]["reasons"])


def test_nothing_usable_says_why(indexed, invoke, endpoint):
    endpoint.always("prose")
    said = invoke(indexed, "preview", "-n", "3", "--json", code=1)
    assert "not_json (3)" in said["error"]
    assert said["details"]["failures"] == [
        {
            "stage": "elicit", "code": "not_json", "count": 3,
            "meaning": "The teacher's reply was not in the form that was asked for.",
        }
    ]  # fmt: skip
    assert said["details"]["requests"] >= 3


def test_a_budget_smaller_than_the_preview_keeps_what_was_paid(indexed, invoke, endpoint):
    said = invoke(indexed, "preview", "-n", "4", "--json", "--set", "elicit.teacher.max_requests=2", code=1)
    assert "budget is spent" in said["error"]
    assert endpoint.calls == 2
    assert invoke(indexed, "preview", "-n", "4", "--json")["cached"] == 2


@pytest.mark.parametrize("count", ["0", "-3", "201"])
def test_counts_out_of_range(indexed, invoke, endpoint, count):
    said = invoke(indexed, "preview", "-n", count, "--json", code=2)
    assert "1 to 200" in said["error"]
    assert endpoint.calls == 0


def test_outside_of_a_project(tmp_path, invoke):
    assert "No kdvert.yaml" in invoke(tmp_path, "preview", code=2)


def test_a_document_without_a_license_is_never_asked_about(indexed, invoke, endpoint):
    text = (indexed / "kdvert.yaml").read_text().replace(", license: CC0-1.0", "")
    (indexed / "kdvert.yaml").write_text(text)
    assert "license" in invoke(indexed, "preview", code=3)
    assert endpoint.calls == 0


def test_a_project_that_the_license_check_blocks_asks_nobody(indexed, invoke, endpoint):
    text = (indexed / "kdvert.yaml").read_text().replace("CC0-1.0", "CC-BY-NC-4.0")
    (indexed / "kdvert.yaml").write_text(text + "use: {distribution: distributed, commercial: true}\n")
    assert "blocks" in invoke(indexed, "preview", code=3)
    assert endpoint.calls == 0


def test_no_passages(indexed, invoke, endpoint):
    for path in (indexed / "sources").iterdir():
        path.unlink()
    assert "error:" in invoke(indexed, "preview", code=2)
    assert endpoint.calls == 0


def test_what_is_forgotten_goes_from_the_preview_too(indexed, invoke, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    made = invoke(indexed, "keys", "new", "--name", "Olga Perez", "--role", "operator", "--json")
    monkeypatch.setenv(KEY, made["private_key"])
    invoke(indexed, "preview", "-n", "4")
    assert any(b"corticosteroids" in p.read_bytes() for p in (indexed / "work/preview").rglob("*") if p.is_file())
    said = invoke(indexed, "forget", "sources/asthma.md", "--yes", "--json")
    assert said["still_in"] == []
    assert not (indexed / "work/preview").exists()
    assert not [p for p in indexed.rglob("*") if p.is_file() and b"corticosteroids" in p.read_bytes()]


def test_a_teacher_that_cannot_be_reached(indexed, invoke, endpoint):
    said = invoke(
        indexed, "preview", "--json", "--set", "elicit.teacher.base_url=http://127.0.0.1:9/v1", code=1
    )  # fmt: skip
    assert "cannot be reached" in said["error"]
    assert endpoint.calls == 0
