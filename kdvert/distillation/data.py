"""From accepted records to token sequences: split by source document, cut at nothing, every loss named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdvert.records import Example, Record, sha256_json, sha256_text
from kdvert.students.prompts import Prompts, Tokens, UnstableTemplate, conversation_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label that torch's cross entropy skips."""


class LeftOut(Record):
    """A record that could not be trained on, with a reason code."""

    example_id: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Split:
    """Records for training and validation. No source document is on both sides."""

    train: list[Example]
    validation: list[Example]
    left_out: list[LeftOut]


@dataclass(frozen=True)
class Encoded:
    """Records as tokens; ``examples`` and ``rows`` are parallel."""

    examples: list[Example]
    rows: list[Tokens]
    left_out: list[LeftOut]


def split_by_document(examples: Sequence[Example], share: float, seed: int) -> Split:
    """Hold whole documents out until about ``share`` of the records is held out.

    Documents are drawn in an order that only ``seed`` and their ids decide. A record that rests on documents of
    both sides is left out: in either it would give validation away.
    """
    per_document = Counter(name for e in examples for name in _documents(e))
    held: set[str] = set()
    count = 0
    for name in sorted(per_document, key=lambda d: sha256_text(f"{seed}:{d}")):
        # a document that would overshoot by half its records or more stays in training
        if count + per_document[name] / 2 <= share * len(examples) and len(held) + 1 < len(per_document):
            held.add(name)
            count += per_document[name]
    split = Split([], [], [])
    for example in examples:
        inside = [name in held for name in _documents(example)]
        if inside and all(inside):
            split.validation.append(example)
        elif any(inside):
            split.left_out.append(LeftOut(example_id=example.id, reason="documents_on_both_sides"))
        else:
            split.train.append(example)
    return split


def encode(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, prompts: Prompts, max_length: int
) -> Encoded:
    """Turn records into tokens, each turn of the user worded as evaluation will word it.

    A record longer than ``max_length`` tokens is left out and not cut: a cut answer teaches to stop anywhere.
    """
    encoded = Encoded([], [], [])
    for example in examples:
        try:
            tokens = conversation_ids(tokenizer, prompts.turns(example))
        except UnstableTemplate:
            encoded.left_out.append(LeftOut(example_id=example.id, reason="unstable_chat_template"))
            continue
        if problem := _problem(example, tokens, max_length):
            encoded.left_out.append(problem)
        else:
            encoded.examples.append(example)
            encoded.rows.append(tokens)
    return encoded


def _problem(example: Example, tokens: Tokens, max_length: int) -> LeftOut | None:
    if not example.answer.strip():
        return LeftOut(example_id=example.id, reason="empty_answer")
    if len(tokens.ids) > max_length:
        detail = f"{len(tokens.ids)} tokens, max_length is {max_length}"
        return LeftOut(example_id=example.id, reason="too_long", detail=detail)
    return None


def labels(tokens: Tokens) -> list[int]:
    """Return the token ids to learn; what the assistant did not write is `IGNORED`."""
    return [i if mine else IGNORED for i, mine in zip(tokens.ids, tokens.trained, strict=True)]


def data_sha256(train: Encoded, validation: Encoded) -> str:
    """Return the hash of exactly what is trained on and validated with."""
    return sha256_json([[[t.ids, labels(t)] for t in part.rows] for part in (train, validation)])


def _documents(example: Example) -> list[str]:
    """Return the documents that the evidence lies in; those that the teacher was only shown do not count."""
    lineage = example.provenance
    document_of = dict(zip(lineage.chunk_ids, lineage.document_ids, strict=True))
    quoted = {document_of[e.chunk_id] for e in example.evidence if e.chunk_id in document_of}
    return sorted(quoted or set(lineage.document_ids))
