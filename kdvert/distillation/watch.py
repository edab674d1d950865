"""What watches a training: the bar, whole checkpoints, losses that are no number, and the history of a phase."""

from __future__ import annotations

import logging
import math
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.distillation import processes
from kdvert.errors import WorkFailed
from kdvert.progress import Bar

if TYPE_CHECKING:
    from transformers import TrainerCallback

_COMPLETE = "complete"  # written into a checkpoint once all of it is on disk
_REWARD = re.compile(r"rewards/(\w+)/mean")  # how TRL's trainers log the mean of a reward
_LOG = logging.getLogger("kdvert.distillation")


def watch(bar: Bar) -> TrainerCallback:
    """Return a callback that moves the bar, marks whole checkpoints and stops when the loss is no number."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step:
                bar.advance(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            bar.advance()
            if control.should_save:
                control.should_log = True  # so that no checkpoint is written behind a loss that nobody looked at

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **more: Any) -> None:
            for name in ("loss", "eval_loss"):
                value = (logs or {}).get(name, 0.0)
                if not math.isfinite(value):
                    raise WorkFailed(
                        f"Training diverged: the {name.replace('_', ' ')} is {value} at step {state.global_step}.",
                        hint="Lower distill.learning_rate (a tenth is a good try) and run again.",
                    )

        def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            processes.wait()  # each writes a part of it
            if state.is_world_process_zero:
                (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()

    return Watch()


def last_complete(checkpoints: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end; remove the others, a killed run left them."""
    found = sorted(checkpoints.glob("checkpoint-*"), key=step_of)
    for broken in [p for p in found if not (p / _COMPLETE).exists()]:
        _LOG.info("%s was not written to its end and is not used", broken.name)
        if processes.current().writes:
            shutil.rmtree(broken)
        found.remove(broken)
    processes.wait()
    return found[-1] if found else None


def step_of(checkpoint: Path) -> int:
    """Return the step that a checkpoint was written at."""
    return int(checkpoint.name.rpartition("-")[2])


def history(log: list[dict[str, Any]], objective: str, *, steps: int, tokens: int) -> list[dict[str, Any]]:
    """Return what a trainer logged as rows of {objective, step, epoch, loss or eval_loss, tokens}.

    Where rewards were given, a row has their means by name too, as ``rewards``; one that said nothing is left out.

    Args:
        log: of the trainer.
        objective: of the phase.
        steps: of the phases before it, added to each step.
        tokens: of the phases before it, likewise.
    """
    rows = []
    for entry in log:
        name = next((n for n in ("loss", "eval_loss") if n in entry), None)
        if name:
            row = {"objective": objective, "step": entry["step"] + steps, "epoch": round(entry["epoch"], 4)}
            seen = int(entry.get("num_input_tokens_seen", 0)) + tokens
            rows.append({**row, name: float(entry[name]), "tokens": seen, **_rewards(entry)})
    return rows


def _rewards(entry: dict[str, Any]) -> dict[str, dict[str, float]]:
    means = {_REWARD.fullmatch(key): value for key, value in entry.items() if value is not None}
    found = {match[1]: float(value) for match, value in means.items() if match}
    return {"rewards": found} if found else {}
