"""Teacher forcing: a local teacher reads accepted answers and says at each of their tokens what it held likely.

It reads them behind the prompt that the student is trained with, in its own chat template; the passages that a record
rests on may be shown to it beside, as context that the student does not get.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.errors import WorkFailed
from kdvert.features.store import Distributions
from kdvert.features.tails import kept
from kdvert.records import Example, Failure, sha256_text
from kdvert.students.prompts import Prompts, Tokens, UnstableTemplate, conversation_ids

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Reading:
    """A record as the teacher reads it."""

    record: Example
    tokens: Tokens

    @property
    def first(self) -> int:
        """Place of the first token that the assistant wrote."""
        return self.tokens.trained.index(True)


def readings(
    records: Sequence[Example],
    tokenizer: PreTrainedTokenizerBase,
    prompts: Prompts,
    *,
    passages: dict[str, str],
    longest: int,
) -> tuple[list[Reading], list[Failure]]:
    """Turn records into tokens.

    Args:
        records: accepted ones.
        tokenizer: the teacher's.
        prompts: how the student is asked.
        passages: text by id, to show those that a record rests on; empty shows none.
        longest: tokens that the teacher reads at most.

    Returns:
        what can be read, and for each other record a reason code.
    """
    found: list[Reading] = []
    failures: list[Failure] = []
    for record in records:
        shown = [passages[i] for i in dict.fromkeys(e.chunk_id for e in record.evidence) if i in passages]
        try:
            tokens = conversation_ids(tokenizer, prompts.turns(record, passages=shown))
        except UnstableTemplate:
            failures.append(Failure(request_id=record.id, reason="unstable_chat_template"))
            continue
        if not any(tokens.trained):
            failures.append(Failure(request_id=record.id, reason="empty_answer"))
        elif len(tokens.ids) > longest:
            detail = f"{len(tokens.ids)} tokens, the teacher reads {longest}"
            failures.append(Failure(request_id=record.id, reason="too_long", detail=detail))
        else:
            found.append(Reading(record, tokens))
    return found, failures


@dataclass(frozen=True)
class Forcing:
    """A local teacher at work.

    Attributes:
        model: a causal language model.
        pad: any token id, to fill rows up with.
        batch_size: records computed together.
        k: likeliest tokens to keep.
        samples: tokens to draw from the tail.
        power: see `kdvert.features.tails`.
    """

    model: PreTrainedModel
    pad: int
    batch_size: int
    k: int
    samples: int
    power: float

    def distributions(self, some: Sequence[Reading]) -> dict[str, Distributions]:
        """Return the distributions of records by id. Batches hold records of like length; the order does not matter.

        Raises:
            WorkFailed: a batch does not fit into memory.
        """
        import torch

        ordered = sorted(some, key=lambda r: (len(r.tokens.ids), r.record.id))
        found: dict[str, Distributions] = {}
        try:
            with torch.inference_mode():
                for start in range(0, len(ordered), self.batch_size):
                    found |= self._batch(ordered[start : start + self.batch_size])
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise WorkFailed(
                f"Memory does not suffice for {self.batch_size} records at once.",
                hint="Lower features.batch_size and run again: finished shards are kept.",
            ) from error
        return found

    def _batch(self, batch: Sequence[Reading]) -> dict[str, Distributions]:
        """Read a batch, padded on the left so that all answers end together and logits of prompts need not be made."""
        ids, mask = self._rows(batch)
        keep = max(len(r.tokens.ids) - r.first for r in batch) + 1
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        logits = self.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=keep
        ).logits
        return {r.record.id: self._kept(r, row) for r, row in zip(batch, logits, strict=True)}

    def _rows(self, batch: Sequence[Reading]) -> tuple[Tensor, Tensor]:
        import torch

        longest = max(len(r.tokens.ids) for r in batch)
        gaps = [longest - len(r.tokens.ids) for r in batch]
        ids = [[self.pad] * gap + r.tokens.ids for gap, r in zip(gaps, batch, strict=True)]
        mask = [[0] * gap + [1] * (longest - gap) for gap in gaps]
        device: torch.device = self.model.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    def _kept(self, reading: Reading, logits: Tensor) -> Distributions:
        """Return what is kept of one record, from the logits of the last positions of its row."""
        import torch

        tokens = reading.tokens
        places = [i for i, mine in enumerate(tokens.trained) if mine]
        before = torch.tensor([i - 1 - len(tokens.ids) for i in places], device=logits.device) + len(logits)
        target = torch.tensor([tokens.ids[i] for i in places], device=logits.device)
        logprobs = torch.log_softmax(logits[before].float(), dim=1)
        seed = int(sha256_text(reading.record.id)[:15], 16)
        return kept(logprobs, target, k=self.k, samples=self.samples, seed=seed, power=self.power)


def shards(some: Sequence[Reading], size: int) -> Iterator[tuple[str, Sequence[Reading]]]:
    """Cut the readings, sorted by id, into shards; yield each with the hash of what the teacher reads."""
    ordered = sorted(some, key=lambda r: r.record.id)
    for start in range(0, len(ordered), size):
        part = ordered[start : start + size]
        read = [[r.record.id, r.tokens.ids, [i for i, mine in enumerate(r.tokens.trained) if mine]] for r in part]
        yield sha256_text(str(read)), part
