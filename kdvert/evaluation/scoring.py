"""Put a batch of requests to a model: likelihoods of given answers, and answers of its own.

Each prompt is read once. Its attention cache then serves the reference answer, every choice and the free answer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.evaluation.metrics import token_f1
from kdvert.evaluation.requests import Request
from kdvert.records import Record

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedModel, PreTrainedTokenizerBase

_CELLS = 1024  # rows times tokens whose logits are held at once; 50,000 numbers each


class Outcome(Record):
    """What came out for one request; a value that could not be had is None.

    ``nll`` is in nats per token over ``answer_tokens`` tokens of the reference answer. ``answer`` is the model's own
    text, or the choice it finds likeliest.
    """

    item_id: str
    answer: str | None = None
    nll: float | None = None
    answer_tokens: int = 0
    f1: float | None = None
    correct: float | None = None


@dataclass(frozen=True)
class _Read:
    """Prompts that were read, but for the last token of each, padded on the left."""

    cache: Cache
    mask: torch.Tensor
    last: torch.Tensor


def score(
    requests: Sequence[Request], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_new_tokens: int
) -> list[Outcome]:
    """Score a batch; the outcomes are in the order of the requests. Decoding is greedy."""
    import torch

    usable = [r for r in requests if r.problem is None]
    if not usable:
        return [Outcome(item_id=r.item.id) for r in requests]
    with torch.inference_mode():
        read = _read(usable, model, tokenizer)
        wanted = [(row, ids) for row, r in enumerate(usable) for ids in (r.answer, *r.options)]
        sums = iter(_log_likelihoods(wanted, read, model, tokenizer))
        likelihoods = [[next(sums) for _ in range(1 + len(r.options))] for r in usable]
        open_rows = [row for row, r in enumerate(usable) if not r.options]
        texts = dict(zip(open_rows, _write(open_rows, read, usable, model, tokenizer, max_new_tokens), strict=True))
    outcomes = {r.item.id: _outcome(r, likelihoods[row], texts.get(row)) for row, r in enumerate(usable)}
    return [outcomes.get(r.item.id) or Outcome(item_id=r.item.id) for r in requests]


def _outcome(request: Request, sums: list[float], text: str | None) -> Outcome:
    item, count = request.item, len(request.answer)
    nll = -sums[0] / count
    if text is not None:
        return Outcome(
            item_id=item.id, answer=text, nll=_finite(nll), answer_tokens=count, f1=token_f1(text, item.answer)
        )
    means = [total / len(ids) if ids else -math.inf for total, ids in zip(sums[1:], request.options, strict=True)]
    choices = item.choices or []
    best = choices[max(range(len(means)), key=lambda i: means[i])] if all(map(math.isfinite, means)) else None
    correct = float(best == item.answer) if best is not None and item.answer in choices else None
    return Outcome(item_id=item.id, answer=best, nll=_finite(nll), answer_tokens=count, correct=correct)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _read(requests: Sequence[Request], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> _Read:
    import torch

    longest = max(len(r.prompt) for r in requests)
    pad = tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (longest - len(r.prompt)) + r.prompt for r in requests], device=model.device)
    mask = torch.tensor([[0] * (longest - len(r.prompt)) + [1] * len(r.prompt) for r in requests], device=model.device)
    read = model(
        input_ids=ids[:, :-1],
        attention_mask=mask[:, :-1],
        position_ids=(mask.cumsum(1) - 1).clamp(min=0)[:, :-1],
        use_cache=True,
        logits_to_keep=1,
    )
    return _Read(read.past_key_values, mask[:, :-1], ids[:, -1:])


def _log_likelihoods(
    wanted: Sequence[tuple[int, list[int]]], read: _Read, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> list[float]:
    """Return the summed log-likelihood, in nats, of each (row of the batch, tokens), in order."""
    sums = [0.0] * len(wanted)
    for numbers in _parts(wanted):
        rows = [wanted[n][0] for n in numbers]
        totals = _continue(rows, [wanted[n][1] for n in numbers], read, model, tokenizer.pad_token_id)
        for number, total in zip(numbers, totals, strict=True):
            sums[number] = total
    return sums


def _parts(wanted: Sequence[tuple[int, list[int]]]) -> Iterator[list[int]]:
    """Yield indices of ``wanted`` in parts of like length, small enough for their logits to fit."""
    part: list[int] = []
    for number in sorted((n for n, (_, ids) in enumerate(wanted) if ids), key=lambda n: len(wanted[n][1])):
        if part and (len(part) + 1) * len(wanted[number][1]) > _CELLS:
            yield part
            part = []
        part.append(number)
    if part:
        yield part


def _continue(
    rows: Sequence[int], answers: Sequence[list[int]], read: _Read, model: PreTrainedModel, pad: int
) -> list[float]:
    import torch

    device, longest = model.device, max(map(len, answers))
    index = torch.tensor(rows, device=device)
    targets = torch.tensor([a + [pad] * (longest - len(a)) for a in answers], device=device)
    real = torch.tensor([[1] * len(a) + [0] * (longest - len(a)) for a in answers], device=device)
    cache = copy.deepcopy(read.cache)
    cache.batch_select_indices(index)
    mask = read.mask[index]
    # the last token of the prompt predicts the first of the answer, and so on
    inputs = torch.cat([read.last[index], targets[:, :-1]], dim=1)
    logits = model(
        input_ids=inputs,
        attention_mask=torch.cat([mask, torch.ones_like(inputs)], dim=1),
        position_ids=mask.sum(1, keepdim=True) + torch.arange(longest, device=device),
        past_key_values=cache,
        use_cache=True,
    ).logits
    chosen = torch.log_softmax(logits.float(), dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    totals: list[float] = (chosen * real).sum(dim=1).tolist()
    return totals


def _write(
    rows: Sequence[int],
    read: _Read,
    requests: Sequence[Request],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    max_new_tokens: int,
) -> list[str]:
    """Let the model answer in its own words. Uses up the cache."""
    import torch

    if not rows:
        return []
    index = torch.tensor(rows, device=model.device)
    read.cache.batch_select_indices(index)
    mask = torch.cat([read.mask[index], torch.ones_like(read.last[index])], dim=1)
    longest = mask.shape[1]
    pad = tokenizer.pad_token_id
    prompts = [[pad] * (longest - len(requests[row].prompt)) + requests[row].prompt for row in rows]
    generate: Any = model.generate  # typed as a tensor
    written = generate(
        input_ids=torch.tensor(prompts, device=model.device),
        attention_mask=mask,
        past_key_values=read.cache,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        pad_token_id=pad,
        eos_token_id=tokenizer.eos_token_id,
    )
    texts = tokenizer.batch_decode(written[:, longest:], skip_special_tokens=True)
    return [text.strip() for text in texts]
