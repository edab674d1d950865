"""Tokens a second and peak memory of each way of training, taken in turns, each case in a process of its own.

What is timed is ``Trainer.train`` of whichever trainer runs; loading is not. Memory is the kernel's high-water mark of
resident memory from before anything is loaded (Linux only), less what the process held then, libraries imported.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GOALS = {
    "sft": ("tokens/s against bare TRL", 1.0), "kl": ("tokens/s against GKD", 1.3),
    "kl-360M": ("tokens/s against GKD with a teacher of 360M", 1.8),
}  # fmt: skip
CASES: dict[str, tuple[str, str]] = {"sft": ("kdvert-sft", "trl-sft"), "kl": ("kdvert-kl", "gkd-135M"),
                                     "kl-360M": ("kdvert-kl-360M", "gkd-360M")}  # fmt: skip
"""Comparisons: ours, and what it is compared with."""
PARTS = Path(__file__).parents[1]


def measure(folder: Path, rounds: int, steps: int) -> list[dict[str, Any]]:
    """Return a row for each comparison; ``speed`` and ``memory`` are ours over theirs, the median of the rounds.

    What was measured is kept in ``folder``: cut off, it goes on where it stood. Remove ``speed-*.json`` to start anew.
    """
    kept = folder / f"speed-{steps}.json"
    found: dict[str, list[dict[str, float]]] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for number in range(rounds):
        for name in (name for pair in CASES.values() for name in pair):
            if len(found.setdefault(name, [])) <= number:
                found[name].append(_child(name, folder, steps))
                kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
                print(name, found[name][-1], file=sys.stderr, flush=True)
    rows = []
    for name, (ours, theirs) in CASES.items():
        own, other = ({k: statistics.median(r[k] for r in found[n]) for k in found[n][0]} for n in (ours, theirs))
        rows.append({
            "name": name, "ours": own, "theirs": other, "speed": own["tokens_per_s"] / other["tokens_per_s"],
            "memory": own["peak_bytes"] / other["peak_bytes"], "goal": GOALS[name][1],
        })  # fmt: skip
    return rows


def _child(name: str, folder: Path, steps: int) -> dict[str, float]:
    case = {"name": name, "folder": str(folder.resolve()), "steps": steps}
    done = subprocess.run(
        [sys.executable, "-m", "distilling.training", json.dumps(case)], cwd=PARTS, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name}: the training failed.\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    lines = [
        "| what | ours, tokens/s | theirs | ratio | goal | ours, peak MB | theirs | ratio | first losses |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        own, other = row["ours"], row["theirs"]
        lines.append(
            f"| {GOALS[row['name']][0]} | {own['tokens_per_s']:.1f} | {other['tokens_per_s']:.1f} | "
            f"{row['speed']:.2f} | {row['goal']} | {own['peak_bytes'] / 1e6:,.0f} | {other['peak_bytes'] / 1e6:,.0f} | "
            f"{row['memory']:.2f} | {own['first_loss']:.4f} / {other['first_loss']:.4f} |"
        )
    return "\n".join(lines)
