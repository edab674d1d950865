"""The base in nf4 beside float32: what its weights take, and the held-out loss before and after the same training."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distilling.questions import read, split
from distilling.study import Study, likelihoods
from kdvert.distillation import qlora
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Phase
from kdvert.distillation.settings import Settings
from kdvert.hardware import probe
from kdvert.progress import Silent
from kdvert.students.models import load_base, unpacked, with_adapter
from kdvert.weights import DEFAULT_MODEL, resolve

GOAL_MEMORY, GOAL_LOSS = 0.35, 0.05
TRAIN, EPOCHS, SEED = 48, 3, 7


CASES = {"float32": (False, "zero"), "nf4": (True, "zero"), "nf4-loftq": (True, "loftq")}
"""What is compared: whether the base is in 4 bits, and where the adapter starts."""


def measure(data: Path, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each case. Kept in ``folder``, so that the second call goes on where the first stopped."""
    return [_kept(name, data, folder) for name in CASES]


def _kept(name: str, data: Path, folder: Path) -> dict[str, Any]:
    path = folder / f"bits-{name}.json"
    if not path.is_file():
        path.write_text(json.dumps(_measured(name, data, folder)), encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _measured(name: str, data: Path, folder: Path) -> dict[str, Any]:
    four_bit, start = CASES[name]
    study = Study(data, folder, SEED, TRAIN, 0)
    train, held_out = split(read(data), TRAIN, SEED)
    weights, hardware = resolve(DEFAULT_MODEL), probe()
    base = load_base(weights, hardware, four_bit=four_bit)
    size = base.get_memory_footprint()
    base = unpacked(base, hardware).eval()
    before = _mean(likelihoods(base, study.encoded(held_out, "gold")))
    del base
    gc.collect()
    settings = Settings.model_validate({"epochs": EPOCHS, "seed": SEED, "four_bit": four_bit, "start": start})
    rows = sft.rows(study.encoded(train, "gold"))
    work = folder / f"bits-{name}"
    qlora.train(
        [Phase("sft", rows, (), sft.trainer, EPOCHS, settings.learning_rate)], weights=weights, hardware=hardware,
        four_bit=four_bit, settings=settings, checkpoints=work / "checkpoints", adapter=work / "adapter",
        progress=Silent(),
    )  # fmt: skip
    base = unpacked(load_base(weights, hardware, four_bit=four_bit), hardware).eval()
    student = with_adapter(base, work / "adapter")
    after = _mean(likelihoods(student, study.encoded(held_out, "gold")))
    return {"four_bit": four_bit, "start": start, "weights_bytes": size, "before": before, "after": after,
            "questions": len(held_out)}  # fmt: skip


def _mean(found: dict[str, tuple[float, int]]) -> float:
    return sum(total for total, _ in found.values()) / sum(tokens for _, tokens in found.values())


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    plain, *others = rows
    lines = ["| base | weights, MB | held-out NLL a token, untrained | trained |", "|---|---|---|---|"]
    for name, row in zip(CASES, rows, strict=True):
        lines.append(f"| {name} | {row['weights_bytes'] / 1e6:.1f} | {row['before']:.3f} | {row['after']:.3f} |")
    lines.append("")
    for name, row in zip([*CASES][1:], others, strict=True):
        memory, loss = row["weights_bytes"] / plain["weights_bytes"], row["after"] / plain["after"] - 1
        lines.append(
            f"{name} takes {memory:.2f} of the memory (goal: at most {GOAL_MEMORY}); its loss after training is "
            f"{loss:+.1%} (goal: at most {GOAL_LOSS:+.0%}), before {row['before'] / plain['before'] - 1:+.1%}."
        )
    return "\n".join(lines)
