"""Keep what the teacher held likely at each token of accepted answers.

Reads ``index/``, ``elicit/`` and ``filter/``. Does nothing unless the mix of elicit has an entry ``feature``. Writes

- ``distributions/``: the store, see `kdvert.features.store`;
- ``failures.jsonl``: every record that was asked for and has none, with a reason code;
- ``summary.json``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.errors import UserError
from kdvert.features import forcing, told
from kdvert.features.asked import TOLD, Asked, Told
from kdvert.features.coding import Coding
from kdvert.features.header import Header
from kdvert.features.store import FOLDER as STORE
from kdvert.features.store import Writer
from kdvert.features.tails import POWER
from kdvert.features.vocabulary import token_bytes, tokenizer_sha256
from kdvert.records import Chunk, Example, Failure
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, read_jsonl, write_json, write_jsonl
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts, template_folders
from kdvert.teachers.local import LocalTeacher
from kdvert.weights import resolve

VERSION = 1
VOLATILE: tuple[str, ...] = ()

_SHARD = 64
"""Records of a shard: what a kill loses at most."""


class Config(ConfigBase):
    """What is kept of each distribution. Read only if the mix of elicit has an entry ``feature``.

    Attributes:
        k: likeliest tokens of a position; an endpoint gives 20 at most.
        samples: tokens drawn from all others, from which sums over them are estimated; none from an endpoint.
        coding: of log-probabilities: ``uint8`` is close where a token is likely, ``float16`` takes twice the space.
        passages: show a teacher on this machine the passages that a record rests on, which the student will not see.
        batch_size: records that a teacher on this machine reads at once.
    """

    k: int = Field(default=64, ge=1, le=255)
    samples: int = Field(default=24, ge=0, le=255)
    coding: Coding = "uint8"
    passages: bool = True
    batch_size: int = Field(default=8, ge=1)


@dataclass(frozen=True)
class Made:
    """A finished store and what is missing from it."""

    header: Header
    failures: Sequence[Failure]
    size: int


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the folders of the templates that answers are read behind."""
    return template_folders(ctx.templates)


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Make the store. Goes on behind the last finished shard of the same records, teacher and settings.

    Raises:
        UserError: ``k`` covers the teacher's whole vocabulary, or its tokenizer has no chat template.
        WorkFailed: the teacher cannot be loaded, or a batch does not fit into memory.
    """
    started = time.monotonic()
    asked = Asked.read(ctx.inputs["elicit"])
    if asked is None:
        write_json(ctx.out / "summary.json", {"asked": 0, "records": 0})
        return {"asked": 0, "records": 0}
    records = asked.drawn(read_jsonl(ctx.inputs["review"] / "accepted.jsonl", Example))
    made = (_forced if asked.source == "forced" else _generated)(ctx, config, asked, records)
    write_jsonl(ctx.out / "failures.jsonl", made.failures)
    head = made.header
    summary = {
        "asked": len(records),
        "records": head.records,
        "tokens": head.tokens,
        "bytes_per_token": round(made.size / head.tokens, 1) if head.tokens else 0.0,
        "failures": dict(Counter(f.reason for f in made.failures).most_common()),
        "teacher": head.teacher,
        "source": head.source,
        "k": head.k,
        "samples": head.samples,
        "tokenizer": _student_tokenizer(ctx, head),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(ctx.out / "summary.json", summary)
    return {k: summary[k] for k in ("asked", "records", "tokens", "bytes_per_token", "tokenizer", "seconds")}


def _forced(ctx: StageContext, config: Config, asked: Asked, records: Sequence[Example]) -> Made:
    teacher = LocalTeacher.load(asked.teacher, batch_size=config.batch_size, root=ctx.project)
    facts: Any = teacher.model.config.get_text_config()
    vocabulary = int(facts.vocab_size)
    if config.k >= vocabulary:
        raise UserError(
            f"features.k is {config.k}, and the teacher's vocabulary has {vocabulary} tokens.",
            hint=f"Set features.k below {vocabulary}.",
        )
    prompts = Prompts.for_vertical(ctx.templates, ctx.vertical)
    passages = (
        {c.id: c.text for c in iter_jsonl(ctx.inputs["index"] / "chunks.jsonl", Chunk)} if config.passages else {}
    )
    longest = int(getattr(facts, "max_position_embeddings", 0) or 1 << 30)
    some, failures = forcing.readings(records, teacher.tokenizer, prompts, passages=passages, longest=longest)
    header = Header(
        teacher=teacher.name, teacher_identity=teacher.identity, source="forced",
        tokenizer_sha256=tokenizer_sha256(teacher.tokenizer), vocabulary=vocabulary, k=config.k,
        samples=config.samples, power=POWER, coding=config.coding, prompt_sha256=prompts.sha256,
        passages=config.passages,
    )  # fmt: skip
    work = forcing.Forcing(
        teacher.model, int(teacher.tokenizer.pad_token_id or 0), config.batch_size, config.k, config.samples, POWER
    )
    writer = Writer(ctx.out / STORE, header)
    with ctx.progress.bar("features", len(some)) as bar:
        for key, part in forcing.shards(some, _SHARD):
            if not writer.has(f"{config.batch_size} {key}"):
                found = work.distributions(part)
                writer.write(f"{config.batch_size} {key}", [(r.record.id, found[r.record.id]) for r in part])
            bar.advance(len(part))
    return Made(writer.finish(token_bytes(teacher.tokenizer, vocabulary)), failures, writer.size)


def _generated(ctx: StageContext, config: Config, asked: Asked, records: Sequence[Example]) -> Made:
    replies: dict[str, list[Told]] = {}
    path = ctx.inputs["elicit"] / TOLD
    for one in iter_jsonl(path, Told) if path.is_file() else ():
        replies.setdefault(one.record_id, []).append(one)
    found = told.gathered(records, replies, k=config.k)
    header = Header(
        teacher=asked.teacher, teacher_identity=asked.identity, source="generated", tokenizer_sha256=None,
        vocabulary=max(1, len(found.vocabulary)), k=max(1, found.k), samples=0, coding=config.coding,
        prompt_sha256=None, passages=True,
    )  # fmt: skip
    writer = Writer(ctx.out / STORE, header)
    for start in range(0, len(found.records), _SHARD):
        part = found.records[start : start + _SHARD]
        writer.write(" ".join(name for name, _ in part), part)
    return Made(writer.finish(found.vocabulary), found.failures, writer.size)


def _student_tokenizer(ctx: StageContext, head: Header) -> str:
    """Say whether the student counts tokens as the store does: ``same``, ``other``, or ``unknown``."""
    student = ctx.resolved.get("distill", {}).get("student")
    if head.tokenizer_sha256 is None or student is None:
        return "unknown"
    own = tokenizer_sha256(load_tokenizer(resolve(student, root=ctx.project)))
    return "same" if own == head.tokenizer_sha256 else "other"
