"""Distillation from oneself with privileged context: the teacher is the base itself, shown the passages of a record.

The student is asked as evaluation asks it, without passages, and writes an answer; the base, its adapter off, reads
the same answer behind the same question with the passages, and the student moves to what it holds likely. One model
is in memory. Shenfeld et al., *Self-Distillation Enables Continual Learning*, arXiv 2601.19897, through TRL's SDFT.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import LeftOut
from kdvert.distillation.objective_settings import Privileged
from kdvert.distillation.objectives.contract import Material, Parts, Phase, Row
from kdvert.distillation.rollouts import ALPHA, experimental, full_batches, resumable, step_size
from kdvert.errors import UserError
from kdvert.records import Chunk, Example
from kdvert.students.prompts import Turn, last_answer, prompt_ids

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "privileged"
READS = ("index",)


def phase(material: Material) -> Phase:
    """Return the phase that learns from every record that rests on passages which the student does not see.

    Raises:
        UserError: there is no such record.
    """
    own = material.settings.privileged
    chunks = {chunk.id: chunk for chunk in material.passages}
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    shown: dict[str, Chunk] = {}
    for example in material.train.examples:
        passages = _passages(example, chunks)
        row = _row(example, passages, material)
        if problem := _problem(example, passages, row, material):
            left_out.append(problem)
        else:
            rows.append(row)
            shown |= {chunk.id: chunk for chunk in passages}
    if not rows:
        reasons = ", ".join(sorted({one.reason for one in left_out}))
        raise UserError(
            f"The objective privileged can use none of {len(material.train.examples)} records to train on ({reasons}).",
            hint="It needs records with evidence, and their passages in the index; raise "
            f"distill.privileged.max_length (now {own.max_length}) if they are too long.",
        )
    return Phase(
        NAME, rows, (), _trainer(own), own.epochs, own.learning_rate, left_out=left_out,
        passages=list(shown.values()),
    )  # fmt: skip


def _passages(example: Example, chunks: Mapping[str, Chunk]) -> list[Chunk]:
    return [chunks[name] for name in dict.fromkeys(e.chunk_id for e in example.evidence) if name in chunks]


def _row(example: Example, passages: Sequence[Chunk], material: Material) -> dict[str, list[Turn]]:
    """Return the turns before the last answer as the student reads them, and as the teacher does."""
    plain = material.prompts.turns(example)
    with_passages = material.prompts.turns(example, passages=[chunk.text for chunk in passages])
    last = last_answer(plain)
    return {"prompt": plain[:last], "privileged_context": with_passages[:last]}


def _problem(
    example: Example, passages: Sequence[Chunk], row: Mapping[str, list[Turn]], material: Material
) -> LeftOut | None:
    own = material.settings.privileged
    if example.context:
        return LeftOut(example_id=example.id, reason="passages_already_shown")
    if not passages:
        return LeftOut(example_id=example.id, reason="passage_missing" if example.evidence else "no_passage")
    length = len(prompt_ids(material.tokenizer, row["privileged_context"])) + own.max_new_tokens
    if length > own.max_length:
        detail = f"{length} tokens with passages and answer, privileged.max_length is {own.max_length}"
        return LeftOut(example_id=example.id, reason="passages_too_long", detail=detail)
    return None


def _trainer(own: Privileged) -> Callable[[Parts], Trainer]:
    """Return what makes the trainer."""

    def make(parts: Parts) -> Trainer:
        from datasets import Dataset

        # it warns that the teacher will be the base without the adapter: as it should be
        logging.getLogger("trl.experimental.sdft.sdft_trainer").setLevel(logging.ERROR)
        trainer, config, builder = experimental(
            "sdft.sdft_trainer", "SDFTTrainer", "SDFTConfig", "DemonstrationTeacherContextBuilder"
        )

        class Context(builder):  # type: ignore[misc, valid-type]
            """Takes the teacher's conversation as kdvert words it, where TRL would glue two texts together."""

            def _compose_teacher_prompt(self, prompt: Any, privileged_context: Any) -> Any:
                return privileged_context

        args = config(
            **parts.arguments,
            teacher_model_kind="base",  # the adapter off: no second model
            generate_from_teacher=own.writer == "teacher",
            distillation_alpha=ALPHA[own.divergence],
            distillation_mode="full_logits" if own.topk is None else "topk_logits",
            distillation_topk=own.topk,
            distillation_add_tail=True,  # else what is outside of the likeliest tokens would not count at all
            num_generations=1,
            temperature=own.temperature,
            max_completion_length=own.max_new_tokens,
            max_prompt_length=None,  # too long ones were left out, with a reason
            disable_dropout=False,  # the project has a setting for it
        )
        made: Trainer = resumable(trainer, "prompt_mask", "completion_mask")(
            model=parts.model,
            processing_class=parts.tokenizer,
            args=args,
            train_dataset=Dataset.from_list(full_batches(parts.rows, step_size(args))),
            callbacks=list(parts.callbacks),
        )
        made.teacher_context_builder = Context(made)  # type: ignore[attr-defined]
        return made

    return make
