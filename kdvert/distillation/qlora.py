"""QLoRA (arXiv 2305.14314) through TRL's SFTTrainer: an adapter on every linear layer of a base held in nf4.

The same code runs on CPU and GPU; what differs comes from `kdvert.hardware`.
"""

from __future__ import annotations

import logging
import math
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import Encoded, labels
from kdvert.distillation.settings import Settings
from kdvert.errors import WorkFailed
from kdvert.hardware import Hardware
from kdvert.progress import Bar, Progress
from kdvert.students.models import load_base, load_tokenizer, unpacked
from kdvert.weights import Weights

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

_COMPLETE = "complete"  # written into a checkpoint once all of it is on disk
_LOG = logging.getLogger("kdvert.distillation")


@dataclass(frozen=True)
class Trained:
    """What training gave.

    Attributes:
        history: rows of {step, epoch, loss or eval_loss, tokens}; losses in nats per trained token.
        tokens: tokens the student has read, padding left out.
        trainable_parameters: numbers in the adapter.
        resumed_at: step of the checkpoint that training went on from, or 0.
    """

    history: list[dict[str, float]]
    tokens: int
    trainable_parameters: int
    resumed_at: int

    def last(self, name: str) -> float | None:
        """Return the last value of ``loss`` or ``eval_loss``."""
        return next((row[name] for row in reversed(self.history) if name in row), None)


def train(
    rows: Encoded,
    validation: Encoded,
    *,
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
        rows: what to train on.
        validation: what to measure the loss on after each epoch; may be empty.
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

    set_seed(settings.seed)
    steps = math.ceil(len(rows.rows) / settings.batch_size) * settings.epochs
    resume = _last_complete(checkpoints)
    with progress.bar("training steps", steps) as bar, _enough_memory(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of TRL's own use of transformers; nothing a user could mend
        arguments = _arguments(settings, hardware, steps, checkpoints, validate=bool(validation.rows), resume=resume)
        trainer = _trainer(rows, validation, weights, hardware, four_bit, settings, arguments, _watch(bar))
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    _save(trainer, adapter, weights.ref)
    return Trained(
        history=_history(trainer.state.log_history),
        tokens=int(trainer.state.num_input_tokens_seen),
        trainable_parameters=sum(p.numel() for p in _trainable(trainer)),
        resumed_at=int(resume.name.rpartition("-")[2]) if resume else 0,
    )


def _arguments(
    settings: Settings, hardware: Hardware, steps: int, checkpoints: Path, *, validate: bool, resume: Path | None
) -> SFTConfig:
    from trl import SFTConfig

    on_gpu = hardware.device == "cuda"
    return SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup_share * steps),
        seed=settings.seed,
        data_seed=settings.seed,
        use_cpu=hardware.device == "cpu",
        bf16=on_gpu and hardware.dtype == "bfloat16",
        fp16=on_gpu and hardware.dtype == "float16",
        gradient_checkpointing=on_gpu,  # a third more time for less memory: on a CPU memory is not what is short
        max_length=None,  # too long records were left out, with a reason
        eval_strategy="steps" if validate else "no",
        eval_steps=steps // settings.epochs,  # an epoch; "epoch" would evaluate after its checkpoint, and lose that
        eval_on_start=validate and resume is None,
        logging_steps=max(1, steps // 40),
        logging_nan_inf_filter=False,  # a loss that is no number must be seen, not smoothed away
        include_num_input_tokens_seen="non_padding",
        save_strategy="steps",
        save_steps=settings.checkpoint_steps,
        save_total_limit=2,  # the older one stays usable while the newer one is written
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=on_gpu,
    )


def _trainer(
    rows: Encoded,
    validation: Encoded,
    weights: Weights,
    hardware: Hardware,
    four_bit: bool,
    settings: Settings,
    arguments: SFTConfig,
    watch: TrainerCallback,
) -> SFTTrainer:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTTrainer

    def dataset(part: Encoded) -> Dataset:
        return Dataset.from_dict({"input_ids": [t.ids for t in part.rows], "labels": [labels(t) for t in part.rows]})

    trainer = SFTTrainer(
        model=unpacked(load_base(weights, hardware, four_bit=four_bit), hardware),
        processing_class=load_tokenizer(weights),
        args=arguments,
        train_dataset=dataset(rows),
        eval_dataset=dataset(validation) if validation.rows else None,
        peft_config=LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    for parameter in _trainable(trainer):
        # TRL casts the adapter of a 4-bit base to bfloat16: small updates are lost in it, and a CPU without bf16
        # instructions crawls. Mixed precision on a GPU casts where it must.
        parameter.data = parameter.data.float()
    return trainer


def _trainable(trainer: SFTTrainer) -> list[torch.nn.Parameter]:
    model: Any = trainer.model
    return [p for p in model.parameters() if p.requires_grad]


def _watch(bar: Bar) -> TrainerCallback:
    """Return a callback that moves the bar, marks whole checkpoints and stops when the loss is no number."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step:
                bar.advance(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            bar.advance()
            if control.should_save:
                control.should_log = True  # so that no checkpoint is written behind a loss that nobody looked at

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **more: Any) -> None:
            for name in ("loss", "eval_loss"):
                value = (logs or {}).get(name, 0.0)
                if not math.isfinite(value):
                    raise WorkFailed(
                        f"Training diverged: the {name.replace('_', ' ')} is {value} at step {state.global_step}.",
                        hint="Lower distill.learning_rate (a tenth is a good try) and run again.",
                    )

        def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()

    return Watch()


def _last_complete(checkpoints: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end; remove the others, a killed run left them."""
    found = sorted(checkpoints.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]))
    for broken in [p for p in found if not (p / _COMPLETE).exists()]:
        _LOG.info("%s was not written to its end and is not used", broken.name)
        shutil.rmtree(broken)
        found.remove(broken)
    return found[-1] if found else None


def _history(log: list[dict[str, Any]]) -> list[dict[str, float]]:
    rows = []
    for entry in log:
        name = next((n for n in ("loss", "eval_loss") if n in entry), None)
        if name:
            row = {"step": entry["step"], "epoch": round(entry["epoch"], 4), name: float(entry[name])}
            rows.append(row | {"tokens": int(entry.get("num_input_tokens_seen", 0))})
    return rows


def _save(trainer: SFTTrainer, adapter: Path, base: str) -> None:
    model = trainer.accelerator.unwrap_model(trainer.model)
    config = model.peft_config["default"]
    config.base_model_name_or_path = base  # else the path on this machine
    config.target_modules = sorted(config.target_modules)  # a set: its order would differ from run to run
    shutil.rmtree(adapter, ignore_errors=True)
    # without the flag PEFT asks the Hub whether the base has the same vocabulary
    model.save_pretrained(str(adapter), safe_serialization=True, save_embedding_layers=False)


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
