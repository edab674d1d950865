"""Training on kept distributions: a batch brings the teacher's side with it, read from the store as it is needed.

Rows are padded on the left, so that all answers end together and the logits of prompts need not be made: with a small
student they are most of the memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import IGNORED
from kdvert.distillation.objectives.contract import Parts, Row
from kdvert.features.divergence import Kept, Kind, divergence
from kdvert.features.store import Store
from kdvert.students.tiling import tiled

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Trainer

_TEACHER = "teacher_"
"""Stands before the names of the teacher's tensors in a batch."""


@dataclass(frozen=True)
class Reading:
    """How the teacher's side is read and weighed.

    Attributes:
        store: of distributions, in the student's own tokens.
        kind: of divergence.
        answer_share: weight of the loss on the answer's own tokens, from 0 to 1.
        pad: a token id to fill rows up with.
    """

    store: Store
    kind: Kind
    answer_share: float
    pad: int

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Return a batch.

        Returns:
            ``input_ids``, ``attention_mask``, ``position_ids`` and ``labels``, shape (rows, longest);  ``taught``,
            bool of the same shape: where a distribution is given; and its parts, row by row, a line a position.
        """
        import torch

        longest = max(len(row["input_ids"]) for row in rows)
        gaps = [longest - len(row["input_ids"]) for row in rows]
        mask = torch.tensor([[0] * gap + [1] * (longest - gap) for gap in gaps])
        labels = torch.tensor([[IGNORED] * gap + list(row["labels"]) for gap, row in zip(gaps, rows, strict=True)])
        known = torch.tensor([row.get("record") is not None for row in rows])
        return {
            "input_ids": torch.tensor(
                [[self.pad] * gap + list(row["input_ids"]) for gap, row in zip(gaps, rows, strict=True)]
            ),
            "attention_mask": mask,
            "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
            "labels": labels,
            "taught": (labels != IGNORED) & known[:, None],
            **self._teacher([row["record"] for row in rows if row.get("record") is not None]),
        }

    def _teacher(self, records: Sequence[str]) -> dict[str, Tensor]:
        import torch

        found = [Kept.of(self.store[name], power=self.store.header.power) for name in records]
        if not found:
            return {}
        return {f"{_TEACHER}{name}": torch.cat([getattr(one, name) for one in found]) for name in vars(found[0])}

    def loss(self, model: Any, batch: Mapping[str, Tensor], *, words_only: bool) -> tuple[Tensor, int]:
        """Return the sum of the loss over the batch's positions, in nats, and how many positions there are.

        Args:
            model: the student.
            batch: of `collate`.
            words_only: leave the teacher aside, as evaluation does: a held-out loss means the same for every objective.
        """
        import torch
        from torch.nn.functional import pad

        first = int((batch["labels"] != IGNORED).any(dim=0).nonzero()[0, 0])
        keep = batch["labels"].shape[1] - first + 1  # and the position that predicts the first
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids")}
        logits = model(**inputs, use_cache=False, logits_to_keep=keep).logits
        if logits.shape[1] > keep:  # of a model that does not heed it
            logits = logits[:, -keep:]
        labels = pad(batch["labels"][:, -keep + 1 :], (0, 1), value=IGNORED).flatten()
        taught = pad(batch["taught"][:, -keep + 1 :], (0, 1), value=False).flatten()
        positions = (labels != IGNORED).nonzero().squeeze(1)
        words, by_teacher = labels[positions], taught[positions]
        line = by_teacher.cumsum(0)  # of the teacher's tensors: one a position that it teaches

        def some(rows: Tensor, these: slice) -> Tensor:
            logprobs = torch.log_softmax(rows, dim=1)
            own = -logprobs.gather(1, words[these][:, None]).squeeze(1)
            led = by_teacher[these]
            if words_only or not led.any():
                return own.sum()
            lines = line[these][led] - 1
            kept = Kept(**{n.removeprefix(_TEACHER): v[lines] for n, v in batch.items() if n.startswith(_TEACHER)})
            share = self.answer_share
            apart = divergence(self.kind, kept, logprobs[led])
            return (1 - share) * apart.sum() + share * own[led].sum() + own[~led].sum()

        return tiled(logits, positions, some), len(positions)


def trainer(parts: Parts, reading: Reading) -> Trainer:
    """Return transformers' trainer with this loss: TRL has none for a teacher that is not there."""
    from transformers import Trainer, TrainingArguments

    class CachedTeacherTrainer(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            total, count = reading.loss(model, inputs, words_only=not model.training)
            items = count if num_items_in_batch is None else num_items_in_batch
            loss = total / items
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                loss = loss * self.accelerator.num_processes
            return (loss, {}) if return_outputs else loss

        def prediction_step(
            self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
        ) -> tuple[Any, None, None]:
            import torch

            with torch.no_grad():
                loss = self.compute_loss(model, self._prepare_inputs(inputs))
            return loss.detach(), None, None

    return CachedTeacherTrainer(
        model=parts.model,
        processing_class=parts.tokenizer,
        args=TrainingArguments(**parts.arguments, remove_unused_columns=False),
        train_dataset=list(parts.rows),
        eval_dataset=list(parts.validation) if parts.validation else None,
        data_collator=reading.collate,
        callbacks=list(parts.callbacks),
    )
