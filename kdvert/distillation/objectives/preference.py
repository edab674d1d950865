"""Rank optimization: prefer the right answer of a record to the wrong one that the teacher wrote beside it.

DPO (arXiv 2305.18290) looks at pairs, KTO (arXiv 2402.01306) at single answers; both through TRL. What the student is
held to is the student as it was when the phase began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import LeftOut
from kdvert.distillation.objectives.contract import Material, Parts, Phase, Row
from kdvert.errors import UserError
from kdvert.records import Example
from kdvert.students.prompts import Turn, UnstableTemplate, conversation_ids

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "preference"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that learns every pair.

    Raises:
        UserError: no record to train on has a rejected answer.
    """
    own = material.settings.preference
    pairs: list[Row] = []
    left_out: list[LeftOut] = []
    for example in material.train.examples:
        if not example.rejected:
            continue
        pair = _pair(example, material)
        if problem := _problem(pair, material):
            left_out.append(LeftOut(example_id=example.id, reason=problem))
        else:
            pairs.append(pair)
    if not pairs:
        raise UserError(
            f"The objective preference needs records with a rejected answer; of {len(material.train.examples)} to "
            f"train on {f'{len(left_out)} have one and none fits' if left_out else 'none has one'}.",
            hint="Ask for some with elicit.mix: {strategy: curation, skill: preference}, or take preference out of "
            "distill.objective.",
        )
    rows = pairs if own.loss == "dpo" else [row for pair in pairs for row in _apart(pair)]
    trainer = _trainer(own.loss, own.beta)
    return Phase(NAME, rows, (), trainer, own.epochs, own.learning_rate, left_out=left_out)


def _pair(example: Example, material: Material) -> dict[str, list[Turn]]:
    """Return the turns before the last answer, that answer, and the one in its place."""
    turns = material.prompts.turns(example)
    wrong = [{"role": "assistant", "content": m.content.strip()} for m in example.rejected]
    return {"prompt": turns[: -len(wrong)], "chosen": turns[-len(wrong) :], "rejected": wrong}


def _problem(pair: Mapping[str, list[Turn]], material: Material) -> str | None:
    try:
        lengths = [
            len(conversation_ids(material.tokenizer, [*pair["prompt"], *pair[side]]).ids)
            for side in ("chosen", "rejected")
        ]
    except UnstableTemplate:
        return "unstable_chat_template"
    return "pair_too_long" if max(lengths) > material.settings.max_length else None


def _apart(pair: Mapping[str, list[Turn]]) -> Iterator[Row]:
    yield {"prompt": pair["prompt"], "completion": pair["chosen"], "label": True}
    yield {"prompt": pair["prompt"], "completion": pair["rejected"], "label": False}


def _trainer(loss: str, beta: float) -> Callable[[Parts], Trainer]:
    """Return what makes the trainer of ``loss``."""

    def make(parts: Parts) -> Trainer:
        import trl

        kinds = {"dpo": (trl.DPOTrainer, trl.DPOConfig), "kto": (trl.KTOTrainer, trl.KTOConfig)}
        trainer, config = kinds[loss]
        made: Trainer = trainer(
            model=parts.model,
            processing_class=parts.tokenizer,
            args=config(**parts.arguments, beta=beta, max_length=None),
            train_dataset=_dataset(parts),
            callbacks=list(parts.callbacks),
        )
        return made

    return make


def _dataset(parts: Parts) -> Any:
    from datasets import Dataset

    return Dataset.from_list([dict(row) for row in parts.rows])
