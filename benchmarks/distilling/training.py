"""One case of the speed comparison, in a process of its own: ``python -m distilling.training '{"name": …}'``."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memory import make, status

from kdvert.offline import quiet

quiet()

BATCH, LENGTH, PROMPT, SEED = 4, 256, 64, 7
LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate",
             "trl.experimental.gkd.gkd_trainer")  # fmt: skip
Row = Mapping[str, Any]


class Timed:
    """Times every ``Trainer.train`` and keeps the first loss that it logs."""

    seconds = 0.0
    first_loss = float("nan")

    def __enter__(self) -> Timed:
        from transformers import Trainer

        plain = Trainer.train

        def timed(trainer: Any, *args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            found = plain(trainer, *args, **options)
            self.seconds += time.perf_counter() - started
            self.first_loss = next(row["loss"] for row in trainer.state.log_history if "loss" in row)
            return found

        setattr(Trainer, "train", timed)  # noqa: B010  # for the type checker it is no variable
        self._plain = plain
        return self

    def __exit__(self, *_: object) -> None:
        from transformers import Trainer

        setattr(Trainer, "train", self._plain)  # noqa: B010


def main(name: str, folder: str, steps: int) -> dict[str, float]:
    """Train one case and say how fast, in how much memory and with which first loss."""
    for module in LIBRARIES:
        importlib.import_module(module)
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM  # noqa: F401  # loads what it needs
    from trl import SFTConfig, SFTTrainer  # noqa: F401

    rows = texts(steps)
    run, prepared = CASES[name]
    ready = prepared(Path(folder), rows)
    gc.collect()
    baseline = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    with Timed() as timer, tempfile.TemporaryDirectory() as work:
        run(rows, Path(work), ready)
        peak = status("VmHWM")
    tokens = sum(len(row["input_ids"]) for row in rows)
    return {"tokens_per_s": tokens / timer.seconds, "peak_bytes": peak - baseline, "first_loss": timer.first_loss}


def texts(steps: int) -> list[Row]:
    """Return rows of real text: the verticals' sample corpora in pieces; the first tokens are the prompt."""
    from kdvert.students.models import load_tokenizer
    from kdvert.weights import DEFAULT_MODEL, resolve

    corpora = sorted((Path(__file__).parents[2] / "verticals").glob("*/*/corpus/**/*.md"))
    whole = "\n".join(path.read_text(encoding="utf-8") for path in corpora)
    ids = load_tokenizer(resolve(DEFAULT_MODEL))(whole, verbose=False)["input_ids"]
    pieces = [ids[i * LENGTH : (i + 1) * LENGTH] for i in range(steps * BATCH)]
    return [
        {"input_ids": piece, "labels": [-100] * PROMPT + piece[PROMPT:], "record": f"r{number}"}
        for number, piece in enumerate(pieces)
    ]


def own(objective: str) -> Callable[[Sequence[Row], Path, Any], None]:
    """Return kdvert's training by an objective; ``ready`` is a store of distributions for ``kl``."""

    def run(rows: Sequence[Row], work: Path, ready: Any) -> None:
        from kdvert.distillation import qlora
        from kdvert.distillation.cached_teacher import Reading, trainer
        from kdvert.distillation.objectives import sft
        from kdvert.distillation.objectives.contract import Phase
        from kdvert.distillation.settings import Settings
        from kdvert.features.store import Store
        from kdvert.hardware import probe
        from kdvert.progress import Silent
        from kdvert.weights import DEFAULT_MODEL, resolve

        settings = Settings(epochs=1, batch_size=BATCH, max_length=LENGTH, seed=SEED, checkpoint_steps=10_000)
        if objective == "sft":
            plain = [{name: row[name] for name in ("input_ids", "labels")} for row in rows]
            phase = Phase("sft", plain, (), sft.trainer, 1, settings.learning_rate)
        else:
            store = Store(ready)
            made = lambda parts: trainer(parts, Reading(store, "forward", 0.0, parts.tokenizer.pad_token_id))  # noqa: E731
            phase = Phase("kl", rows, (), made, 1, settings.learning_rate)
        hardware = probe()
        qlora.train(
            [phase], weights=resolve(DEFAULT_MODEL), hardware=hardware, four_bit=hardware.four_bit, settings=settings,
            checkpoints=work / "checkpoints", adapter=work / "adapter", progress=Silent(),
        )  # fmt: skip

    return run


def bare(rows: Sequence[Row], work: Path, ready: Any) -> None:
    """Train as a script of TRL's documentation does, with kdvert's settings: QLoRA on all linear layers."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=_student(), processing_class=_tokenizer(), peft_config=_lora(),
        args=SFTConfig(**_arguments(work), max_length=None),
        train_dataset=Dataset.from_list([{name: row[name] for name in ("input_ids", "labels")} for row in rows]),
    )  # fmt: skip
    trainer.train()


def gkd(rows: Sequence[Row], work: Path, ready: Any) -> None:
    """Train with the teacher in memory: TRL's GKD on fixed text (``lmbda=0``), forward divergence (``beta=0``)."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl.experimental.gkd.gkd_trainer import GKDConfig, GKDTrainer

    class Collator:
        """Gives GKD the very tokens that the other cases read; its own would build them from messages."""

        def __call__(self, some: Sequence[Row]) -> dict[str, Any]:
            ids, labels = (torch.tensor([row[name] for row in some]) for name in ("input_ids", "labels"))
            prompts = ids[:, :PROMPT]
            return {"input_ids": ids, "labels": labels, "attention_mask": torch.ones_like(ids), "prompts": prompts,
                    "prompt_attention_mask": torch.ones_like(prompts)}  # fmt: skip

    teacher = AutoModelForCausalLM.from_pretrained(ready, dtype=torch.float32)
    columns = [{name: row[name] for name in ("input_ids", "labels")} for row in rows]
    trainer = GKDTrainer(
        model=_student(), teacher_model=teacher, processing_class=_tokenizer(), peft_config=_lora(),
        args=GKDConfig(**_arguments(work), lmbda=0.0, beta=0.0, temperature=1.0, max_length=LENGTH,
                       remove_unused_columns=False, dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=Dataset.from_list(columns), data_collator=Collator(),
    )  # fmt: skip
    trainer.train()


def _student() -> Any:
    from kdvert.hardware import probe
    from kdvert.students.models import load_base
    from kdvert.weights import DEFAULT_MODEL, resolve

    return load_base(resolve(DEFAULT_MODEL), probe(), four_bit=True)  # nf4 with double quantization, as in any script


def _tokenizer() -> Any:
    from kdvert.students.models import load_tokenizer
    from kdvert.weights import DEFAULT_MODEL, resolve

    return load_tokenizer(resolve(DEFAULT_MODEL))


def _lora() -> Any:
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")


def _arguments(work: Path) -> dict[str, Any]:
    return {
        "output_dir": str(work), "num_train_epochs": 1, "per_device_train_batch_size": BATCH, "learning_rate": 7e-4,
        "lr_scheduler_type": "cosine", "seed": SEED, "use_cpu": True, "bf16": False, "gradient_checkpointing": False,
        "logging_steps": 1, "report_to": "none", "save_strategy": "no", "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }  # fmt: skip


def nothing(folder: Path, rows: Sequence[Row]) -> None:
    """Prepare nothing."""


def same_size(folder: Path, rows: Sequence[Row]) -> Path:
    """Return the default student's weights: the teacher of its own size."""
    from kdvert.weights import DEFAULT_MODEL, resolve

    return resolve(DEFAULT_MODEL).path


def larger(folder: Path, rows: Sequence[Row]) -> Path:
    """Return a teacher of SmolLM2-360M's shape with random weights, made once."""
    path = folder / "teacher-360M"
    return path if (path / "config.json").is_file() else make("360M", path)


def kept(teacher: Callable[[Path, Sequence[Row]], Path]) -> Callable[[Path, Sequence[Row]], Path]:
    """Return what makes the store of a teacher's distributions; made once, and not part of the training's time."""

    def made(folder: Path, rows: Sequence[Row]) -> Path:
        import torch
        from transformers import AutoModelForCausalLM

        from kdvert.features.header import Header
        from kdvert.features.store import Writer
        from kdvert.features.tails import POWER
        from kdvert.features.tails import kept as keep

        path = folder / f"kept-{teacher.__name__}-{len(rows)}"
        if (path / "done").is_file():
            return path
        model = AutoModelForCausalLM.from_pretrained(teacher(folder, rows), dtype=torch.float32).eval()
        header = Header(
            teacher=teacher.__name__, teacher_identity=teacher.__name__, source="forced", k=64, samples=24, power=POWER,
            coding="uint8", tokenizer_sha256=None, passages=False, prompt_sha256=None,
            vocabulary=model.config.vocab_size,
        )  # fmt: skip
        some = []
        for row in rows:
            ids = torch.tensor([row["input_ids"]])
            with torch.inference_mode():
                logits = model(ids).logits[0, PROMPT - 1 : -1]
            logprobs = torch.log_softmax(logits.float(), dim=1)
            some.append((row["record"], keep(logprobs, ids[0, PROMPT:], k=64, samples=24, seed=1, power=POWER)))
        writer = Writer(path, header)
        writer.write("all", some)
        writer.finish([b""])
        (path / "done").touch()
        return path

    return made


CASES: dict[str, tuple[Callable[..., None], Callable[..., Any]]] = {
    "kdvert-sft": (own("sft"), nothing),
    "trl-sft": (bare, nothing),
    "kdvert-kl": (own("kl"), kept(same_size)),
    "gkd-135M": (gkd, same_size),
    "kdvert-kl-360M": (own("kl"), kept(larger)),
    "gkd-360M": (gkd, larger),
}

if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
