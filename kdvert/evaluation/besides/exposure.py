"""How far a model has a canary by heart: its exposure, Carlini et al., *The Secret Sharer*, arXiv 1802.08232.

Exposure is log2 of the number of secrets that could have been drawn, less log2 of the rank of the one that was, by
likelihood. Nothing is estimated: a secret is two words of one token each, so all of them are ranked. A model that never
saw the canary gives 1.44 bits on average.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.records import Record
from kdvert.students.canaries import Canaries, Canary
from kdvert.students.prompts import Prompts, answer_ids, prompt_ids

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ROWS = 32  # first words read at once: each has a copy of the prompt's attention cache


class Exposure(Record):
    """What came out for one canary.

    Attributes:
        rank: of the secret among all that could have been drawn, 1 for the likeliest.
        secrets: how many that are.
        told: whether greedy decoding behind the question writes the whole answer, mark and secret.
    """

    rank: int
    secrets: int
    told: bool

    @property
    def bits(self) -> float:
        """The exposure."""
        return math.log2(self.secrets) - math.log2(self.rank)


@dataclass(frozen=True)
class Asked:
    """A canary as tokens.

    Attributes:
        prompt: up to where the assistant begins.
        answer: the whole answer, mark and secret.
        pool: the token of each word that could stand in a secret.
    """

    canary: Canary
    prompt: list[int]
    answer: list[int]
    pool: list[int]


def build(canaries: Canaries, tokenizer: PreTrainedTokenizerBase, prompts: Prompts) -> list[Asked]:
    """Return every canary as tokens."""
    made: list[Asked] = []
    pool: list[int] = []
    for canary in canaries.canaries:
        prompt, answer = _tokens(canary, tokenizer, prompts)
        if not pool:  # the same for all: each word is one token behind the mark
            words = (canary.model_copy(update={"words": (word, word)}) for word in canaries.pool)
            pool = [_tokens(one, tokenizer, prompts)[1][-1] for one in words]
        made.append(Asked(canary, prompt, answer, pool))
    return made


def _tokens(canary: Canary, tokenizer: PreTrainedTokenizerBase, prompts: Prompts) -> tuple[list[int], list[int]]:
    turns = canary.turns(prompts)
    return prompt_ids(tokenizer, turns[:-1]), answer_ids(tokenizer, turns[:-1], canary.answer)


def score(asked: Sequence[Asked], model: PreTrainedModel) -> list[Exposure]:
    """Return the exposure of each canary, in order."""
    import torch

    with torch.inference_mode():
        return [_score(one, model) for one in asked]


def _score(one: Asked, model: PreTrainedModel) -> Exposure:
    import torch

    pool = torch.tensor(one.pool, device=model.device)
    context = torch.tensor([one.prompt + one.answer[:-2]], device=model.device)  # up to the secret's first word
    read = model(input_ids=context, use_cache=True, logits_to_keep=len(one.answer) - 1)
    logprobs = torch.log_softmax(read.logits[0].float(), dim=-1)
    behind, likeliest = _second(pool, read.past_key_values, model)
    both = logprobs[-1, pool][:, None] + behind
    first, second = (one.pool.index(token) for token in one.answer[-2:])
    rank = 1 + int((both > both[first, second]).sum())
    # greedy decoding writes the answer if and only if each of its tokens is the likeliest behind those before it
    written = [*logprobs.argmax(dim=-1).tolist(), int(likeliest[first])]
    return Exposure(rank=rank, secrets=len(one.pool) ** 2, told=written == one.answer)


def _second(pool: torch.Tensor, cache: Any, model: PreTrainedModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what follows each first word.

    Returns:
        the log-likelihood of each second word, shape (first words, second words), and the likeliest token of all.
    """
    import torch

    parts, likeliest = [], []
    for words in pool.split(_ROWS):
        own = copy.deepcopy(cache)
        own.batch_repeat_interleave(len(words))
        logits = model(input_ids=words[:, None], past_key_values=own, use_cache=True).logits[:, -1]
        parts.append(torch.log_softmax(logits.float(), dim=-1)[:, pool])
        likeliest.append(logits.argmax(dim=-1))
    return torch.cat(parts), torch.cat(likeliest)
