"""A finished student, read from the output of ``distill`` and checked before anybody relies on it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import WorkFailed
from kdvert.hardware import Hardware
from kdvert.store import read_json, sha256_file
from kdvert.students.models import load_base, unpacked, use_four_bit, with_adapter
from kdvert.weights import Weights, resolve

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CONFIG, WEIGHTS, FACTS = "adapter_config.json", "adapter_model.safetensors", "adapter.json"
PASSAGES = "passages.json"
"""Ids of the passages that the student learned from beside its records."""
ANEW = "kdvert run --from distill --force"


@dataclass(frozen=True)
class Trained:
    """A student.

    Attributes:
        folder: the adapter's folder.
        facts: what stands in ``adapter.json``.
        peft: what stands in ``adapter_config.json``.
        weights: its base.
    """

    folder: Path
    facts: dict[str, Any]
    peft: dict[str, Any]
    weights: Weights

    @property
    def name(self) -> str:
        """What licenses want it to be called."""
        return str(self.facts["name"])

    @property
    def displays(self) -> list[str]:
        """Lines that must be shown wherever it is offered."""
        return list(self.facts.get("displays", []))

    @property
    def four_bit(self) -> bool:
        """Whether its base was held in nf4 when it was trained, and so when it was evaluated."""
        return bool(self.facts["four_bit"])

    @property
    def adapter_sha256(self) -> str:
        """The hash of the adapter's weights."""
        return sha256_file(self.folder / WEIGHTS)


def read(distill: Path, root: Path) -> Trained:
    """Return the student that ``distill`` left in a folder.

    Args:
        distill: the stage's output.
        root: the folder that a relative path of the base starts from.

    Raises:
        WorkFailed: there is no finished student, its adapter is damaged, or it was trained on another base.
        UserError: the base is not there.
    """
    if not (distill / FACTS).is_file():
        raise WorkFailed(f"There is no finished student in {distill}.", hint="kdvert run")
    facts = read_json(distill / FACTS)
    if missing := [key for key in ("base", "base_sha256", "four_bit", "name") if key not in facts]:
        raise WorkFailed(f"{distill / FACTS} does not say {', '.join(missing)}.", hint=ANEW)
    folder = distill / "adapter"
    peft = _whole(folder)
    weights = resolve(facts["base"], root=root)
    if weights.sha256 != facts["base_sha256"]:
        raise WorkFailed(
            f"The adapter was trained on another '{facts['base']}' (sha256 {facts['base_sha256'][:12]}…, "
            f"now {weights.sha256[:12]}…).",
            hint=f"Put the base back that it was trained on, or train anew: {ANEW}",
        )
    return Trained(folder, facts, peft, weights)


def load(trained: Trained, hardware: Hardware) -> PreTrainedModel:
    """Return the student in memory, exactly as it is evaluated: the same precision, the adapter put on.

    Raises:
        WorkFailed: the adapter does not fit its base, or memory does not suffice.
        UserError: this machine cannot hold the base as it was held in training.
    """
    four_bit = use_four_bit(trained.four_bit, hardware)
    base = unpacked(load_base(trained.weights, hardware, four_bit=four_bit), hardware)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of PEFT's own use of transformers
            return with_adapter(base, trained.folder).eval()
    except (RuntimeError, ValueError, KeyError) as error:
        raise WorkFailed(
            f"The adapter in {trained.folder} does not fit its base ({type(error).__name__}).", hint=ANEW
        ) from error


def _whole(folder: Path) -> dict[str, Any]:
    """Return the adapter's configuration; refuse an adapter that is cut off or of which a file is missing."""
    from safetensors import SafetensorError, safe_open

    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise WorkFailed(f"There is no whole adapter in {folder}: {name} is missing.", hint=ANEW)
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as tensors:
            count = len(list(tensors.keys()))
    except (SafetensorError, OSError) as error:
        raise WorkFailed(f"The adapter {folder / WEIGHTS} is damaged ({error}).", hint=ANEW) from error
    if not count:
        raise WorkFailed(f"The adapter {folder / WEIGHTS} holds no weights.", hint=ANEW)
    peft: dict[str, Any] = read_json(folder / CONFIG)
    return peft
