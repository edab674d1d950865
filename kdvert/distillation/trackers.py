"""Experiment trackers that a training reports to: the one table of them. Nothing leaves the machine by itself.

Each writes below one folder. Where the user's own environment says otherwise (an address, a mode), that holds: then,
and only then, does a tracker send what it is given. It is given losses, rates and settings, and no text of a record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdvert.errors import UserError
from kdvert.extras import have
from kdvert.registry import suggest

NONE = "none"
FOLDER = "tracking"


@dataclass(frozen=True)
class Tracker:
    """A tracker that transformers knows by the name of its row.

    Attributes:
        module: its import name, and what pip calls it.
        variables: set in the environment where the user did not; ``{folder}`` and ``{run}`` are filled in.
        arguments: of `transformers.TrainingArguments`.
    """

    module: str
    variables: Mapping[str, str]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        """End the run of a phase, where the tracker would go on with it in the next."""
        if self.module == "wandb":
            import wandb

            wandb.finish(quiet=True)


TRACKERS: Mapping[str, Tracker] = {
    "tensorboard": Tracker("tensorboard", {"TENSORBOARD_LOGGING_DIR": "{folder}/{run}"}),
    "trackio": Tracker(
        "trackio", {"TRACKIO_DIR": "{folder}"}, {"project": "kdvert", "trackio_static_space_id": False}
    ),
    "mlflow": Tracker(
        "mlflow", {"MLFLOW_TRACKING_URI": "sqlite:///{folder}/mlflow.db", "MLFLOW_EXPERIMENT_NAME": "kdvert"}
    ),
    "wandb": Tracker("wandb", {"WANDB_MODE": "offline", "WANDB_DIR": "{folder}", "WANDB_PROJECT": "kdvert",
                               "WANDB_SILENT": "true"}),
}  # fmt: skip


def known(names: Sequence[str]) -> list[str]:
    """Return the trackers that ``names`` are, none for ``none``.

    Raises:
        ValueError: one is unknown, or stands beside ``none``.
    """
    for name in names:
        if name not in (*TRACKERS, NONE):
            raise ValueError(f"unknown tracker '{name}'. {suggest(name, [*TRACKERS, NONE])}")
    if NONE in names and len(names) > 1:
        raise ValueError("'none' stands beside other trackers. Take one or the other.")
    return [name for name in names if name != NONE]


def require(names: Sequence[str]) -> None:
    """Refuse trackers that are not installed.

    Raises:
        UserError: naming what to install.
    """
    missing = [TRACKERS[name].module for name in names if not have(TRACKERS[name].module)]
    if missing:
        raise UserError(
            f"distill.report_to names {', '.join(missing)}, and {'it is' if len(missing) == 1 else 'they are'} not "
            "installed.",
            hint=f"pip install {' '.join(missing)}, or take {'it' if len(missing) == 1 else 'them'} out of "
            "distill.report_to.",
        )


@contextmanager
def tracked(names: Sequence[str], folder: Path, run: str) -> Iterator[dict[str, Any]]:
    """Give the arguments of a trainer that reports to ``names``; while it trains, they write below ``folder``.

    Args:
        names: of `TRACKERS`.
        folder: made if need be, with a folder for each tracker.
        run: what the run is called.
    """
    arguments: dict[str, Any] = {"report_to": list(names) or NONE}
    variables: dict[str, str] = {}
    for name in names:
        own = folder / name
        own.mkdir(parents=True, exist_ok=True)
        variables |= {k: v.format(folder=own, run=run) for k, v in TRACKERS[name].variables.items()}
        arguments |= {**TRACKERS[name].arguments, "run_name": run}
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield arguments
    finally:
        for name in names:
            TRACKERS[name].close()
        for name in added:
            os.environ.pop(name, None)
