"""The two models that are compared: the base, and the student, which is the base with the adapter put on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kdvert.evaluation.requests import Request
from kdvert.evaluation.scoring import Outcome, score
from kdvert.hardware import Hardware
from kdvert.students.models import load_base, load_tokenizer, unpacked, with_adapter
from kdvert.weights import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

System = Literal["base", "student"]


class Systems:
    """The two models, in memory one after the other. They load when the first batch needs them.

    Both hold the very same base weights: what is measured is the adapter, not a loss of precision.
    """

    def __init__(self, weights: Weights, hardware: Hardware, four_bit: bool, folder: Path, max_new_tokens: int) -> None:
        self.weights, self.hardware, self.four_bit, self.folder = weights, hardware, four_bit, folder
        self.max_new_tokens = max_new_tokens
        self.tokenizer = load_tokenizer(weights)
        self.pad = int(self.tokenizer.pad_token_id or 0)
        self.loaded: System | None = None
        self.model: PreTrainedModel | None = None

    def scorer(self, system: System) -> Callable[[Sequence[Request]], list[Outcome]]:
        """Return the function that scores a batch with ``system``."""
        return lambda batch: score(batch, self.holding(system), self.tokenizer, self.max_new_tokens)

    def holding(self, system: System) -> PreTrainedModel:
        """Return the model of ``system``; the base must be asked before the student."""
        if self.model is None:
            base = load_base(self.weights, self.hardware, four_bit=self.four_bit)
            self.model, self.loaded = unpacked(base, self.hardware).eval(), "base"
        if system == "student" and self.loaded == "base":
            self.model, self.loaded = with_adapter(self.model, self.folder), "student"
        assert self.loaded == system, "the base is asked before the adapter is put on"
        return self.model
