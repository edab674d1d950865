"""What a step of training computes, by objective: the one list that says how memory differs between them.

A row stands for a trainer. Its loss is run once without numbers (`kdvert.footprint.tracing`), so it says which tensors
there are; it has to make those that the trainer makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.students.tiling import tiled

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Step:
    """A step of an objective.

    Attributes:
        loss: (model with adapter, batch of ``input_ids``, ``attention_mask``, ``labels``) to the loss. The model's
            forward is TRL's, with ``fused_lm_head``.
        sequences: how many sequences a record of the batch stands for.
        reference: a copy of the adapter is kept as it was at the start.
        uncounted: what the trainer needs memory for beside it, completing "… is not counted".
    """

    loss: Callable[[Any, dict[str, Tensor]], Tensor]
    sequences: int = 1
    reference: bool = False
    uncounted: str = ""


def words(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return the loss of TRL's SFTTrainer: the vocabulary is gone through in tiles, no whole logits are made."""
    found = model(**batch, use_cache=False, fused_lm_head=True)
    found.entropy.detach().sum()
    found.is_top1.sum()
    loss: Tensor = -found.log_probs.sum() / found.label_mask.sum().clamp(min=1)
    return loss


def distributions(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return a loss on all logits, some positions at a time: log-probabilities in float32 over the whole vocabulary.

    Those of a batch in which every token is learned; the trainer leaves out prompts that no answer starts before.
    """
    import torch

    inputs = {name: value for name, value in batch.items() if name != "labels"}
    logits = model(**inputs, use_cache=False).logits
    words = batch["labels"].flatten()

    def some(rows: Tensor, these: slice) -> Tensor:
        logprobs = torch.log_softmax(rows, dim=1)
        ids = words[these][:, None].expand(-1, 64)
        kept, rest = logprobs.gather(1, ids), logprobs.scatter(1, ids, -torch.inf).logsumexp(dim=1)
        return -(kept.exp() * kept).sum() + (rest.exp() * rest).sum()

    return tiled(logits, torch.arange(words.numel(), device=words.device), some)


def pairs(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return a loss like that of TRL's DPOTrainer: two answers at once, and once more as it was before."""
    import torch

    mine = model(**batch, use_cache=False, fused_lm_head=True).log_probs.sum(-1)
    with torch.no_grad():
        before = model(**batch, use_cache=False, fused_lm_head=True).log_probs.sum(-1)
    chosen, rejected = (mine - before).chunk(2)
    loss: Tensor = -torch.nn.functional.logsigmoid(0.1 * (chosen - rejected)).mean()
    return loss


def compared(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return a loss like that of trainers with a teacher of the student's size: all logits of both, then divergence.

    Those of a batch in which every token is written by the student; the trainers leave out what stands before.
    """
    import torch

    inputs = {name: value for name, value in batch.items() if name != "labels"}
    student = model(**inputs, use_cache=False).logits[:, :-1]
    with torch.no_grad():
        teacher = torch.log_softmax(model(**inputs, use_cache=False).logits[:, :-1], dim=-1)
    loss: Tensor = (teacher.exp() * (teacher - torch.log_softmax(student, dim=-1))).sum(-1).mean()
    return loss


def answers(model: Any, batch: dict[str, Tensor]) -> Tensor:
    """Return a loss like that of TRL's GRPOTrainer: written answers, read once as it was before and once as it is."""
    import torch

    with torch.no_grad():
        before = model(**batch, use_cache=False, fused_lm_head=True).log_probs
    mine = model(**batch, use_cache=False, fused_lm_head=True)
    mine.entropy.detach().sum()
    apart = before - mine.log_probs
    loss: Tensor = (0.04 * (apart.exp() - apart - 1) - mine.log_probs).mean()
    return loss


STEPS: dict[str, Step] = {
    "sft": Step(words),
    "cpt": Step(words),
    "kl": Step(distributions),
    "preference": Step(pairs, sequences=2, reference=True),
    "hidden": Step(distributions, uncounted="what the teacher, its hidden states and the projection take"),
    "reinforce": Step(answers, reference=True, uncounted="what writing answers takes"),
    "cross_tokenizer": Step(compared, uncounted="what the teacher's weights and writing answers take"),
    "on_policy": Step(words, uncounted="what the teacher and writing answers take"),
    "privileged": Step(compared, uncounted="what writing answers and reading passages takes"),
}
