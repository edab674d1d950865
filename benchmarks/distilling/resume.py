"""A training that is killed with SIGKILL in the middle of an epoch and run again, beside one that is left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from distilling.speed import PARTS

EVERY = 2
"""Steps between checkpoints."""


def measure(folder: Path, steps: int) -> dict[str, Any]:
    """Return the losses of both, and at which step the killed one went on."""
    whole = _finished(folder / "whole", steps)
    killed = folder / "killed"
    for path in sorted(killed.glob("**/*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    with subprocess.Popen(_command(killed, steps), cwd=PARTS, stdout=subprocess.DEVNULL) as process:
        while not list(killed.glob("checkpoints/*/checkpoint-*/complete")):
            if process.poll() is not None:
                sys.exit("The training that was to be killed ended before its first checkpoint: raise --steps.")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    again = _finished(killed, steps)
    return {"whole": whole, "killed": again, "difference": abs(whole["loss"] - again["loss"])}


def _finished(folder: Path, steps: int) -> dict[str, Any]:
    done = subprocess.run(_command(folder, steps), cwd=PARTS, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The training failed.\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _command(folder: Path, steps: int) -> list[str]:
    return [sys.executable, "-m", "distilling.resume", str(folder.resolve()), str(steps)]


def train(folder: Path, steps: int) -> dict[str, Any]:
    """Train in this process, going on from what lies in ``folder``."""
    from distilling.training import BATCH, LENGTH, texts
    from kdvert.distillation import qlora
    from kdvert.distillation.objectives import sft
    from kdvert.distillation.objectives.contract import Phase
    from kdvert.distillation.settings import Settings
    from kdvert.hardware import probe
    from kdvert.progress import Silent
    from kdvert.weights import DEFAULT_MODEL, resolve

    rows = [{name: row[name] for name in ("input_ids", "labels")} for row in texts(steps)]
    settings = Settings(epochs=1, batch_size=BATCH, max_length=LENGTH, checkpoint_steps=EVERY)
    hardware = probe()
    trained = qlora.train(
        [Phase("sft", rows, (), sft.trainer, 1, settings.learning_rate)], weights=resolve(DEFAULT_MODEL),
        hardware=hardware, four_bit=hardware.four_bit, settings=settings, checkpoints=folder / "checkpoints",
        adapter=folder / "adapter", progress=Silent(),
    )  # fmt: skip
    return {"loss": trained.last("loss"), "resumed_at": trained.resumed_at, "losses": trained.history}


def table(found: dict[str, Any]) -> str:
    """Lay it out for people."""
    return (
        f"uninterrupted: last loss {found['whole']['loss']:.7f}\n"
        f"killed and gone on from step {found['killed']['resumed_at']}: last loss {found['killed']['loss']:.7f}\n"
        f"difference: {found['difference']:.1e}"
    )


if __name__ == "__main__":
    print(json.dumps(train(Path(sys.argv[1]), int(sys.argv[2]))))
