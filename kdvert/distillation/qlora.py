"""QLoRA (arXiv 2305.14314): an adapter on every linear layer of a base held in nf4, trained phase by phase.

Each phase has a trainer of TRL or transformers, which its objective makes. The same code runs on CPU and GPU; what
differs comes from `kdvert.hardware`.
"""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kdvert.distillation import processes, sharding, starting, trackers
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Parts, Phase, Row
from kdvert.distillation.settings import Settings
from kdvert.distillation.watch import history, last_complete, step_of, watch
from kdvert.errors import WorkFailed
from kdvert.hardware import Hardware
from kdvert.progress import Bar, Progress
from kdvert.store import read_json, write_json
from kdvert.students.models import load_base, load_tokenizer, unpacked
from kdvert.weights import Weights

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

_DONE, _STATE = "done", "phase.json"
_REFERENCE = "ref"  # the copy of the adapter that TRL's preference trainers hold the student to


@dataclass(frozen=True)
class Trained:
    """What training gave.

    Attributes:
        history: rows of {objective, step, epoch, loss or eval_loss, tokens}; losses in nats per trained token, those
            of ``preference`` per pair.
        tokens: tokens the student has read, padding left out.
        trainable_parameters: numbers in the adapter.
        resumed_at: step of the checkpoint that training went on from, or 0.
        sharded: whether the base lay in shards, one a process.
    """

    history: list[dict[str, Any]]
    tokens: int
    trainable_parameters: int
    resumed_at: int
    sharded: bool

    def told(self) -> dict[str, Any]:
        """Return what ``adapter.json`` tells of it."""
        return {
            "processes": processes.current().count,
            "sharded": self.sharded,
            "trainable_parameters": self.trainable_parameters,
            "tokens": self.tokens,
        }

    def last(self, name: str) -> float | None:
        """Return the last value of ``loss`` or ``eval_loss``."""
        return next((row[name] for row in reversed(self.history) if name in row), None)


@dataclass
class _Sofar:
    """What the phases so far have come to."""

    history: list[dict[str, Any]]
    steps: int = 0
    tokens: int = 0
    resumed_at: int = 0


def train(
    phases: Sequence[Phase],
    *,
    validation: Sequence[Row] = (),
    weights: Weights,
    hardware: Hardware,
    four_bit: bool,
    settings: Settings,
    checkpoints: Path,
    adapter: Path,
    progress: Progress,
) -> Trained:
    """Train an adapter and save it.

    Args:
        phases: what to train on, one after the other.
        validation: held-out rows of token ids with labels; measured at the end, if the last phase measures nothing.
        weights: the base.
        hardware: what this machine can do.
        four_bit: hold the base in nf4.
        settings: how to train.
        checkpoints: a folder for this very training (its data, base and settings); what a killed run left there is
            gone on from.
        adapter: the folder to write ``adapter_model.safetensors`` and ``adapter_config.json`` into.
        progress: where to show the steps.

    Raises:
        WorkFailed: the loss is no longer a number, or memory does not suffice.
    """
    from transformers import set_seed

    processes.join(hardware).share(settings.batch_size)  # refused before the base is loaded
    set_seed(settings.seed)
    sofar = _Sofar([])
    total = sum(_steps(phase, settings) for phase in phases)
    with progress.bar("training steps", total) as bar, _enough_memory(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of TRL's own use of transformers; nothing a user could mend
        sharded = sharding.choose(settings, weights, hardware, four_bit=four_bit)
        model = _model(weights, hardware, settings, four_bit=four_bit, sharded=sharded)
        for number, phase in enumerate(phases):
            folder = checkpoints / f"{number}-{phase.name}"
            _Backend(phase, folder, weights, hardware, settings, bar, sharded).run(model, sofar)
        if validation and not phases[-1].validation:
            backend = _Backend(phases[-1], checkpoints / "held-out", weights, hardware, settings, bar, sharded)
            sofar.history.append(backend.measured(model, validation, sofar))
    if processes.current().writes:
        _save(model, adapter, weights.ref)
    trainable = sum(p.numel() for p in _trainable(model))
    return Trained(sofar.history, sofar.tokens, trainable, sofar.resumed_at, sharded)


@dataclass(frozen=True)
class _Backend:
    """Trains one phase. ``folder`` holds its checkpoints, and in ``done`` what it came to."""

    phase: Phase
    folder: Path
    weights: Weights
    hardware: Hardware
    settings: Settings
    bar: Bar
    sharded: bool

    def run(self, model: PeftModel, sofar: _Sofar) -> None:
        """Train the phase, or take over what an earlier run made of it."""
        steps = _steps(self.phase, self.settings)
        if (self.folder / _DONE / _STATE).is_file():
            _load(model, self.folder / _DONE)
            self.bar.advance(steps)
            sofar.resumed_at = sofar.steps + steps
        else:
            self._train(model, sofar)
        told = read_json(self.folder / _DONE / _STATE)
        sofar.history += told["history"]
        sofar.tokens += told["tokens"]
        sofar.steps += steps

    def _train(self, model: PeftModel, sofar: _Sofar) -> None:
        from transformers import PrinterCallback

        resume = last_complete(self.folder)
        arguments = _arguments(self.phase, self.settings, self.hardware, self.folder, resume=resume)
        if arguments["gradient_checkpointing"]:
            model.enable_input_require_grads()
        tracking = self.folder.parent.parent / trackers.FOLDER
        with trackers.tracked(self.settings.report_to, tracking, self.run_name) as reporting:
            parts = Parts(
                model, load_tokenizer(self.weights), arguments | reporting, self.phase.rows, self.phase.validation,
                [watch(self.bar)], self.sharded,
            )  # fmt: skip
            with _dropout_kept(model):
                with _precision_kept(model):
                    trainer = self.phase.trainer(parts)
                trainer.remove_callback(PrinterCallback)
                if self.sharded:
                    sharding.drive(trainer)
                trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        if _REFERENCE in model.peft_config:
            model.delete_adapter(_REFERENCE)
        if resume:
            sofar.resumed_at = sofar.steps + step_of(resume)
        log = history(trainer.state.log_history, self.phase.name, steps=sofar.steps, tokens=sofar.tokens)
        if processes.current().writes:
            _save(model, self.folder / _DONE, self.weights.ref)
            told = {"history": log, "tokens": int(trainer.state.num_input_tokens_seen or 0)}
            write_json(self.folder / _DONE / _STATE, told)  # last: a folder without it was not finished
        processes.wait()

    @property
    def run_name(self) -> str:
        """What trackers call the phase: the same name in a run that goes on."""
        return f"{self.folder.name}-{self.folder.parent.name.removeprefix('checkpoints-')}"

    def measured(self, model: PeftModel, rows: Sequence[Row], sofar: _Sofar) -> dict[str, Any]:
        """Return the loss on held-out answers after the phase, as a row of the history."""
        own = replace(self.phase, rows=rows, validation=rows, steps=None)
        arguments = _arguments(own, self.settings, self.hardware, self.folder, resume=None) | {"save_strategy": "no"}
        with _precision_kept(model):
            trainer = sft.trainer(Parts(model, load_tokenizer(self.weights), arguments, rows, rows, []))
        loss = float(trainer.evaluate()["eval_loss"])
        facts = {"objective": self.phase.name, "step": sofar.steps, "epoch": self.phase.epochs}
        return {**facts, "eval_loss": loss, "tokens": sofar.tokens}


def _steps(phase: Phase, settings: Settings) -> int:
    each = phase.steps if phase.steps is not None else math.ceil(len(phase.rows) / settings.batch_size)
    return each * phase.epochs


def _arguments(
    phase: Phase, settings: Settings, hardware: Hardware, folder: Path, *, resume: Path | None
) -> dict[str, Any]:
    """Return what `transformers.TrainingArguments` is given."""
    on_gpu = hardware.device == "cuda"
    steps = _steps(phase, settings)
    share = processes.current().share(settings.batch_size)
    validate = bool(phase.validation)
    return {
        "output_dir": str(folder),
        "num_train_epochs": phase.epochs,
        "per_device_train_batch_size": share,
        "per_device_eval_batch_size": share,
        "learning_rate": phase.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(settings.warmup_share * steps),
        **({"optim": "paged_adamw_8bit"} if on_gpu and hardware.four_bit else {}),
        "seed": settings.seed,
        "data_seed": settings.seed,
        "use_cpu": hardware.device == "cpu",
        "bf16": on_gpu and hardware.dtype == "bfloat16",
        "fp16": on_gpu and hardware.dtype == "float16",
        "gradient_checkpointing": on_gpu,  # a third more time for less memory: on a CPU memory is not what is short
        "eval_strategy": "steps" if validate else "no",
        "eval_steps": steps // phase.epochs,  # an epoch; "epoch" would evaluate after its checkpoint, and lose that
        "eval_on_start": validate and resume is None,
        "logging_steps": max(1, steps // 40),
        "logging_nan_inf_filter": False,  # a loss that is no number must be seen, not smoothed away
        "include_num_input_tokens_seen": "non_padding",
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_steps,
        "save_total_limit": 2,  # the older one stays usable while the newer one is written
        "report_to": trackers.NONE,
        "disable_tqdm": True,
        "log_level": "error",
        "dataloader_pin_memory": on_gpu,
        "ddp_find_unused_parameters": False,  # every part of the adapter is used in every step
    }


def _model(weights: Weights, hardware: Hardware, settings: Settings, *, four_bit: bool, sharded: bool) -> PeftModel:
    """Return the base with a new adapter."""
    with sharding.in_turn() if sharded else nullcontext():
        base = load_base(weights, hardware, four_bit=four_bit, to_shard=sharded)
        model = _adapted(base if sharded else unpacked(base, hardware), settings)
        if four_bit and settings.start == "loftq":
            starting.make_up_for_rounding(model, weights)
        if sharded:
            sharding.shard(model, hardware)
    return model


def _adapted(base: Any, settings: Settings) -> PeftModel:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        use_rslora=settings.variant == "rslora",
        use_dora=settings.variant == "dora",
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return cast("PeftModel", get_peft_model(base, config))


@contextmanager
def _precision_kept(model: PeftModel) -> Iterator[None]:
    """Keep what was learned as it is while a trainer is made.

    TRL's trainers round the adapter of a 4-bit base to bfloat16: with every phase something would be forgotten, small
    updates would be lost, and a CPU without bf16 instructions would crawl. Mixed precision on a GPU casts as it must.
    """
    learned = {parameter: parameter.data for parameter in _trainable(model)}
    yield
    for parameter in _trainable(model):
        parameter.data = learned.get(parameter, parameter.data).float()


@contextmanager
def _dropout_kept(model: PeftModel) -> Iterator[None]:
    """Give dropout back to the phases to come: some of TRL's trainers turn it off in the model itself."""
    import torch

    shares = {module: module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    try:
        yield
    finally:
        for module, share in shares.items():
            module.p = share


def _trainable(model: PeftModel) -> list[torch.nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def _load(model: PeftModel, folder: Path) -> None:
    from peft import load_peft_weights, set_peft_model_state_dict

    set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"))


def _save(model: PeftModel, adapter: Path, base: str) -> None:
    config: Any = model.peft_config["default"]
    config.base_model_name_or_path = base  # else the path on this machine
    config.target_modules = sorted(config.target_modules)  # a set: its order would differ from run to run
    shutil.rmtree(adapter, ignore_errors=True)
    # without the flag PEFT asks the Hub whether the base has the same vocabulary
    model.save_pretrained(
        str(adapter), safe_serialization=True, save_embedding_layers=False, selected_adapters=["default"]
    )


@contextmanager
def _enough_memory(settings: Settings) -> Iterator[None]:
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise WorkFailed(
            f"Memory does not suffice for a batch of {settings.batch_size} records.",
            hint="Lower distill.batch_size or distill.max_length, or take a smaller student.",
        ) from error
