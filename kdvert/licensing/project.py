"""The license check of a project: its settings and what was ingested, judged on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from kdvert.licensing import chain, overrides
from kdvert.licensing.chain import SourceUse, Writer
from kdvert.licensing.sources_of_run import RunSources, sources_of_run
from kdvert.licensing.use import Use

STUDENT_WRITES = ("feedback", "self_knowledge")
"""Strategies of elicitation that make records of the student's own answers; a test holds them to the table."""


def judged(configuration: Mapping[str, Any], *, ingest: Path | None, root: Path, today: date) -> chain.Report:
    """Judge the chain of a project, with counsel's overrides. See `unlifted`."""
    report = unlifted(configuration, ingest=ingest, root=root, today=today)
    return overrides.applied(root, report, today=today)


def unlifted(configuration: Mapping[str, Any], *, ingest: Path | None, root: Path, today: date) -> chain.Report:
    """Judge the chain source → teacher and route → student base → use of a project, without overrides.

    Args:
        configuration: the resolved settings as plain data (``work/config.json``).
        ingest: output of the stage ``ingest``; None before it has run: then ``kdvert.yaml`` counts.
        root: the project folder.
        today: the day the facts are judged on.
    """
    found = sources_of_run(ingest) if ingest else RunSources(_stated(configuration), [], [])
    reached = teachers((configuration.get("elicit") or {}).get("teacher") or {})
    return chain.check(
        sources=found.uses,
        teacher=reached[0].ref,
        base_url=reached[0].base_url,
        student=str((configuration.get("distill") or {}).get("student", "embedded")),
        use=use_of(configuration),
        today=today,
        writers=[*reached[1:], *_own_answers(configuration), *_beside_the_student(configuration)],
        mismatches=found.mismatches,
        settled=[(row.mismatch, row.reason or "") for row in found.settled],
        root=root,
    )


def _own_answers(configuration: Mapping[str, Any]) -> list[Writer]:
    """Return the student as a writer, where a strategy makes records of its answers."""
    elicit = configuration.get("elicit") or {}
    named = {elicit.get("strategy"), *(entry.get("strategy") for entry in elicit.get("mix") or ())}
    if named.isdisjoint(STUDENT_WRITES):
        return []
    return [Writer(ref=str(elicit.get("student", "embedded")), role="its own answers become records")]


def _beside_the_student(configuration: Mapping[str, Any]) -> list[Writer]:
    """Return the teachers of objectives: the student learns their distributions, which are outputs as texts are."""
    distill = configuration.get("distill") or {}
    asked = distill.get("objective") or []
    named = [asked] if isinstance(asked, str) else asked
    found = [(name, (distill.get(name) or {}).get("teacher")) for name in named]
    return [Writer(ref=str(ref), role=f"teacher of the objective {name}") for name, ref in found if ref]


def teachers(settings: Mapping[str, Any]) -> list[Writer]:
    """Return the teacher by every way that the settings ``elicit.teacher`` let it be reached, the main one first."""
    model, main = str(settings.get("model", "embedded")), settings.get("base_url")
    also = [
        Writer(ref=str(at.get("model") or model), base_url=at["base_url"], role="serves the teacher too")
        for at in settings.get("endpoints") or ()
    ]
    return also if also and not main else [Writer(ref=model, base_url=main), *also]


def use_of(configuration: Mapping[str, Any]) -> Use:
    """Return the use that the settings state; the field is the vertical's where none is stated."""
    use = Use.model_validate(configuration.get("use") or {})
    return use if use.field else use.model_copy(update={"field": configuration.get("vertical")})


def _stated(configuration: Mapping[str, Any]) -> list[SourceUse]:
    rules = (configuration.get("ingest") or {}).get("sources") or []
    stated = {(str(rule["license"]), tuple(rule.get("written_by") or ())) for rule in rules if rule.get("license")}
    return [SourceUse(license=name, written_by=writers) for name, writers in sorted(stated)]
