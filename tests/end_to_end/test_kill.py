"""kill -9 in every stage, then the same command again: the same records, none lost, none twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

RECORDS = {
    "ingest": ("documents.jsonl", "skipped.jsonl"),
    "scrub": ("documents.jsonl", "logs.jsonl"),
    "index": ("chunks.jsonl", "index.json"),
    "elicit": ("examples.jsonl", "failures.jsonl"),
    "filter": ("accepted.jsonl", "rejected.jsonl"),
    "distill": ("train.jsonl", "validation.jsonl"),
    "evaluate": ("items.jsonl", "answers.jsonl"),
    "report": (),
}
STAGES = list(RECORDS)
DELAYS = (0.05, 1.5, 4.0)
"""Seconds after the stage began to write: at its very start, while it loads, while it works."""


SHORT = ("elicit",)
"""Killed here; the others among the slow tests. `tests/stages` kills scrub, features and distill by themselves."""


@pytest.mark.parametrize("stage", [s if s in SHORT else pytest.param(s, marks=pytest.mark.slow) for s in STAGES])
def test_killed_and_resumed_gives_the_same_records(stage, copy, finished, small_settings):
    work = copy.root / "work"
    forget(work, stage)
    kills = 0
    for delay in DELAYS:
        kills += kill_in_stage(copy, stage, small_settings, delay)
    copy.run("run", "--until", stage, *small_settings)
    assert kills >= 1, "the stage was too quick for even one kill"
    reference = finished.root / "work"
    for name in RECORDS[stage]:
        assert (work / stage / name).read_text() == (reference / stage / name).read_text(), name
    if stage == "distill":
        assert final_losses(work) == pytest.approx(final_losses(reference), rel=1e-3)
    if stage == "evaluate":
        assert scores(work) == pytest.approx(scores(reference), rel=1e-3)
    assert not (work / f"{stage}.partial").exists()


def forget(work: Path, stage: str) -> None:
    """Make the project look as if ``stage`` and what follows had never run."""
    lock = json.loads((work / "lock.json").read_text())
    for name in STAGES[STAGES.index(stage) :]:
        shutil.rmtree(work / name)
        shutil.rmtree(work / "cache" / name, ignore_errors=True)
        del lock[name]
    (work / "lock.json").write_text(json.dumps(lock))


def kill_in_stage(kdvert, stage: str, settings: list[str], delay: float) -> bool:
    """Start the run, wait until the stage writes, wait ``delay``, kill -9 the whole group. True if it was killed."""
    process = kdvert.start("run", "--until", stage, *settings)
    partial = kdvert.root / "work" / f"{stage}.partial"
    try:
        while process.poll() is None and not partial.exists():
            time.sleep(0.005)
        time.sleep(delay)
        alive = process.poll() is None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return alive


def final_losses(work: Path) -> list[float]:
    lines = [json.loads(line) for line in (work / "distill" / "history.jsonl").read_text().splitlines()]
    return [line["eval_loss"] for line in lines if "eval_loss" in line]


def scores(work: Path) -> dict[str, float]:
    lines = [json.loads(line) for line in (work / "evaluate" / "scores.jsonl").read_text().splitlines()]
    return {f"{s['item_id']} {s['system']} {s['mode']} {s['metric']}": s["value"] for s in lines if "value" in s}
