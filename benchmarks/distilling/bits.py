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


def measure(data: Path, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each precision. Kept in ``folder``, so that the second call goes on where the first stopped."""
    return [_kept(data, folder, four_bit=four_bit) for four_bit in (False, True)]


def _kept(data: Path, folder: Path, *, four_bit: bool) -> dict[str, Any]:
    path = folder / f"bits-{'nf4' if four_bit else 'float32'}.json"
    if not path.is_file():
        path.write_text(json.dumps(_measured(data, folder, four_bit=four_bit)), encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _measured(data: Path, folder: Path, *, four_bit: bool) -> dict[str, Any]:
    study = Study(data, folder, SEED, TRAIN, 0)
    train, held_out = split(read(data), TRAIN, SEED)
    weights, hardware = resolve(DEFAULT_MODEL), probe()
    base = load_base(weights, hardware, four_bit=four_bit)
    size = base.get_memory_footprint()
    base = unpacked(base, hardware).eval()
    before = _mean(likelihoods(base, study.encoded(held_out, "gold")))
    del base
    gc.collect()
    settings = Settings(epochs=EPOCHS, seed=SEED, four_bit=four_bit)
    rows = sft.rows(study.encoded(train, "gold"))
    work = folder / f"bits-{four_bit}"
    qlora.train(
        [Phase("sft", rows, (), sft.trainer, EPOCHS, settings.learning_rate)], weights=weights, hardware=hardware,
        four_bit=four_bit, settings=settings, checkpoints=work / "checkpoints", adapter=work / "adapter",
        progress=Silent(),
    )  # fmt: skip
    base = unpacked(load_base(weights, hardware, four_bit=four_bit), hardware).eval()
    student = with_adapter(base, work / "adapter")
    after = _mean(likelihoods(student, study.encoded(held_out, "gold")))
    return {"four_bit": four_bit, "weights_bytes": size, "before": before, "after": after, "questions": len(held_out)}


def _mean(found: dict[str, tuple[float, int]]) -> float:
    return sum(total for total, _ in found.values()) / sum(tokens for _, tokens in found.values())


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    plain, packed = rows
    lines = ["| base | weights, MB | held-out NLL a token, untrained | trained |", "|---|---|---|---|"]
    for name, row in (("float32", plain), ("nf4", packed)):
        lines.append(f"| {name} | {row['weights_bytes'] / 1e6:.1f} | {row['before']:.3f} | {row['after']:.3f} |")
    memory, loss = packed["weights_bytes"] / plain["weights_bytes"], packed["after"] / plain["after"] - 1
    lines.append(
        f"\nnf4 takes {memory:.2f} of the memory (goal: at most {GOAL_MEMORY}); its loss after training is "
        f"{loss:+.1%} (goal: at most {GOAL_LOSS:+.0%}), before {packed['before'] / plain['before'] - 1:+.1%}."
    )
    return "\n".join(lines)
