"""Does an exported model answer like the one that was evaluated? Both are put the same prompts, logit by logit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import WorkFailed
from kdvert.exporting.contract import Job, Probe
from kdvert.records import EvalItem, Example, Record
from kdvert.store import iter_jsonl
from kdvert.students.prompts import Prompts, Turn, UnstableTemplate, conversation_ids, prompt_ids

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PROMPTS = 10
LEAST = 0.97
"""Share of positions at which both must find the same token likeliest. Rounding to 16 bits changes near ties only;
merging into the wrong weights gave 0.73 (the default student, merged into the base before it was rounded to nf4)."""

_LONGEST = 1024  # tokens of a probe: logits of more would fill the memory of a small machine


class Agreement(Record):
    """How two models agree.

    Attributes:
        prompts: how many conversations were put to both.
        positions: how many tokens of their answers were predicted.
        top1: share of the positions at which both find the same token likeliest.
        max_difference: the largest difference of a logit, of those that either finds likeliest.
        mean_difference: the mean of these differences.
    """

    prompts: int
    positions: int
    top1: float
    max_difference: float
    mean_difference: float


def probes(job: Job, tokenizer: PreTrainedTokenizerBase) -> list[Probe]:
    """Return ten conversations: held-out questions with their answers, then records, those held out first.

    Raises:
        WorkFailed: the project holds none that the student can read.
    """
    found: list[Probe] = []
    for turns in _conversations(job.prompts, job.work):
        probe = _probe(tokenizer, turns)
        if probe and probe not in found:
            found.append(probe)
        if len(found) == PROMPTS:
            return found
    if not found:
        raise WorkFailed("There is no question to compare the exported student on.", hint="kdvert run --from evaluate")
    return found


def logits(model: PreTrainedModel, asked: Iterable[Probe]) -> list[Tensor]:
    """Return the logits where ``model`` predicts the answer of each probe: float32 of (answer tokens, vocabulary)."""
    import torch

    found = []
    with torch.inference_mode():
        for probe in asked:
            ids = torch.tensor([probe.ids[:-1]], device=model.device)
            keep = len(probe.ids) - probe.start
            found.append(model(input_ids=ids, logits_to_keep=keep).logits[0, -keep:].float().cpu())
    return found


def compare(evaluated: Sequence[Tensor], exported: Sequence[Tensor]) -> Agreement:
    """Return how two models agree, by what `logits` gave for each.

    Raises:
        WorkFailed: their vocabularies differ.
    """
    import torch

    same, largest, total, positions = 0, 0.0, 0.0, 0
    for one, other in zip(evaluated, exported, strict=True):
        if one.shape[1] > other.shape[1]:
            raise WorkFailed(f"The exported model knows {other.shape[1]} tokens, the evaluated one {one.shape[1]}.")
        other = other[:, : one.shape[1]]  # some formats pad the vocabulary
        first, second = one.argmax(dim=1), other.argmax(dim=1)
        chosen = torch.stack([first, second], dim=1)
        apart = (one.gather(1, chosen) - other.gather(1, chosen)).abs()
        same += int((first == second).sum())
        largest, total = max(largest, float(apart.max())), total + float(apart.mean(dim=1).sum())
        positions += len(one)
    return Agreement(
        prompts=len(evaluated),
        positions=positions,
        top1=round(same / positions, 4),
        max_difference=round(largest, 6),
        mean_difference=round(total / positions, 6),
    )


def require(agreement: Agreement, what: str, least: float | None = None) -> None:
    """Refuse an export that answers otherwise than the student that was evaluated.

    Args:
        agreement: what `compare` found.
        what: what is refused.
        least: the share of likeliest tokens that must be the same, if not `LEAST`.

    Raises:
        WorkFailed: fewer are the same.
    """
    least = LEAST if least is None else least
    if agreement.top1 < least:
        raise WorkFailed(
            f"{what} does not answer like the student that was evaluated: it finds the same token likeliest at "
            f"{agreement.top1:.0%} of {agreement.positions} positions ({least:.0%} are asked for; largest difference "
            f"of a logit {agreement.max_difference:.3g}). Nothing was written.",
            hint="kdvert export --to adapter hands on the very weights that were evaluated.",
            details=agreement.model_dump(),
        )


def _conversations(prompts: Prompts, work: Path) -> Iterator[list[Turn]]:
    items = work / "evaluate" / "items.jsonl"
    for item in iter_jsonl(items, EvalItem) if items.is_file() else ():
        yield [*prompts.ask(item.question), {"role": "assistant", "content": item.answer.strip()}]
    for name in ("validation", "train"):
        path = work / "distill" / f"{name}.jsonl"
        for example in iter_jsonl(path, Example) if path.is_file() else ():
            yield prompts.turns(example)


def _probe(tokenizer: PreTrainedTokenizerBase, turns: list[Turn]) -> Probe | None:
    try:
        tokens = conversation_ids(tokenizer, turns)
    except UnstableTemplate:
        return None
    start = len(prompt_ids(tokenizer, turns[:-1]))
    fits = start < len(tokens.ids) <= _LONGEST
    return Probe(tokens.ids, start) if fits else None


def plain(agreement: Agreement | None, reason: str = "") -> dict[str, Any]:
    """Return what ``export.json`` says of a comparison; of one that could not be made, why."""
    return {"made": False, "reason": reason} if agreement is None else {"made": True, **agreement.model_dump()}
