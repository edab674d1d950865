"""Distillation of hidden states: the student's layers move to those of a larger model at the same height.

A learned projection carries the student's width to the teacher's; it is trained with the adapter and thrown away after
the phase. As in DistilBERT (arXiv 1910.01108, cosine) and TinyBERT (arXiv 1909.10351, squares, layers evenly spaced).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.distillation.local_teacher import LocalTeacher, without_teacher
from kdvert.distillation.objective_settings import HiddenStates
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Material, Parts, Phase

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "hidden"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that reads every record beside the teacher.

    Raises:
        UserError: the teacher is no model, or has another tokenizer, and ``hidden.fall_back`` is off.
        WorkFailed: the teacher cannot be fetched.
    """
    own = material.settings.hidden
    teacher = LocalTeacher(str(own.teacher), material)
    if problem := teacher.other_tokenizer:
        instead = "Take a teacher of the student's family"
        return without_teacher(NAME, material, problem, fall_back=own.fall_back, instead=instead)
    return Phase(
        NAME, sft.rows(material.train), sft.rows(material.validation), _Maker(own, teacher), own.epochs,
        own.learning_rate, teachers=[teacher.weights], words=own.answer_share > 0,
    )  # fmt: skip


@dataclass(frozen=True)
class _Maker:
    """Makes the trainer."""

    own: HiddenStates
    teacher: LocalTeacher

    def __call__(self, parts: Parts) -> Trainer:
        from kdvert.distillation.beside_teacher import trainer

        return trainer(parts, self.teacher.load(self.own.four_bit, sharded=parts.sharded), self.own)
