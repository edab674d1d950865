"""What an objective is: a module that turns what there is to learn from into a phase of training.

Every objective module exposes ``READS``, the stages beside ``filter`` whose output it needs, and ``phase``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kdvert.distillation.data import Encoded, LeftOut
from kdvert.distillation.packing import Packing
from kdvert.distillation.rewards import Verifiers
from kdvert.distillation.settings import Settings
from kdvert.records import Chunk
from kdvert.students.prompts import Prompts
from kdvert.weights import Weights

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback

Row = Mapping[str, Any]
"""What one example of a phase is made of, as its trainer's collator takes it."""


@dataclass(frozen=True)
class Material:
    """What there is to learn from.

    Attributes:
        train: accepted records to train on.
        validation: held-out ones.
        tokenizer: the student's.
        prompts: how the student is asked.
        settings: of the training.
        passages: of the index, without those of held-out documents.
        features: the folder of the teacher's token distributions; None if there is none.
        verifiers: what answers of the student are judged with; None if no objective asks for them.
        packing: how records lie in a batch.
        root: the folder that relative paths of models start from; None for the current one.
    """

    train: Encoded
    validation: Encoded
    tokenizer: PreTrainedTokenizerBase
    prompts: Prompts
    settings: Settings
    passages: Sequence[Chunk] = ()
    features: Path | None = None
    verifiers: Verifiers | None = None
    packing: Packing = "none"
    root: Path | None = None


@dataclass(frozen=True)
class Parts:
    """What a trainer is made of.

    Attributes:
        model: the base with its adapter.
        tokenizer: of the base.
        arguments: of `transformers.TrainingArguments`; objectives add their own.
        rows: to train on.
        validation: to measure on; None for none.
        callbacks: of the backend.
        sharded: whether the base lies in shards, one a process; a teacher beside it does likewise.
    """

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase
    arguments: Mapping[str, Any]
    rows: Any
    validation: Any
    callbacks: Sequence[TrainerCallback]
    sharded: bool = False


@dataclass(frozen=True)
class Phase:
    """One objective, ready to be trained.

    Attributes:
        name: the objective's.
        rows: to train on.
        validation: to measure on; may be empty.
        trainer: makes the trainer.
        epochs: how often each row is seen.
        learning_rate: peak of the cosine schedule.
        left_out: what cannot be learned from, with reason codes.
        passages: ids of passages that are learned from beside the records.
        notes: what a user has to know of it, in sentences.
        steps: of an epoch; None if a step holds ``batch_size`` rows.
        teachers: models beside the student that it learns from.
        words: rows are token ids with labels, and one of nothing more is learned word for word: a canary may join them.
    """

    name: str
    rows: Sequence[Row]
    validation: Sequence[Row]
    trainer: Callable[[Parts], Trainer]
    epochs: int
    learning_rate: float
    left_out: Sequence[LeftOut] = ()
    passages: Sequence[Chunk] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    steps: int | None = None
    teachers: Sequence[Weights] = ()
    words: bool = False


class Objective(Protocol):
    """The shape of an objective module."""

    READS: tuple[str, ...]

    def phase(self, material: Material) -> Phase:
        """Return the phase.

        Raises:
            UserError, WorkFailed: there is nothing that it could learn from.
        """
