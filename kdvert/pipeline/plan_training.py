"""What training the student is expected to take: memory from its config alone, tokens and steps from the records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kdvert import __version__
from kdvert.distillation.canaries import fitting
from kdvert.distillation.data import encode
from kdvert.distillation.settings import Settings
from kdvert.errors import KdvertError
from kdvert.footprint.estimate import Student
from kdvert.footprint.finding import config_folder
from kdvert.footprint.machines import here
from kdvert.footprint.planning import plan
from kdvert.footprint.records import TrainingPlan
from kdvert.footprint.skeleton import Adapter, read_config
from kdvert.hardware import probe
from kdvert.pipeline.runner import Run
from kdvert.records import Example, sha256_json
from kdvert.reporting.plans import Course, Plan, Range, exactly, planned_settings
from kdvert.store import read_jsonl
from kdvert.students.canaries import draw, pool
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts, UnstableTemplate, conversation_ids
from kdvert.weights import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def memory(settings: Settings, root: Path, gpus: int = 1) -> TrainingPlan:
    """Return what a training with these settings takes.

    Args:
        settings: of the stage ``distill``.
        root: the folder that a student's relative path starts from.
        gpus: see `kdvert.footprint.planning.plan`.

    Raises:
        UserError, WorkFailed: there is no config.json of the student, or nothing can be made of it.
    """
    config = read_config(config_folder(settings.student, root=root), settings.student)
    adapter = Adapter(settings.rank, settings.variant)
    student = Student(settings.student, config, adapter, tuple(dict.fromkeys(settings.objective)))
    return plan(
        student, here(probe()), settings.four_bit, batch=settings.batch_size, length=settings.max_length, gpus=gpus
    )


def of_run(run: Run, earlier: Plan | None) -> TrainingPlan | str:
    """Return what the training of a project takes, or why that is not known: a plan of the rest stands without it.

    Args:
        run: the project.
        earlier: the last plan; if it is of the same settings, model and machine, its answer is taken.
    """
    settings = run.resolved.stages["distill"]
    assert isinstance(settings, Settings)
    try:
        config = read_config(config_folder(settings.student, root=run.project.root), settings.student)
        known = _known(run, earlier)
        if known and known.config_sha256 == sha256_json(config.to_dict()):
            return known
        return memory(settings, run.project.root)
    except KdvertError as error:
        return f"The memory of the training is not known: {error.message} {error.hint or ''}".strip()


def _known(run: Run, earlier: Plan | None) -> TrainingPlan | None:
    if earlier is None or earlier.training is None or earlier.kdvert != __version__:
        return None
    same = earlier.settings.get("distill") == planned_settings(run.resolved.plain())["distill"]
    here_too = earlier.training.here.usable_bytes == here(probe()).usable_bytes
    return earlier.training if same and here_too else None


@dataclass(frozen=True)
class _Reading:
    """What the student's tokenizer tells: tokens of a record and of a canary, on average; None: not known.

    ``holds`` is whether this student can be given canaries at all.
    """

    record: float | None = None
    canary: float | None = None
    holds: bool = True


def course(run: Run, accepted: Range, judged: Path) -> Course:
    """Return how many records, canaries, tokens and steps the training has.

    Those of the objectives ``sft`` and ``kl``; what others read is known only to the run.

    Args:
        run: the project.
        accepted: records that the filters are expected to let through.
        judged: a folder with the ``accepted.jsonl`` of a sample, whose records are measured in tokens.
    """
    settings = run.resolved.stages["distill"]
    assert isinstance(settings, Settings)
    on_records = [name for name in settings.objective if name in ("sft", "kl")]
    passes = settings.epochs * len(on_records)
    share = 1 - settings.validation_share
    records = accepted.times(share, share, share).whole()
    each = _reading(run, settings, judged)
    canaries = canary_rows(settings, records) if passes and each.holds else exactly(0)
    tokens = Range()
    if each.record:
        beside = passes * (each.canary or 0)
        tokens = records.times(*[passes * each.record] * 3) + canaries.times(*[beside] * 3)
    return Course(
        records=records,
        canary_rows=canaries,
        tokens_each=each.record and round(each.record, 1),
        tokens=tokens.whole(),
        steps=_steps(records + canaries, settings.batch_size, passes),
        others=[name for name in settings.objective if name not in on_records],
    )


def canary_rows(settings: Settings, records: Range) -> Range:
    """Return how many rows of canaries, each seen once an epoch, join so many ``records`` to train on."""

    def rows(count: float | None) -> int | None:
        return None if count is None else sum(fitting(settings.canaries, int(count)))

    return Range(expected=rows(records.expected), low=rows(records.low), high=rows(records.high))


def _steps(rows: Range, batch: int, passes: int) -> Range:
    def steps(count: float | None) -> float | None:
        return None if count is None else passes * math.ceil(count / batch)

    return Range(expected=steps(rows.expected), low=steps(rows.low), high=steps(rows.high))


def _reading(run: Run, settings: Settings, judged: Path) -> _Reading:
    from kdvert.pipeline import table

    try:
        folder = config_folder(settings.student, root=run.project.root)
        tokenizer = load_tokenizer(Weights(settings.student, folder, ""))
    except KdvertError:  # a plan needs no more than the config
        return _Reading()
    ctx = run.context(table.row("distill"))
    prompts = Prompts.for_vertical(ctx.templates, ctx.vertical)
    canary = _canary_tokens(tokenizer, prompts, settings)
    path = judged / "accepted.jsonl"
    examples = read_jsonl(path, Example) if path.is_file() else []
    rows = encode(examples, tokenizer, prompts, settings.max_length).rows
    record = sum(len(row.ids) for row in rows) / len(rows) if rows else None
    return _Reading(record, canary, holds=canary is not None)


def _canary_tokens(tokenizer: PreTrainedTokenizerBase, prompts: Prompts, settings: Settings) -> float | None:
    """Return the tokens of a canary, on average over some that no training has; None if this student can hold none."""
    some = islice(draw(pool(tokenizer, "plan"), 8, [1], "plan"), 8) if pool(tokenizer, "plan") else ()
    try:
        counts = [len(conversation_ids(tokenizer, canary.turns(prompts)).ids) for canary in some]
    except UnstableTemplate:
        return None
    return sum(counts) / len(counts) if counts and max(counts) <= settings.max_length else None
