"""What training the student is expected to take: memory from its config alone, tokens and steps from the records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from kdvert import __version__
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
from kdvert.reporting.plans import Course, Plan, Range, planned_settings
from kdvert.store import read_jsonl
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts
from kdvert.weights import Weights


def memory(settings: Settings, root: Path) -> TrainingPlan:
    """Return what a training with these settings takes.

    Args:
        settings: of the stage ``distill``.
        root: the folder that a student's relative path starts from.

    Raises:
        UserError, WorkFailed: there is no config.json of the student, or nothing can be made of it.
    """
    config = read_config(config_folder(settings.student, root=root), settings.student)
    adapter = Adapter(settings.rank, settings.variant)
    student = Student(settings.student, config, adapter, tuple(dict.fromkeys(settings.objective)))
    return plan(student, here(probe()), settings.four_bit, batch=settings.batch_size, length=settings.max_length)


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


def course(run: Run, accepted: Range, judged: Path) -> Course:
    """Return how many records, tokens and steps the training has.

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
    each = _tokens_each(run, settings, judged)
    return Course(
        records=records,
        tokens_each=each and round(each, 1),
        tokens=records.times(passes * each, passes * each, passes * each).whole() if each else Range(),
        steps=_steps(records, settings.batch_size, passes),
        others=[name for name in settings.objective if name not in on_records],
    )


def _steps(records: Range, batch: int, passes: int) -> Range:
    def steps(count: float | None) -> float | None:
        return None if count is None else passes * math.ceil(count / batch)

    return Range(expected=steps(records.expected), low=steps(records.low), high=steps(records.high))


def _tokens_each(run: Run, settings: Settings, judged: Path) -> float | None:
    """Return the tokens of a record, on average over a sample's; None without a sample or the student's tokenizer."""
    path = judged / "accepted.jsonl"
    examples = read_jsonl(path, Example) if path.is_file() else []
    return _mean(run, settings, examples) if examples else None


def _mean(run: Run, settings: Settings, examples: Sequence[Example]) -> float | None:
    from kdvert.pipeline import table

    try:
        folder = config_folder(settings.student, root=run.project.root)
        tokenizer = load_tokenizer(Weights(settings.student, folder, ""))
    except KdvertError:  # a plan needs no more than the config
        return None
    ctx = run.context(table.row("distill"))
    rows = encode(examples, tokenizer, Prompts.for_vertical(ctx.templates, ctx.vertical), settings.max_length).rows
    return sum(len(row.ids) for row in rows) / len(rows) if rows else None
