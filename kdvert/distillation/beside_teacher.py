"""Training beside a teacher's hidden states: which layers are compared, how far apart they are, and the projection.

The projection is a part of the model while the phase lasts, so that optimizer, checkpoints and several processes know
it; PEFT saves an adapter without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import IGNORED
from kdvert.distillation.objective_settings import HiddenStates
from kdvert.distillation.objectives.contract import Parts
from kdvert.students.tiling import tiled

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleList
    from transformers import PreTrainedModel, Trainer

PROJECTION = "hidden_projection"
_FILE = "hidden_projection.safetensors"


def heights(layers: int, count: int) -> list[int]:
    """Return ``count`` of the numbers 1 to ``layers``, evenly spaced, the last among them; all if there are fewer."""
    some = min(count, layers)
    return [round(n * layers / some) for n in range(1, some + 1)]


def compared(student: Any, teacher: Any, count: int) -> list[tuple[int, int]]:
    """Return which layer of the student goes with which of the teacher; layers count from 1.

    Args:
        student: a model's configuration, likewise ``teacher``.
        teacher: see ``student``.
        count: of pairs, at most as many as the shallower of the two has layers.
    """
    sizes = [int(config.get_text_config().num_hidden_layers) for config in (student, teacher)]
    some = min(count, *sizes)
    return list(zip(heights(sizes[0], some), heights(sizes[1], some), strict=True))


def projection(student: Any, teacher: Any, pairs: int) -> ModuleList:
    """Return a matrix a pair from the student's width to the teacher's; where both are one, it changes nothing yet."""
    import torch

    own, wanted = (int(config.get_text_config().hidden_size) for config in (student, teacher))
    made = [torch.nn.Linear(own, wanted, bias=False) for _ in range(pairs)]
    if own == wanted:
        for one in made:
            torch.nn.init.eye_(one.weight)
    return torch.nn.ModuleList(made)


def apart(kind: str, student: Tensor, teacher: Tensor) -> Tensor:
    """Return how far apart hidden states are, one number a position.

    Args:
        kind: ``cosine`` gives 1 - cosine, from 0 to 2; ``mse`` the squared distance over the teacher's square.
        student: projected, shape (positions, teacher's width).
        teacher: likewise.
    """
    import torch

    student, teacher = student.float(), teacher.float()
    if kind == "cosine":
        return 1 - torch.cosine_similarity(student, teacher, dim=-1)
    return (student - teacher).square().sum(-1) / teacher.square().sum(-1).clamp(min=1e-12)


def loss(
    model: Any, teacher: PreTrainedModel, batch: Mapping[str, Tensor], pairs: list[tuple[int, int]], own: HiddenStates
) -> tuple[Tensor, int]:
    """Return the sum of the loss over positions before a learned token, and how many they are.

    Args:
        model: the student, perhaps in a wrapper for several processes.
        teacher: with the student's tokens.
        batch: ``input_ids``, ``attention_mask`` and ``labels``, shape (rows, longest).
        pairs: layers that are compared.
        own: settings.
    """
    import torch

    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = model(**inputs, use_cache=False, output_hidden_states=True)
    learned = batch["labels"][:, 1:] != IGNORED
    with torch.no_grad():
        held = teacher(**inputs, use_cache=False, output_hidden_states=True, logits_to_keep=1).hidden_states
    matrices = getattr(getattr(model, "module", model), PROJECTION)
    distance = sum(
        apart(own.similarity, one(found.hidden_states[mine][:, :-1][learned].float()), held[theirs][:, :-1][learned])
        for one, (mine, theirs) in zip(matrices, pairs, strict=True)
    )
    total = (1 - own.answer_share) * torch.as_tensor(distance).sum() / len(pairs)
    if own.answer_share:
        total = total + own.answer_share * words(found.logits, batch["labels"])[0]
    return total, int(learned.sum())


def words(logits: Tensor, labels: Tensor) -> tuple[Tensor, int]:
    """Return the sum of the loss on learned tokens, in nats, and how many they are."""
    import torch

    labels = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED).flatten()
    positions = (labels != IGNORED).nonzero().squeeze(1)

    def some(rows: Tensor, these: slice) -> Tensor:
        return torch.nn.functional.cross_entropy(rows, labels[positions[these]], reduction="sum")

    return tiled(logits, positions, some), len(positions)


def trainer(parts: Parts, teacher: PreTrainedModel, own: HiddenStates) -> Trainer:
    """Return transformers' trainer with this loss."""
    from safetensors.torch import load_model, save_model
    from transformers import Trainer, TrainingArguments
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    base: Any = parts.model.get_base_model()
    pairs = compared(base.config, teacher.config, own.layers)
    matrices = projection(base.config, teacher.config, len(pairs)).to(parts.model.device)
    setattr(parts.model, PROJECTION, matrices)

    class BesideTeacher(Trainer):
        def train(self, *arguments: Any, **named: Any) -> Any:
            try:
                return super().train(*arguments, **named)
            finally:
                delattr(parts.model, PROJECTION)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            total, count = loss(model, teacher, inputs, pairs, own)
            scaled = total / (count if num_items_in_batch is None else num_items_in_batch)
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                scaled = scaled * self.accelerator.num_processes
            return (scaled, {}) if return_outputs else scaled

        def prediction_step(
            self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
        ) -> tuple[Any, None, None]:
            """Measure the words alone: a held-out loss means the same for every objective."""
            import torch

            batch = self._prepare_inputs(inputs)
            with torch.no_grad():
                found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
                total, count = words(found.logits, batch["labels"])
            return total / count, None, None

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            super()._save(output_dir, state_dict)
            if self.args.should_save:  # beside shards, every process comes here
                save_model(matrices, str(Path(output_dir or str(self.args.output_dir)) / _FILE))

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            load_model(matrices, str(Path(resume_from_checkpoint) / _FILE))

    return BesideTeacher(
        model=parts.model,
        processing_class=parts.tokenizer,
        args=TrainingArguments(**parts.arguments, remove_unused_columns=False),
        train_dataset=[dict(row) for row in parts.rows],  # type: ignore[arg-type]
        eval_dataset=[dict(row) for row in parts.validation] if parts.validation else None,  # type: ignore[arg-type]
        data_collator=DataCollatorForLanguageModeling(int(parts.tokenizer.pad_token_id or 0)),
        callbacks=list(parts.callbacks),
    )
