"""evaluate: base and student on held-out questions, from memory and with retrieved passages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from kdvert import versions
from kdvert.configuration import ConfigBase
from kdvert.errors import WorkFailed
from kdvert.evaluation import batches, comparison
from kdvert.evaluation.besides import general, measuring
from kdvert.evaluation.besides.gathering import Gatherer
from kdvert.evaluation.besides.measuring import Found, Job
from kdvert.evaluation.besides.settings import Besides
from kdvert.evaluation.items import load_items
from kdvert.evaluation.requests import Form, Mode, Passage, Request, build
from kdvert.evaluation.scoring import Outcome
from kdvert.evaluation.systems import System, Systems
from kdvert.hardware import Hardware, probe
from kdvert.knowledge.index import Retriever
from kdvert.knowledge.settings import query_text
from kdvert.records import EvalItem, Score
from kdvert.stages.contract import StageContext
from kdvert.store import hash_tree, read_json, write_json, write_jsonl
from kdvert.students.models import context_length, load_tokenizer, precision, use_four_bit
from kdvert.students.prompts import Prompts, template_folders
from kdvert.weights import Weights, resolve

VERSION = 3
VOLATILE: tuple[str, ...] = ()


class Config(ConfigBase):
    """Settings of ``evaluate``."""

    files: list[str] = Field([], description="question files (JSONL) that replace the vertical's own")
    limit: int | None = Field(None, ge=1, description="ask only so many questions, drawn by seed")
    modes: list[Mode] = Field(["closed_book", "retrieval"], min_length=1, description="closed_book and/or retrieval")
    passages: int = Field(2, ge=1, le=20, description="passages shown with a question in retrieval")
    passage_tokens: int = Field(160, ge=16, description="longest passage in tokens; the rest is cut off")
    answer_tokens: int = Field(128, ge=1, description="reference answers are scored up to so many tokens")
    max_new_tokens: int = Field(40, ge=1, description="longest free answer in tokens")
    show_choices: bool = Field(False, description="list the choices of a multiple-choice question in the prompt, and "
                               "search with them")  # fmt: skip
    batch_size: int = Field(16, ge=1, description="questions asked at once")
    resamples: int = Field(10_000, ge=100, description="draws of the bootstrap behind each interval")
    besides: Besides = Field(default_factory=Besides)
    seed: int = Field(7, ge=0, description="seed of limit, bootstrap and what is measured besides")


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the question files, those of other fields, and the folders of the student's templates."""
    return [*_files(ctx, config), general.QUESTIONS, *template_folders(ctx.templates)]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Ask base and student the same questions at the same precision, and compare them."""
    started = time.monotonic()
    items = load_items(_files(ctx, config), limit=config.limit, seed=config.seed)
    adapter = read_json(ctx.inputs["distill"] / "adapter.json")
    hardware = probe()
    weights = _base(ctx, adapter)
    requests = _requests(ctx, config, items, weights)
    job = _besides(ctx, config, weights)
    outcomes, besides = _ask(ctx, config, requests, job, weights, hardware, adapter["four_bit"])
    scores = [
        one
        for (system, mode), found in outcomes.items()
        for one in batches.scores(requests[mode], found, system)
    ]  # fmt: skip
    _write(ctx, items, requests, outcomes, scores)
    asked = [r for mode in config.modes for r in requests[mode]]
    summary = {
        "rows": comparison.compare(scores, resamples=config.resamples, seed=config.seed),
        "items": len(items),
        "confidence": comparison.CONFIDENCE,
        "student": adapter["base"],
        "precision": precision(hardware, four_bit=adapter["four_bit"]),
        "passages_shortened": sum(r.shortened for r in asked),
        "not_asked": _problems(asked),
        "besides": _summary(config, job, besides),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(ctx.out / "summary.json", summary)
    return summary


def _files(ctx: StageContext, config: Config) -> list[Path]:
    return [ctx.project / Path(f).expanduser() for f in config.files] or ctx.vertical.eval_files


def _base(ctx: StageContext, adapter: dict[str, Any]) -> Weights:
    weights = resolve(adapter["base"], root=ctx.project)
    if weights.sha256 != adapter["base_sha256"]:
        raise WorkFailed(
            f"The adapter was trained on another '{adapter['base']}' (sha256 {adapter['base_sha256'][:12]}…, "
            f"now {weights.sha256[:12]}…).",
            hint="kdvert run --from distill --force",
        )
    return weights


def _requests(
    ctx: StageContext, config: Config, items: Sequence[EvalItem], weights: Weights
) -> dict[Mode, list[Request]]:
    tokenizer = load_tokenizer(weights)
    room = context_length(weights) - max(0, config.max_new_tokens - config.answer_tokens)
    form = Form(config.passage_tokens, config.answer_tokens, room, config.show_choices)
    prompts = Prompts.for_vertical(ctx.templates, ctx.vertical)
    made: dict[Mode, list[Request]] = {}
    for mode in dict.fromkeys(config.modes):
        found = _retrieve(ctx, config, items) if mode == "retrieval" else None
        made[mode] = build(items, mode, tokenizer, prompts, form, found)
    return made


def _besides(ctx: StageContext, config: Config, weights: Weights) -> Job:
    return Gatherer(
        distill=ctx.inputs["distill"],
        index=ctx.inputs["index"],
        field=ctx.vertical.manifest.id,
        tokenizer=load_tokenizer(weights),
        prompts=Prompts.for_vertical(ctx.templates, ctx.vertical),
        settings=config.besides,
        seed=config.seed,
        longest=context_length(weights),
    ).job()


def _summary(config: Config, job: Job, found: dict[System, Found]) -> dict[str, Any]:
    return {
        "rows": measuring.rows(job, found["base"], found["student"], resamples=config.resamples, seed=config.seed),
        "missing": job.missing,
        "too_short": {name: drawn.too_short for name, drawn in job.texts.items()},
        "settings": config.besides.model_dump(),
    }


def _retrieve(ctx: StageContext, config: Config, items: Sequence[EvalItem]) -> list[list[Passage]]:
    with Retriever.open(ctx.inputs["index"], root=ctx.project) as retriever:
        asked = [query_text(i.question, (i.choices or ()) if config.show_choices else ()) for i in items]
        hits = retriever.search_many(asked, config.passages)
    return [[Passage(h.chunk.id, h.chunk.text) for h in found] for found in hits]


def _ask(
    ctx: StageContext,
    config: Config,
    requests: dict[Mode, list[Request]],
    job: Job,
    weights: Weights,
    hardware: Hardware,
    four_bit: bool,
) -> tuple[dict[tuple[System, Mode], list[Outcome]], dict[System, Found]]:
    """Put all questions to the base, then to the student. Models load when the first batch needs them."""
    folder = ctx.inputs["distill"] / "adapter"
    held = precision(hardware, four_bit=use_four_bit(four_bit, hardware))
    identity = [weights.sha256, held, config.max_new_tokens, versions.installed("torch", "transformers", "peft")]
    systems = Systems(weights, hardware, four_bit, folder, config.max_new_tokens)
    kept = batches.Kept(ctx.cache)
    outcomes: dict[tuple[System, Mode], list[Outcome]] = {}
    besides: dict[System, Found] = {}
    total = 2 * (sum(map(len, requests.values())) + job.size)
    with ctx.progress.bar("asking questions", total) as bar:
        marks: dict[System, dict[str, str] | None] = {"base": None, "student": _adapter_hash(folder)}
        for system, mark in marks.items():
            for mode, asked in requests.items():
                outcomes[system, mode] = batches.ask(
                    asked,
                    size=config.batch_size,
                    kept=kept,
                    identity=[*identity, mark],
                    score=systems.scorer(system),
                    bar=bar,
                )
            besides[system] = measuring.ask(
                job, system, systems, size=config.batch_size, kept=kept, identity=[*identity, mark], bar=bar
            )
    kept.forget_unused()
    return outcomes, besides


def _adapter_hash(folder: Path) -> dict[str, str]:
    hashes = {name: sha for name, sha in hash_tree(folder).items() if name.startswith("adapter_")}
    if set(hashes) != {"adapter_config.json", "adapter_model.safetensors"}:
        raise WorkFailed(f"There is no whole adapter in {folder}.", hint="kdvert run --from distill --force")
    return hashes


def _problems(requests: Sequence[Request]) -> dict[str, int]:
    found = [r.problem for r in requests if r.problem]
    return {problem: found.count(problem) for problem in sorted(set(found))}


def _write(
    ctx: StageContext,
    items: Sequence[EvalItem],
    requests: dict[Mode, list[Request]],
    outcomes: dict[tuple[System, Mode], list[Outcome]],
    scores: Sequence[Score],
) -> None:
    answers = [
        {"item_id": o.item_id, "system": system, "mode": mode, "answer": o.answer, "retrieved": request.retrieved}
        for (system, mode), found in outcomes.items()
        for request, o in zip(requests[mode], found, strict=True)
    ]
    write_jsonl(ctx.out / "items.jsonl", items)
    write_jsonl(ctx.out / "answers.jsonl", answers)
    write_jsonl(ctx.out / "scores.jsonl", scores)
