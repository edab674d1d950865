"""On-policy distillation: a teacher on this machine judges, token by token, answers that the student writes itself.

So the student learns where its own answers lead it, and not only how the teacher would have begun. Agarwal et al.,
arXiv 2306.13649, through TRL's `DistillationTrainer`. The teacher counts in the student's tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.distillation.local_teacher import LocalTeacher, without_teacher
from kdvert.distillation.objective_settings import OnPolicy
from kdvert.distillation.objectives.contract import Material, Parts, Phase
from kdvert.distillation.rollouts import ALPHA, full_batches, questions, resumable, step_size

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "on_policy"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that asks the question of every record.

    Raises:
        UserError: the teacher is no model, or has other tokens than the student, and ``on_policy.fall_back`` is off.
        WorkFailed: the teacher cannot be fetched.
    """
    own = material.settings.on_policy
    teacher = LocalTeacher(str(own.teacher), material)
    if problem := teacher.other_tokens:
        instead = "Take a teacher of the student's family, or the objective cross_tokenizer"
        return without_teacher(NAME, material, problem, fall_back=own.fall_back, instead=instead)
    rows = [{"prompt": turns} for turns in questions(material)]
    return Phase(
        NAME, rows, (), _Maker(own, teacher), own.epochs, own.learning_rate, teachers=[teacher.weights],
    )  # fmt: skip


@dataclass(frozen=True)
class _Maker:
    """Makes the trainer."""

    own: OnPolicy
    teacher: LocalTeacher

    def __call__(self, parts: Parts) -> Trainer:
        from datasets import Dataset
        from trl import DistillationConfig, DistillationTrainer

        args = DistillationConfig(
            **parts.arguments,
            beta=ALPHA[self.own.divergence],
            temperature=self.own.temperature,
            max_completion_length=self.own.max_new_tokens,
        )
        made: Trainer = resumable(DistillationTrainer, "prompt_mask", "completion_mask")(
            model=parts.model,
            teacher_model=self.teacher.load(self.own.four_bit, sharded=parts.sharded),
            processing_class=parts.tokenizer,
            args=args,
            train_dataset=Dataset.from_list(full_batches(parts.rows, step_size(args))),
            callbacks=list(parts.callbacks),
        )
        return made
