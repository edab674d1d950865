"""How the next token is chosen, and when a reply ends, in a batch whose rows are requests of their own.

These classes are called by ``generate`` of transformers as logits processors and as a stopping criterion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdvert.teachers.logprobs import TokenChoice, TokenLogprobs
from kdvert.teachers.protocol import TeacherRequest

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


class SeededNoise:
    """Samples by adding Gumbel noise to the logits and taking the largest, row by row with a seed of its own.

    The largest of logits plus Gumbel noise is a draw from the softmax, so a row's reply depends on its request alone
    and not on who else is in the batch. Rows at temperature 0 stay greedy.
    """

    def __init__(self, requests: Sequence[TeacherRequest]) -> None:
        import torch

        self._temperatures = [r.sampling.temperature for r in requests]
        # the id hashes the seed of the settings too
        self._generators = [torch.Generator().manual_seed(int(r.id[:15], 16)) for r in requests]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores with noise; shape (rows, vocabulary) as given."""
        import torch

        for row, (temperature, generator) in enumerate(zip(self._temperatures, self._generators)):
            if temperature > 0:
                uniform = torch.rand(scores.shape[1], generator=generator, dtype=torch.float64).clamp(1e-12, 1 - 1e-12)
                gumbel = -torch.log(-torch.log(uniform))
                scores[row] = scores[row] / temperature + gumbel.to(scores.device, scores.dtype)
        return scores


class EndOfReply:
    """Ends a row at one of its stop texts or at its own longest length."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, requests: Sequence[TeacherRequest], start: int) -> None:
        self._tokenizer = tokenizer
        self._requests = requests
        self._start = start

    def __call__(self, input_ids: Tensor, scores: Tensor, **options: Any) -> Tensor:
        """Return which rows are done; shape (rows,)."""
        import torch

        done = [self._is_done(r, row.tolist()) for r, row in zip(self._requests, input_ids[:, self._start :])]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)

    def _is_done(self, request: TeacherRequest, tokens: list[int]) -> bool:
        if len(tokens) >= request.sampling.max_tokens:
            return True
        return bool(request.stop) and any(s in self._tokenizer.decode(tokens) for s in request.stop)


class Likelihoods:
    """Notes the model's own distribution at each step, at temperature 1, before anything changes it.

    ``before`` goes in front of all other logits processors and ``after`` behind them. Only the likeliest tokens are
    kept: whole distributions of a batch would take gigabytes.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, requests: Sequence[TeacherRequest]) -> None:
        self._tokenizer = tokenizer
        self._k = [r.top_logprobs for r in requests]
        self._likely: Tensor | None = None
        self._steps: list[list[tuple[int, float, list[int], list[float]]]] = []

    def before(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Note the distribution."""
        self._likely = scores.float().log_softmax(dim=-1)
        return scores

    def after(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Note what is chosen: the largest score, since `SeededNoise` samples."""
        if self._likely is None:
            raise RuntimeError("`before` was not called")
        chosen = scores.argmax(dim=-1, keepdim=True)
        own = self._likely.gather(1, chosen).squeeze(1).tolist()
        top = self._likely.topk(max(self._k), dim=-1)
        ids, values = top.indices.tolist(), top.values.tolist()
        self._steps.append(list(zip(chosen.squeeze(1).tolist(), own, ids, values)))
        return scores

    def of_row(self, row: int, length: int) -> TokenLogprobs:
        """Return the first ``length`` tokens of a row."""
        return tuple(self._choice(*step[row], self._k[row]) for step in self._steps[:length])

    def _choice(self, token: int, own: float, ids: list[int], values: list[float], k: int) -> TokenChoice:
        texts = [str(self._tokenizer.decode([i])) for i in (token, *ids[:k])]
        return TokenChoice(texts[0], own, tuple(zip(texts[1:], values[:k])), token, tuple(ids[:k]))
