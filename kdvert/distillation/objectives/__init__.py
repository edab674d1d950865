"""What training minimizes, by name: the only list of objectives. One file an objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kdvert.registry import lookup, suggest

if TYPE_CHECKING:
    from kdvert.distillation.objectives.contract import Objective

_HERE = "kdvert.distillation.objectives"

OBJECTIVES: dict[str, str] = {
    "cpt": f"{_HERE}.cpt",
    "sft": f"{_HERE}.sft",
    "kl": f"{_HERE}.kl",
    "preference": f"{_HERE}.preference",
    "privileged": f"{_HERE}.privileged",
    "on_policy": f"{_HERE}.on_policy",
    "cross_tokenizer": f"{_HERE}.cross_tokenizer",
    "hidden": f"{_HERE}.hidden",
    "reinforce": f"{_HERE}.reinforce",
}


def known(name: str) -> str:
    """Return ``name``.

    Raises:
        ValueError: there is no such objective; the nearest are named.
    """
    if name not in OBJECTIVES:
        raise ValueError(f"unknown objective '{name}'. {suggest(name, OBJECTIVES)}")
    return name


def objective(name: str) -> Objective:
    """Return the objective ``name``.

    Raises:
        UserError: there is no such objective.
    """
    return cast("Objective", lookup("objective", OBJECTIVES, name))
