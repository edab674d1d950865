"""How much of its training text a model gives back word for word, when it is given the beginning.

Carlini et al., *Extracting Training Data from Large Language Models*, arXiv 2012.07805, and *Quantifying Memorization
Across Neural Language Models*, arXiv 2202.07646. Greedy decoding gives the next tokens back if and only if each is the
likeliest behind those before it, so one pass over the text tells, without writing anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.evaluation.besides.settings import Verbatim
from kdvert.records import Chunk, Example, Record, sha256_text
from kdvert.students.prompts import Prompts, UnstableTemplate, answer_ids, last_answer, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Repeated(Record):
    """What came out for one text: tokens that came back before the first that did not, and tokens asked for."""

    tokens: int
    asked: int

    @property
    def verbatim(self) -> bool:
        """Whether all of them came back."""
        return self.tokens == self.asked


@dataclass(frozen=True)
class Begun:
    """A text whose beginning is given: tokens up to there, and those that must come back."""

    given: list[int]
    asked: list[int]


@dataclass(frozen=True)
class Drawn:
    """A sample. ``too_short`` counts texts that have fewer tokens than are given and asked."""

    texts: list[Begun]
    too_short: int


def of_answers(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, prompts: Prompts, how: Verbatim, seed: int
) -> Drawn:
    """Draw answers that were trained on; each stands behind its question, as in training."""

    def begun(example: Example) -> Begun | None:
        turns = prompts.turns(example)
        last = last_answer(turns)
        try:
            ids = answer_ids(tokenizer, turns[:last], turns[last]["content"])
        except UnstableTemplate:
            return None
        return _begun(prompt_ids(tokenizer, turns[:last]), ids, how)

    order = sorted(examples, key=lambda example: sha256_text(f"{seed}:{example.id}"))
    return _draw(map(begun, order), how.count)


def of_passages(chunks: Sequence[Chunk], tokenizer: PreTrainedTokenizerBase, how: Verbatim, seed: int) -> Drawn:
    """Draw passages that were trained on; each begins as training showed it, with its title."""

    def begun(chunk: Chunk) -> Begun | None:
        text = f"{chunk.title}\n\n{chunk.text.strip()}"
        return _begun([], list(tokenizer(text, add_special_tokens=False)["input_ids"]), how)

    order = sorted(chunks, key=lambda chunk: sha256_text(f"{seed}:{chunk.id}"))
    return _draw(map(begun, order), how.count)


def _begun(context: list[int], ids: list[int], how: Verbatim) -> Begun | None:
    if len(ids) < how.given + how.asked:
        return None
    return Begun(context + ids[: how.given], ids[how.given : how.given + how.asked])


def _draw(found: Iterator[Begun | None], count: int) -> Drawn:
    texts: list[Begun] = []
    too_short = 0
    for one in found:
        if len(texts) == count:
            break
        if one is None:
            too_short += 1
        else:
            texts.append(one)
    return Drawn(texts, too_short)


def batches(texts: Sequence[Begun], size: int) -> Iterator[list[int]]:
    """Yield indices of texts of like length, at most ``size`` at once."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i].given))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def score(texts: Sequence[Begun], model: PreTrainedModel, pad: int) -> list[Repeated]:
    """Return how many tokens of each text come back; all must ask for equally many."""
    import torch

    if not texts:
        return []
    asked = len(texts[0].asked)
    rows = [text.given + text.asked for text in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
    with torch.inference_mode():
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=asked + 1,
        ).logits[:, -asked - 1 : -1]
    same = logits.argmax(dim=-1) == ids[:, -asked:]
    return [Repeated(tokens=int(n), asked=asked) for n in same.int().cumprod(dim=1).sum(dim=1)]
