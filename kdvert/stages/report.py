"""Stage ``report``: one page for reviewers out of the finished files of all other stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts, shared_templates
from kdvert.decisions import kinds, signers, trail
from kdvert.errors import KdvertError
from kdvert.licensing import override_files
from kdvert.records import sha256_json
from kdvert.reporting import planned
from kdvert.stages.contract import StageContext

VERSION = 4
VOLATILE: tuple[str, ...] = ()

_SHOWN = (kinds.OVERRIDE_ADDED, kinds.OVERRIDE_WITHDRAWN, kinds.SIGNED_OFF, kinds.SIGN_OFF_WITHDRAWN)


class Config(ConfigBase):
    """Settings of the report.

    Attributes:
        title: the report's heading; None takes the project's name.
        samples: how many accepted and how many rejected records to show in full.
    """

    title: str | None = None
    samples: int = Field(default=5, ge=0, le=100)


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the facts, counsel's decisions, the plan, and the report templates; later ones of these win."""
    layers = (shared_templates(), ctx.templates.vertical, ctx.templates.project)
    folders = [compliance_facts() / name for name in ("corpora", "licenses", "models", "privacy")]
    folders += [compliance_facts() / name for name in ("conditions.yaml", "duties.yaml", "uses.yaml")]
    folders += [ctx.project / name for name in (override_files.FOLDER, signers.FILE)]
    folders += [plan for plan in [planned.path_of(ctx.inputs)] if plan]
    folders += [folder / "report" for folder in layers if folder]
    return [folder for folder in folders if folder.exists()]


def extracts(ctx: StageContext, config: Config) -> dict[str, str]:
    """Return the hash of what the report shows of the trail. The release that signs the report is not in it."""
    try:
        entries = trail.entries(ctx.project)
    except KdvertError:  # `run` says what is wrong
        return {"decisions shown": "unreadable"}
    shown = [e.sha for e in entries if e.kind in _SHOWN and e.refs.get("scope") != "release"]
    return {"decisions shown": sha256_json(shown)}


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Write ``report.html`` and ``report.json``.

    Returns:
        ``verdict``, ``accepted`` (records), ``questions`` (held out) and ``report`` (the page's file name).

    Raises:
        WorkFailed: the output of another stage is missing or damaged.
        UserError: a template overridden by the project or vertical is wrong.
    """
    from kdvert.reporting import compose  # here, so that reading settings does not load license and privacy facts
    from kdvert.reporting.inputs import Inputs

    with ctx.progress.bar("report", 2) as bar:
        report = compose.collect(
            Inputs(ctx.inputs),
            ctx.vertical,
            project=ctx.name,
            configuration=ctx.resolved,
            root=ctx.project,
            today=ctx.today,
            title=config.title,
            sample_count=config.samples,
        )
        bar.advance()
        compose.write(report, ctx.out, ctx.templates)
        bar.advance()
    return {
        "verdict": report.headline,
        "accepted": report.funnel.steps[-1].count,
        "questions": report.evaluation.questions,
        "report": "report.html",
    }
