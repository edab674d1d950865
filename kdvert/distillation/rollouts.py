"""What trainers have in common whose student writes answers while it learns: full batches, tokens counted, one model.

TRL's trainers of this kind drop rows that do not fill a batch, count no tokens, since a batch reaches them as text, and
go on in another order than they were killed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from kdvert import versions
from kdvert.distillation.objectives.contract import Material, Row
from kdvert.errors import UserError
from kdvert.features.divergence import Kind
from kdvert.students.prompts import Turn, last_answer

if TYPE_CHECKING:
    from transformers import TrainingArguments

ALPHA: Mapping[Kind, float] = {"forward": 0.0, "jensen_shannon": 0.5, "reverse": 1.0}
"""What TRL calls divergences: where they stand between KL(teacher | student) and KL(student | teacher)."""

_TESTED = "trl>=1.16,<1.17"
"""Versions whose experimental trainers were tried: TRL changes them without notice."""


def experimental(module: str, *names: str) -> list[Any]:
    """Return classes of one of TRL's experimental modules.

    Raises:
        UserError: the installed TRL does not have them.
    """
    try:
        found = import_module(f"trl.experimental.{module}")
        return [getattr(found, name) for name in names]
    except (ImportError, AttributeError) as error:
        installed = versions.installed("trl").get("trl", "of no version")
        raise UserError(
            f"The installed trl {installed} has no usable trl.experimental.{module} ({error}).",
            hint=f'pip install "{_TESTED}", or take the objective out of distill.objective.',
        ) from error


def questions(material: Material) -> list[list[Turn]]:
    """Return the turns before the last answer of each record that is trained on, as the student is asked."""
    asked = (material.prompts.turns(example) for example in material.train.examples)
    return [turns[: last_answer(turns)] for turns in asked]


def step_size(args: TrainingArguments) -> int:
    """Return how many rows a step of the optimizer takes, over all processes."""
    return int(args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size)


def full_batches(rows: Sequence[Row], size: int) -> list[dict[str, Any]]:
    """Return ``rows``, and the first of them again until every batch of ``size`` is full: none is dropped then."""
    missing = -len(rows) % size
    return [dict(row) for row in (*rows, *islice(cycle(rows), missing))]


def resumable(trainer: type[Any], *masks: str) -> type[Any]:
    """Return ``trainer`` counting the tokens that the student reads, and going on where a killed run was.

    TRL's sampler draws the order of an epoch behind that of the one before, so a run that goes on in the second would
    draw the first again. Here an epoch's order follows from seed and epoch.

    Args:
        trainer: a trainer whose batches are made while it trains.
        masks: names in such a batch; each is 1 where a token is none of the padding.
    """

    class Resumable(trainer):  # type: ignore[misc]
        def compute_loss(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
            if model.training:
                read = sum(inputs[mask].sum() for mask in masks)
                self.state.num_input_tokens_seen += int(self.accelerator.gather(read).sum())
            return super().compute_loss(model, inputs, *more, **named)

        def _track_num_input_tokens(self, inputs: Any) -> None:
            """Count nothing here: what comes in is not yet what the student reads."""

        def _get_train_sampler(self, dataset: Any = None) -> Any:
            sampler = super()._get_train_sampler(dataset)
            sampler.set_epoch = lambda epoch: sampler.generator.manual_seed(sampler.seed + epoch)  # accelerate calls it
            return sampler

    return Resumable
