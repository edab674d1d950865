"""The network of `kdvert.privacy.tagger_network` in PyTorch, for training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from kdvert.privacy import tagger_features
from kdvert.privacy.tagger_network import DILATIONS

PLACES = 4
"""The last rows of the table: where a token stands (see `tagger_features.ROWS`)."""


@lru_cache(maxsize=400_000)
def rows(word: str) -> tuple[list[int], list[int], int]:
    """Remember the rows of a word."""
    return tagger_features.rows(word)


class TaggerNetwork(nn.Module):
    """Word vectors summed from rows, residual dilated convolutions, one score a tag.

    Args:
        tags: number of tags.
        width: length of the vectors.
        word_dropout: how often a word is read by its pieces and shape alone, so that context and form must serve.
    """

    def __init__(self, tags: int, width: int, word_dropout: float = 0.3, dropout: float = 0.15) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(tagger_features.ROWS - PLACES, width, mode="sum", sparse=True)
        self.places = nn.Embedding(PLACES, width)
        for weight in (self.table.weight, self.places.weight):
            nn.init.normal_(weight, std=0.1)
        self.convolutions = nn.ModuleList(nn.Linear(3 * width, width) for _ in DILATIONS)
        self.out = nn.Linear(width, tags)
        self.dropout = dropout
        self.word_dropout = word_dropout

    def forward(self, words: Sequence[str], context: Tensor) -> Tensor:
        """Return scores [tokens, tags].

        Args:
            words: the tokens of all texts of a batch, one after the other, with line breaks between texts.
            context: see `tagger_features.Tokens`, [tokens].
        """
        x = self._embed(words) + self.places(context)
        mask = self._mask(x)
        x = x * mask
        for layer_number, (step, layer) in enumerate(zip(DILATIONS, self.convolutions, strict=True), 1):
            padded = nn.functional.pad(x, (0, 0, step, step))
            size = x.shape[0]
            with torch.autocast("cpu", torch.bfloat16):  # the products are most of the time
                read = layer(torch.cat([padded[:size], x, padded[2 * step :]], dim=1))
            x = x + torch.relu(read.float()) * mask.roll(97 * layer_number, 0)
        return self.out(x)

    def _mask(self, x: Tensor) -> Tensor:
        """Draw what is left out of the vectors of a step; layers take it from other tokens, for drawing is slow."""
        if not self.training:
            return torch.ones_like(x)
        return (torch.rand_like(x) >= self.dropout).float() / (1 - self.dropout)

    def _embed(self, words: Sequence[str]) -> Tensor:
        unique = {word: number for number, word in enumerate(dict.fromkeys(words))}
        drop = (torch.rand(len(unique)) < self.word_dropout).tolist() if self.training else [False] * len(unique)
        flat: list[int] = []
        weights: list[float] = []
        offsets: list[int] = []
        for word, dropped in zip(unique, drop, strict=True):
            known, pieces, shape = rows(word)
            offsets.append(len(flat))
            known = [] if dropped and pieces else known
            flat += [*known, shape, *pieces]
            weights += [1.0] * (len(known) + 1) + [max(1, len(pieces)) ** -0.5] * len(pieces)
        vectors = self.table(torch.tensor(flat), torch.tensor(offsets), torch.tensor(weights))
        return nn.functional.embedding(torch.tensor([unique[word] for word in words]), vectors)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights by the names that `tagger_network.Network` reads; the table in whole numbers."""
        table = torch.cat([self.table.weight, self.places.weight]).detach()
        scale = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-6) / 127
        named = {"table": (table / scale).round().to(torch.int8), "scale": scale}
        named |= {"out.kernel": self.out.weight.T, "out.bias": self.out.bias}
        for number, layer in enumerate(self.convolutions):
            named |= {f"kernel.{number}": layer.weight.T, f"bias.{number}": layer.bias}
        return {name: tensor.detach().contiguous() for name, tensor in named.items()}
