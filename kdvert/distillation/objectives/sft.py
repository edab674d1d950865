"""Sequence-level distillation: learn the teacher's answers word for word, by TRL's SFTTrainer.

Only what the assistant wrote is learned. It is the oldest form: Kim and Rush, arXiv 1606.07947.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from kdvert.distillation.data import Encoded, labels
from kdvert.distillation.objectives.contract import Material, Parts, Phase, Row
from kdvert.distillation.packing import LENGTHS, Packing, laid

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "sft"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that learns every record."""
    own = material.settings
    learned = laid(rows(material.train), material.packing, own.max_length)
    made = partial(trainer, packing=material.packing)
    return Phase(NAME, learned, rows(material.validation), made, own.epochs, own.learning_rate, words=True)


def rows(some: Encoded) -> list[Row]:
    """Return records as token ids with labels."""
    return [{"input_ids": t.ids, "labels": labels(t)} for t in some.rows]


def trainer(parts: Parts, packing: Packing = "none") -> Trainer:
    """Return TRL's trainer for rows of token ids with labels."""
    from trl import SFTConfig, SFTTrainer

    free = packing != "none"
    # such a batch has no mask, by which padding is told from the end of a text: and it has no padding
    counted = {"include_num_input_tokens_seen": "all"} if free else {}
    return SFTTrainer(
        model=parts.model,
        processing_class=parts.tokenizer,
        # too long records were left out, with a reason
        args=SFTConfig(**{**parts.arguments, **counted}, max_length=None, padding_free=free),
        train_dataset=_dataset(parts.rows),
        eval_dataset=_dataset(parts.validation) if parts.validation else None,
        callbacks=list(parts.callbacks),
    )


def _dataset(some: Sequence[Row]) -> object:
    from datasets import Dataset

    columns = {name: [row[name] for row in some] for name in ("input_ids", "labels")}
    if any(LENGTHS in row for row in some):
        columns[LENGTHS] = [row.get(LENGTHS) or [len(row["input_ids"])] for row in some]
    return Dataset.from_dict(columns)
