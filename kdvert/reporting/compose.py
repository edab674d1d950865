"""Put a report together and write it: ``report.html`` for people, ``report.json`` for machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from kdvert.reporting import gather, html, plots, samples, sources
from kdvert.reporting.besides import besides
from kdvert.reporting.comparison import headline, in_words
from kdvert.reporting.facts import About, Besides, Evaluation, Funnel, Licensing, Report
from kdvert.reporting.features import features
from kdvert.reporting.html import count, plural
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask
from kdvert.reporting.planned import planned
from kdvert.reporting.reviewed import reviewed
from kdvert.reporting.topics import topics
from kdvert.store import write_json, write_text
from kdvert.templates import TemplateSet
from kdvert.versions import installed
from kdvert.verticals import Vertical


def collect(
    inputs: Inputs,
    vertical: Vertical,
    *,
    project: str,
    configuration: Mapping[str, Any],
    root: Path,
    today: date,
    title: str | None = None,
    sample_count: int = 5,
    now: datetime | None = None,
) -> Report:
    """Read the finished stages and return everything the report says.

    Args:
        inputs: the output folders of the other stages.
        vertical: the domain package.
        project: the project's name.
        configuration: all settings; secrets are masked here.
        root: the project folder.
        today: the day on which facts about licenses are judged.
        title: the report's title, or None for one made from the project's name.
        sample_count: how many accepted, and how many rejected, records to show.
        now: the report's date; by default the time when the evaluation finished, so that the same run gives the
            same report.

    Raises:
        WorkFailed: a file of an earlier stage is missing or damaged.
    """
    evaluation = gather.evaluation(inputs, vertical, configuration)
    aside = besides(inputs)
    funnel = gather.funnel(inputs)
    licensing = sources.licensing(inputs, configuration, root, today)
    return Report(
        about=_about(vertical, project, title, now or inputs.finished("evaluate")),
        headline=headline(evaluation.measures),
        summary=_summary(evaluation, funnel, licensing, aside),
        evaluation=evaluation,
        funnel=funnel,
        licensing=licensing,
        privacy=gather.privacy(inputs, vertical),
        teacher=gather.teacher(inputs, funnel.steps[-1].count),
        student=gather.student(inputs),
        samples=samples.accepted(inputs, sample_count),
        rejected=samples.rejected(inputs, sample_count),
        configuration=mask(dict(configuration)),
        versions=installed() | gather.training_versions(inputs),
        planned=planned(inputs, configuration),
        topics=topics(inputs),
        features=features(inputs),
        besides=aside,
        reviewed=reviewed(inputs, root, configuration),
    )


def write(report: Report, out: Path, templates: TemplateSet) -> None:
    """Write ``report.json`` and ``report.html`` into ``out``.

    Raises:
        UserError: a template that the project or the vertical overrides is wrong.
    """
    facts = report.model_dump(mode="json")
    context = {
        "report": facts,
        "figures": _figures(report),
        "configuration": yaml.safe_dump(facts["configuration"], sort_keys=False, allow_unicode=True, width=100),
    }
    write_json(out / "report.json", facts)
    write_text(out / "report.html", html.render(templates, context))


def _about(vertical: Vertical, project: str, title: str | None, when: datetime) -> About:
    manifest = vertical.manifest
    return About(
        title=title or project,
        project=project,
        vertical=manifest.id,
        vertical_title=manifest.title,
        vertical_version=vertical.version,
        disclaimer=manifest.disclaimer,
        date=when.isoformat(timespec="minutes"),
    )


def _summary(evaluation: Evaluation, funnel: Funnel, licensing: Licensing, aside: Besides | None) -> str:
    counts = {step.name: step.count for step in funnel.steps}
    terms = len({row.license for row in licensing.rows})
    passed = f"{count(counts['passed'])} passed every check"
    if counts["accepted"] != counts["passed"]:
        passed += f", and people left {count(counts['accepted'])} to learn from"
    made = (
        f"From {plural(counts['passages'], 'passage')} of {plural(counts['documents'], 'document')} under "
        f"{plural(terms, 'license')} the teacher wrote {plural(counts['written'], 'record')}; "
        f"{passed}. The student trained on these was compared with the base it "
        f"started from on {plural(evaluation.questions, 'held-out question')}."
    )
    return " ".join([made, in_words(evaluation.measures, evaluation.confidence), *(aside.clear if aside else [])])


def _figures(report: Report) -> dict[str, plots.Picture | None]:
    """Draw what there is to draw; a figure without data is None, and the page says so in words."""
    scored = [m for m in report.evaluation.measures if m.outcome != "unscored"]
    student = report.student
    curves = student.train_curve or student.validation_curve
    return {
        "change": plots.change(scored) if scored else None,
        "funnel": plots.funnel(report.funnel.steps),
        "curve": plots.curve(student.train_curve, student.validation_curve) if curves else None,
    }
