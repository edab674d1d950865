"""Continued pre-training: read the corpus itself as text, with records as its augmentation, before learning to answer.

Records in the chat form are mixed in (``replay``), so that reading does not cost the ability to answer. Passages of
held-out documents are not read: the loss on held-out records would no longer say anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from kdvert.distillation.data import Encoded, LeftOut
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Material, Phase, Row
from kdvert.distillation.packing import laid
from kdvert.errors import WorkFailed
from kdvert.records import Chunk, Example, sha256_text

NAME = "cpt"
READS = ("index",)

_LEAST = 8  # tokens; a shorter rest of a passage says nothing


def phase(material: Material) -> Phase:
    """Return the phase that reads every passage, with what was asked about it.

    Raises:
        WorkFailed: there is no passage.
    """
    own = material.settings
    if not material.passages:
        raise WorkFailed(
            "The objective cpt has no passage to read: all documents are held out, or the index is empty.",
            hint="Lower distill.validation_share, or take cpt out of distill.objective.",
        )
    told = _told(material.train.examples) if own.cpt.records else {}
    read = [row for chunk in material.passages for row in _rows(_text(chunk, told), material)]
    again = _replayed(material.train, round(len(read) * own.cpt.replay / (1 - own.cpt.replay)), own.seed)
    left_out = [LeftOut(example_id=c.id, reason="empty_passage") for c in material.passages if not c.text.strip()]
    learned = laid([*read, *again], material.packing, own.max_length)
    made = partial(sft.trainer, packing=material.packing)
    return Phase(
        NAME, learned, sft.rows(material.validation), made, own.cpt.epochs, own.learning_rate,
        left_out=left_out, passages=material.passages, words=True,
    )  # fmt: skip


def _told(examples: list[Example]) -> dict[str, list[str]]:
    """Return questions with answers as lines of text, by the passage that proves them."""
    found: dict[str, list[str]] = {}
    for example in examples:
        for name in dict.fromkeys(e.chunk_id for e in example.evidence):
            found.setdefault(name, []).extend(f"{question}\n{answer}" for question, answer in example.exchanges)
    return found


def _text(chunk: Chunk, told: dict[str, list[str]]) -> str:
    return "\n\n".join([f"{chunk.title}\n\n{chunk.text.strip()}", *told.get(chunk.id, [])])


def _rows(text: str, material: Material) -> Iterator[Row]:
    """Yield a text as rows of at most ``max_length`` tokens, each token learned; the last ends the text."""
    tokenizer = material.tokenizer
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    for start in range(0, len(ids), material.settings.max_length):
        part = ids[start : start + material.settings.max_length]
        if start == 0 or len(part) >= _LEAST:
            yield {"input_ids": part, "labels": part}


def _replayed(records: Encoded, count: int, seed: int) -> list[Row]:
    """Return ``count`` records in the chat form, drawn by ``seed``; all of them again and again if there are fewer."""
    some = sft.rows(records)
    order = sorted(range(len(some)), key=lambda i: sha256_text(f"{seed}:{records.examples[i].id}"))
    return [some[i] for i in islice(_round(order), count)]


def _round(order: list[int]) -> Iterator[int]:
    while order:
        yield from order
