"""A model that stands beside the student while it learns: teacher of `on_policy`, `cross_tokenizer` and `hidden`.

It is found before anything is trained, and loaded when its phase begins.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kdvert.distillation import sharding
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Material, Phase
from kdvert.errors import UserError
from kdvert.features.vocabulary import tokenizer_sha256
from kdvert.hardware import probe
from kdvert.students.models import FourBit, load_base, load_tokenizer, unpacked, use_four_bit
from kdvert.weights import Weights, resolve

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class LocalTeacher:
    """A teacher that is at hand.

    Attributes:
        weights: its weights on this machine.
        material: what it is to teach.
    """

    def __init__(self, ref: str, material: Material) -> None:
        """Find the model ``ref``, fetching it on first use.

        Raises:
            UserError: the reference names no model, or its tokenizer cannot be loaded.
            WorkFailed: it cannot be fetched.
        """
        self.weights = resolve(ref, root=material.root)
        self.material = material

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        return load_tokenizer(self.weights)

    @property
    def other_tokenizer(self) -> str:
        """Say that it cuts text into other tokens than the student does; empty if it does not."""
        own, theirs = (tokenizer_sha256(one) for one in (self.material.tokenizer, self.tokenizer))
        if own == theirs:
            return ""
        return (
            f"The teacher '{self.weights.ref}' has another tokenizer than the student "
            f"(sha256 {theirs[:12]}… and {own[:12]}…)."
        )

    @property
    def other_tokens(self) -> str:
        """Say why its distributions are not over the student's tokens; empty if they are."""
        if self.other_tokenizer:
            return self.other_tokenizer
        student = resolve(self.material.settings.student, root=self.material.root)
        sizes = [_vocabulary(one) for one in (student, self.weights)]
        if sizes[0] != sizes[1]:
            return (
                f"The teacher '{self.weights.ref}' gives likelihoods for {sizes[1]:,} tokens, the student for "
                f"{sizes[0]:,}."
            )
        return ""

    def load(self, four_bit: FourBit, *, sharded: bool = False) -> PreTrainedModel:
        """Return the model, as a student's base is held, and nothing of it to be trained.

        Args:
            four_bit: as in the settings.
            sharded: cut it into shards, one a process.

        Raises:
            UserError: it is damaged, or of a kind that transformers does not know, or this machine has no 4 bits.
            WorkFailed: it does not fit into memory.
        """
        hardware = probe()
        packed = use_four_bit(four_bit, hardware)
        if not sharded:
            return _frozen(unpacked(load_base(self.weights, hardware, four_bit=packed), hardware))
        with sharding.in_turn():
            model = _frozen(load_base(self.weights, hardware, four_bit=packed, to_shard=True))
            sharding.shard(model, hardware)
        return model


def _frozen(model: PreTrainedModel) -> PreTrainedModel:
    model.eval()
    model.requires_grad_(False)
    return model


def without_teacher(name: str, material: Material, problem: str, *, fall_back: bool, instead: str) -> Phase:
    """Return the phase of the words alone, for an objective whose teacher does not fit; it says why.

    Args:
        name: of the objective.
        material: what there is to learn from.
        problem: why the teacher does not fit, as a sentence.
        fall_back: whether the project allows it.
        instead: what a user might take in its place.

    Raises:
        UserError: it does not.
    """
    if not fall_back:
        raise UserError(
            f"{problem} The objective {name} cannot learn from it.",
            hint=f"{instead}, or set {name}.fall_back: true to learn the words of the records instead.",
        )
    note = f"{name}: {problem} Trained on the teacher's words alone, as {name}.fall_back allows."
    return replace(sft.phase(material), name=name, notes=[note])


def _vocabulary(weights: Weights) -> int:
    from transformers import AutoConfig

    config: Any = AutoConfig.from_pretrained(weights.path, local_files_only=True)
    return int(config.get_text_config().vocab_size)
