"""Let the teacher write questions and answers that rest on quotes from the passages.

Reads ``index/``, and from ``scrub/`` how replies are scrubbed. Writes

- ``examples.jsonl``: records with evidence and lineage;
- ``failures.jsonl``: every request that gave none, with a reason code;
- ``summary.json``: requests, tokens, seconds, counts by reason.

Replies are kept in ``replies.sqlite`` of the stage's cache, scrubbed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.content import shared_templates
from kdvert.elicitation import fences, language
from kdvert.elicitation.contract import Assignment, Outcome
from kdvert.elicitation.searching import Searcher
from kdvert.elicitation.seeds import has_placeholder
from kdvert.elicitation.strategies import STRATEGIES, strategy
from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge.index import Retriever
from kdvert.licensing.models import joined, standing
from kdvert.lineage.rights import model_terms
from kdvert.privacy.gate import EgressGate
from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import Chunk, Example, Failure, Sampling, ScrubbedText, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import read_json, write_json, write_jsonl
from kdvert.teachers.kinds import kind_of, open_teacher
from kdvert.teachers.replay import cassette_path
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import Limits, Scheduler, Usage
from kdvert.teachers.settings import TeacherSettings
from kdvert.versions import installed

VERSION = 2
VOLATILE: tuple[str, ...] = ()


class Config(ConfigBase):
    """What is elicited, from whom and from how much.

    Attributes:
        teacher: who is asked.
        strategy: how knowledge is elicited, in the words of the survey.
        skill: what the records train; the folder of the prompt templates.
        steps: ``small`` writes one line at a time (for very small models), ``pair`` asks for JSON (for capable ones),
            ``auto`` takes small for a model on this machine and pair for a remote one.
        passages: how many passages to ask about, drawn by ``seed`` (None: all).
        per_passage: most records of one passage.
        retrieve_k: passages that the index gives for a question, and that are shown beside the one asked about.
        round_trip_margin: small steps: how much better, in nats per token, the quote must explain the question than
            any other sentence that the index finds.
        seed: draws passages, and seeds sampling where the temperature is above 0.
    """

    teacher: TeacherSettings = TeacherSettings()
    strategy: str = "curation"
    skill: str = "grounded_qa"
    steps: Literal["auto", "small", "pair"] = "auto"
    passages: int | None = Field(default=None, ge=1)
    per_passage: int = Field(default=2, ge=1, le=50)
    retrieve_k: int = Field(default=4, ge=1, le=50)
    round_trip_margin: float = 0.0
    seed: int = 0

    @field_validator("strategy")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in STRATEGIES:
            raise ValueError(f"allowed: {', '.join(STRATEGIES)}")
        return value


@dataclass(frozen=True)
class _ScrubRules:
    """The project's settings of ``scrub``, for the teacher's replies."""

    extra_regimes: Sequence[str] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.4
    seconds_per_megabyte: float = 600.0
    replace_with: str = "placeholder"
    consistency: str = "document"
    sealed_map: bool = False

    @classmethod
    def read(cls, folder: Path) -> _ScrubRules:
        """Read what the scrub stage worked by."""
        return cls(**read_json(folder / "settings.json"))


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the prompts, and what decides how replies are scrubbed."""
    folder = f"elicit/{config.strategy}/{config.skill}"
    layers = (shared_templates(), ctx.vertical.templates, ctx.templates.project)
    prompts = [layer / folder for layer in layers if layer and (layer / folder).is_dir()]
    rules = [ctx.vertical.root / name for name in ("vertical.yaml", "privacy.yaml", "recognizers.yaml")]
    recorded = [cassette_path(config.teacher.model, ctx.project)] if kind_of(config.teacher) == "replay" else []
    return [*prompts, *rules, *recorded]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Ask the teacher about the passages of ``index``.

    Raises:
        UserError: the teacher is not known, refuses the key, or a template is wrong.
        WorkFailed: the teacher cannot be reached, the budget is spent, or nothing usable came back. Replies that
            arrived are kept, and a later run goes on from there.
    """
    ledger = Ledger.read(ctx.inputs["scrub"] / "ledger.jsonl")
    scrubber = Scrubber.for_vertical(ctx.vertical, _ScrubRules.read(ctx.inputs["scrub"]), ledger=ledger)
    teacher = open_teacher(config.teacher, root=ctx.project)
    limits = Limits(
        concurrency=config.teacher.concurrency,
        retries=config.teacher.retries,
        max_requests=config.teacher.max_requests,
        max_tokens=config.teacher.max_tokens_total,
        max_cost=config.teacher.max_cost,
        price_in=config.teacher.price_in or 0.0,
        price_out=config.teacher.price_out or 0.0,
    )
    with (
        Retriever.open(ctx.inputs["index"], root=ctx.project) as retriever,
        ReplyStore(ctx.cache / "replies.sqlite", scrubber.passage) as store,
    ):
        assignment = Assignment(
            vertical=ctx.vertical.id,
            skill=config.skill,
            chunks=choose_passages(list(retriever.chunks.values()), config.passages, config.seed),
            templates=ctx.templates,
            language=language.load(ctx.vertical.manifest.languages[0]),
            search=Searcher(retriever, config.retrieve_k),
            cleared=lambda text: ScrubbedText(text, scrubber.policy_sha),  # the index holds scrubbed text only
            teacher=teacher,
            sampling=Sampling(
                temperature=config.teacher.temperature, max_tokens=config.teacher.max_tokens, seed=config.seed
            ),
            steps=_steps(config, local=teacher.local),
            per_passage=config.per_passage,
            round_trip_margin=config.round_trip_margin,
            versions=installed(),
            terms=_terms(config.teacher, ctx.project),
            stands_in=lambda text: has_placeholder(text) or bool(ledger.spans(text)),
        )
        gate = EgressGate(scrubber, ctx.templates.package_lines(), fences.LINE)
        scheduler = Scheduler(teacher, store, limits, ctx.progress, gate)
        outcomes = scheduler.run(strategy(config.strategy)(assignment))
    summary = {"teacher": teacher.name, "route": teacher.route, "passages": len(assignment.chunks)}
    return _write(ctx.out, outcomes, summary, scheduler.usage)


def _terms(teacher: TeacherSettings, root: Path) -> list[str]:
    """Return the terms of the teacher by every way that it may be reached."""
    ways: list[tuple[str, str | None]] = [(at.model or teacher.model, at.base_url) for at in teacher.reached()]
    ways = ways or [(teacher.model, None)]
    return model_terms(joined(teacher.model, [standing(model, url, root=root) for model, url in ways]))


def choose_passages(chunks: Sequence[Chunk], count: int | None, seed: int) -> list[Chunk]:
    """Return ``count`` passages (None: all), the same ones for the same seed, sorted by id."""
    drawn = sorted(chunks, key=lambda c: sha256_text(f"{seed}:{c.id}"))[:count]
    if not drawn:
        raise WorkFailed("The index holds no passages to ask about.", hint="Add documents to sources/ and run again.")
    return sorted(drawn, key=lambda c: c.id)


def _steps(config: Config, *, local: bool) -> Literal["small", "pair"]:
    if config.steps == "auto":
        return "small" if local else "pair"
    if config.steps == "small" and not local:
        raise UserError(
            "elicit.steps is 'small', which compares likelihoods, and a remote teacher gives none.",
            hint="Set elicit.steps to auto or pair, or take a teacher on this machine.",
        )
    return config.steps


def _write(out: Path, outcomes: Sequence[Outcome], summary: dict[str, Any], usage: Usage) -> dict[str, Any]:
    made = [record for outcome in outcomes for record in outcome]
    examples = [r for r in made if isinstance(r, Example)]
    failures = [r for r in made if isinstance(r, Failure)]
    write_jsonl(out / "examples.jsonl", examples)
    write_jsonl(out / "failures.jsonl", failures)
    reasons = dict(Counter(f.reason for f in failures).most_common())
    summary |= {
        "requests": usage.requests,
        "cached": usage.cached,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "seconds": round(usage.seconds, 1),
        "cost": round(usage.cost, 6),
        "calls": usage.calls,
        "most_at_once": usage.most_at_once,
        "notes": dict(usage.notes),
        "faults": dict(usage.faults),
        "endpoints": dict(usage.endpoints),
        "other_models": dict(usage.other_models),
        "candidates": len(made),
        "examples": len(examples),
        "failures": reasons,
    }
    write_json(out / "summary.json", summary)
    if not examples:
        main = ", ".join(f"{reason} ({count})" for reason, count in list(reasons.items())[:3])
        raise WorkFailed(
            f"The teacher wrote no usable record about {summary['passages']} passages: {main}.",
            hint=f"{out / 'failures.jsonl'} lists every one. Try another teacher or more passages.",
        )
    return {k: summary[k] for k in ("examples", "candidates", "requests", "cached", "seconds")}
