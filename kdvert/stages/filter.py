"""Keep the records that pass every check.

Reads ``index/`` and ``elicit/``. Writes ``accepted.jsonl`` and ``rejected.jsonl`` (records with all their verdicts)
and ``summary.json``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.errors import UserError, WorkFailed
from kdvert.filters.contract import Material, Thresholds
from kdvert.filters.table import FILTERS, judge
from kdvert.records import Chunk, EvalItem, Example
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, read_jsonl, write_json, write_jsonl

VERSION = 3
VOLATILE: tuple[str, ...] = ()


class Config(ConfigBase):
    """Which filters run and what they ask for.

    Attributes:
        filters: names of the filters; left out ones do not run.
        thresholds: the numbers they compare with.
        languages: ISO 639-1 codes that records may be in (None: the vertical's).
        eval_files: held-out question files beside the vertical's, relative to the project.
        min_accepted: fewer accepted records than this fail the run.
    """

    filters: list[str] = Field(default_factory=lambda: list(FILTERS))
    thresholds: Thresholds = Thresholds()
    languages: list[str] | None = None
    eval_files: list[str] = Field(default_factory=list)
    min_accepted: int = Field(default=1, ge=0)


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the held-out questions and the vertical's verifiers."""
    return [ctx.vertical.root / "vertical.yaml", *sorted(ctx.vertical.root.glob("*.py")), *_eval_files(ctx, config)]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Judge the records of ``elicit``.

    Raises:
        UserError: a filter or a held-out file does not exist.
        WorkFailed: fewer than ``min_accepted`` records are left; the message names the main reasons.
    """
    examples = sorted(read_jsonl(ctx.inputs["elicit"] / "examples.jsonl", Example), key=lambda e: e.id)
    cited = {e.chunk_id for example in examples for e in example.evidence}
    chunks = {c.id: c for c in iter_jsonl(ctx.inputs["index"] / "chunks.jsonl", Chunk) if c.id in cited}
    material = Material(
        chunks=chunks,
        held_out=[item for path in _eval_files(ctx, config) for item in _held_out(path)],
        languages=config.languages or ctx.vertical.manifest.languages,
        checks=ctx.vertical.checks(),
        thresholds=config.thresholds,
    )
    judged = judge(examples, material, config.filters, ctx.progress)
    return _write(ctx.out, judged, config.min_accepted)


def _eval_files(ctx: StageContext, config: Config) -> list[Path]:
    return [*ctx.vertical.eval_files, *(ctx.project / name for name in config.eval_files)]


def _held_out(path: Path) -> list[EvalItem]:
    if not path.is_file():
        raise UserError(
            f"The held-out questions {path} do not exist.",
            hint="Correct filter.eval_files; paths start at the project.",
        )
    return read_jsonl(path, EvalItem)


def _write(out: Path, judged: Sequence[Example], least: int) -> dict[str, Any]:
    accepted = [e for e in judged if e.accepted]
    rejected = [e for e in judged if not e.accepted]
    reasons = Counter(v.reason or v.check for e in rejected for v in e.verdicts if not v.passed)
    write_jsonl(out / "accepted.jsonl", accepted)
    write_jsonl(out / "rejected.jsonl", rejected)
    summary = {
        "examined": len(judged),
        "accepted": len(accepted),
        "rejected": len(rejected),
        "reasons": dict(reasons.most_common()),
    }
    write_json(out / "summary.json", summary)
    if len(accepted) < least:
        main = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(4)) or "none was written"
        raise WorkFailed(
            f"{len(accepted)} of {len(judged)} records passed the filters, and at least {least} are asked for. "
            f"Main reasons: {main}.",
            hint=f"{out / 'rejected.jsonl'} keeps every record with its verdicts. Add documents, take another teacher, "
            "or lower filter.min_accepted.",
        )
    return summary
