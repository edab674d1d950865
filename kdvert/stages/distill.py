"""distill: train the student's adapter on the accepted records."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kdvert import versions
from kdvert.distillation import base_notices, canaries, card, data, packing, processes, qlora, trackers, verifying
from kdvert.distillation.objectives import objective, privileged, reinforce, sft
from kdvert.distillation.objectives.contract import Material, Phase
from kdvert.distillation.settings import Settings as Config
from kdvert.errors import UserError, WorkFailed
from kdvert.features.store import FOLDER as STORE
from kdvert.features.store import HEADER
from kdvert.hardware import probe
from kdvert.licensing.models import standing
from kdvert.licensing.project import unlifted
from kdvert.licensing.student_name import StudentName, student_name
from kdvert.lineage.rights import Rights, of_records, with_passages, with_teachers
from kdvert.records import Chunk, Example, sha256_json
from kdvert.stages.contract import StageContext
from kdvert.store import read_json, read_jsonl, sha256_file, write_json, write_jsonl
from kdvert.students.canaries import FILE as CANARIES
from kdvert.students.models import context_length, load_tokenizer, precision, use_four_bit
from kdvert.students.prompts import Prompts, template_folders
from kdvert.students.trained import PASSAGES
from kdvert.weights import resolve

__all__ = ["VERSION", "VOLATILE", "Config", "content", "run"]

VERSION = 4
VOLATILE: tuple[str, ...] = ()


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the folders of the student's templates, the models that are named by a path, and verifiers if asked."""
    models = [config.student, *config.teachers]
    paths = [ctx.project / Path(ref.partition("#")[0]).expanduser() for ref in models if not _is_fetched(ref)]
    judged = verifying.content(ctx.templates, ctx.vertical) if reinforce.NAME in config.objective else []
    return [*template_folders(ctx.templates), *(path for path in paths if path.exists()), *judged]


def _is_fetched(ref: str) -> bool:
    return ref.startswith(("hf:", "pypi:"))


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Split, train, save. Resumes from the last checkpoint of the same data, base and settings."""
    started = time.monotonic()
    named = _named(ctx)  # first: a name that cannot be given must not cost a training
    trackers.require(config.report_to)
    hardware = probe()
    laid = packing.choose(config.packing, hardware)
    four_bit = use_four_bit(config.four_bit, hardware)
    weights = resolve(config.student, root=ctx.project)
    _within_context(config, context_length(weights))
    material, left_out = _material(ctx, config, load_tokenizer(weights), laid)
    train, validation = material.train, material.validation
    phases = [objective(name).phase(material) for name in config.objective]
    left_out += [one for phase in phases for one in phase.left_out]
    planted = canaries.plant(phases, material, data_sha256=_data_sha256(material, phases))
    adapter: dict[str, Any] = {
        "base": weights.ref,
        "base_sha256": weights.sha256,
        "data_sha256": planted.data_sha256,
        "config": config.model_dump(),
        "versions": versions.installed("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate"),
        "precision": precision(hardware, four_bit=four_bit),
        "four_bit": four_bit,
        "packing": laid,
        "teachers": _teachers(phases),
    }
    checkpoints = ctx.cache / f"checkpoints-{sha256_json(adapter)[:16]}"
    trained = qlora.train(
        planted.phases,
        validation=sft.rows(validation),
        weights=weights,
        hardware=hardware,
        four_bit=four_bit,
        settings=config,
        checkpoints=checkpoints,
        adapter=ctx.out / "adapter",
        progress=ctx.progress,
    )
    if not processes.current().writes:
        return {}
    adapter |= {
        **trained.told(),
        "train_records": len(train.rows),
        "validation_records": len(validation.rows),
        "canaries": len(planted.canaries.canaries),
        "notes": [note for phase in phases for note in phase.notes] + planted.notes,
        "lineage": _rights(ctx, material, phases).model_dump(),
        "name": named.name,
        "displays": named.displays,
        "base_notices": base_notices.keep(weights.path, ctx.out / "adapter"),
    }
    _write(ctx, train, validation, left_out, trained.history, adapter)
    write_json(ctx.out / CANARIES, planted.canaries.model_dump())
    write_json(ctx.out / PASSAGES, sorted({chunk.id for phase in phases for chunk in phase.passages}))
    summary = _summary(adapter, trained, left_out, time.monotonic() - started)
    write_json(ctx.out / "summary.json", summary)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return summary


def _within_context(config: Config, longest: int) -> None:
    """Refuse lengths that the student cannot read.

    Raises:
        UserError: a setting goes beyond its context.
    """
    asked = {"distill.max_length": config.max_length}
    if privileged.NAME in config.objective:
        asked["distill.privileged.max_length"] = config.privileged.max_length
    for name, tokens in asked.items():
        if tokens > longest:
            raise UserError(
                f"{name} is {tokens}, and {config.student} reads {longest} tokens at most.",
                hint=f"Set {name}: {longest} or less; records that are longer are left out, with a reason.",
            )


def _teachers(phases: Sequence[Phase]) -> list[dict[str, str]]:
    """Return the models that stand beside the student, by objective."""
    return [
        {"objective": phase.name, "model": one.ref, "sha256": one.sha256} for phase in phases for one in phase.teachers
    ]


def _rights(ctx: StageContext, material: Material, phases: Sequence[Phase]) -> Rights:
    """Return what all that is learned from carries with it: records, passages, teachers beside the student."""
    records = of_records([*material.train.examples, *material.validation.examples])
    teachers = {one.ref: standing(one.ref, root=ctx.project) for phase in phases for one in phase.teachers}
    return with_teachers(with_passages(records, [c for phase in phases for c in phase.passages]), teachers)


def _named(ctx: StageContext) -> StudentName:
    """Return what the licenses of teacher and base want the student to be called, as things stand at training."""
    report = unlifted(ctx.resolved, ingest=None, root=ctx.project, today=ctx.today)
    return student_name(report.duties, report.use, ctx.name)


def _material(
    ctx: StageContext, config: Config, tokenizer: Any, laid: packing.Packing
) -> tuple[Material, list[data.LeftOut]]:
    """Return what there is to learn from, and what is left out of it."""
    examples = read_jsonl(ctx.inputs["review"] / "accepted.jsonl", Example)
    if not examples:
        raise WorkFailed(
            "There is no accepted record to train on.",
            hint="work/filter/summary.json counts the reject reasons, work/elicit/summary.json what was asked.",
        )
    split = data.split_by_document(examples, config.validation_share, config.seed)
    prompts = Prompts.for_vertical(ctx.templates, ctx.vertical)
    train = data.encode(split.train, tokenizer, prompts, config.max_length)
    validation = data.encode(split.validation, tokenizer, prompts, config.max_length)
    left_out = [*split.left_out, *train.left_out, *validation.left_out]
    if not train.rows:
        reasons = ", ".join(f"{n} {reason}" for reason, n in Counter(r.reason for r in left_out).items())
        raise WorkFailed(
            f"None of {len(examples)} accepted records can be trained on ({reasons or 'all are held out'}).",
            hint=f"Raise distill.max_length (now {config.max_length}) or lower distill.validation_share.",
        )
    reads = {stage for name in config.objective for stage in objective(name).READS}
    material = Material(
        train, validation, tokenizer, prompts, config,
        passages=_passages(ctx, split.validation) if "index" in reads else (),
        features=_features(ctx) if "features" in reads else None,
        verifiers=verifying.verifiers(ctx.templates, ctx.vertical) if reinforce.NAME in config.objective else None,
        packing=laid,
        root=ctx.project,
    )  # fmt: skip
    return material, left_out


def _passages(ctx: StageContext, held_out: Sequence[Example]) -> list[Chunk]:
    """Return the passages of the index, but for those of documents that a held-out record rests on."""
    documents = {name for example in held_out for name in example.provenance.document_ids}
    chunks = read_jsonl(ctx.inputs["index"] / "chunks.jsonl", Chunk)
    return [c for c in chunks if c.document_id not in documents]


def _features(ctx: StageContext) -> Path | None:
    folder = ctx.inputs["features"]
    return folder / STORE if read_json(folder / "summary.json")["asked"] else None


def _data_sha256(material: Material, phases: Sequence[Phase]) -> str:
    """Return the hash of what is trained on and validated with."""
    records = data.data_sha256(material.train, material.validation)
    if [phase.name for phase in phases] == [sft.NAME]:
        return records
    own = [[phase.name, [dict(row) for row in phase.rows]] for phase in phases]
    header = material.features / HEADER if material.features else None
    return sha256_json([records, own, sha256_file(header) if header and header.is_file() else None])


def _write(
    ctx: StageContext,
    train: data.Encoded,
    validation: data.Encoded,
    left_out: list[data.LeftOut],
    history: list[dict[str, Any]],
    adapter: dict[str, Any],
) -> None:
    manifest = ctx.vertical.manifest
    write_jsonl(ctx.out / "train.jsonl", train.examples)
    write_jsonl(ctx.out / "validation.jsonl", validation.examples)
    write_jsonl(ctx.out / "left_out.jsonl", left_out)
    write_jsonl(ctx.out / "history.jsonl", history)
    write_json(ctx.out / "adapter.json", adapter)
    card.write_card(
        ctx.out / "adapter" / "README.md",
        name=adapter["name"],
        vertical_title=manifest.title,
        disclaimer=manifest.disclaimer,
        adapter=adapter,
    )


def _summary(
    adapter: dict[str, Any], trained: qlora.Trained, left_out: list[data.LeftOut], seconds: float
) -> dict[str, Any]:
    return {
        "student": adapter["base"],
        "objective": adapter["config"]["objective"],
        "notes": adapter["notes"],
        "train_records": adapter["train_records"],
        "validation_records": adapter["validation_records"],
        "canaries": adapter["canaries"],
        "left_out": dict(sorted(Counter(r.reason for r in left_out).items())),
        "steps": int(trained.history[-1]["step"]) if trained.history else 0,
        "loss": trained.last("loss"),
        "eval_loss": trained.last("eval_loss"),
        **_rewards(trained.history),
        "tokens": trained.tokens,
        "precision": adapter["precision"],
        "trainable_parameters": trained.trainable_parameters,
        "resumed_at_step": trained.resumed_at,
        "seconds": round(seconds, 1),
    }


def _rewards(history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean of each reward when it was first and last given."""
    given = [row["rewards"] for row in history if "rewards" in row]
    found = {name: [reward[name] for reward in given if name in reward] for name in {n for r in given for n in r}}
    means = {name: {"first": values[0], "last": values[-1]} for name, values in sorted(found.items())}
    return {"rewards": means} if means else {}
