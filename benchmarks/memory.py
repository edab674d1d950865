"""How far `kdvert plan` is off with the memory of a training: planned against measured, for three sizes of model.

python benchmarks/memory.py                       # three sizes, three shapes of batch each, about ten minutes
python benchmarks/memory.py --sizes 60M --shapes 2x128,4x256 --json
python benchmarks/memory.py --sizes 135M --shapes 8x512 --no-four-bit

The models have random weights and the shape of a real one, the tokenizer is the default student's. Each case trains for
real (`kdvert.distillation.qlora.train`) in a process of its own. All libraries are imported first; then the process's
resident memory is noted (the baseline) and the kernel's high-water mark set back to it (/proc/self/clear_refs, Linux
only). What is measured is the mark after three steps, less the baseline. Half of the records have the full length, the
others are shorter and padded. Planned is the peak and the pages of the weights' file that stay mapped beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdvert.offline import quiet

quiet()

GOAL = 0.15
STEPS = 3
SHAPES = {
    "60M": {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 12, "num_attention_heads": 8,
            "num_key_value_heads": 4},
    "135M": {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
             "num_key_value_heads": 3},
    "360M": {"hidden_size": 960, "intermediate_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 15,
             "num_key_value_heads": 5},
    "1.1B": {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32,
             "num_key_value_heads": 4},
}  # fmt: skip
"""Llamas: the second is SmolLM2-135M's, the third SmolLM2-360M's, the last but for its vocabulary TinyLlama's."""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="60M,135M,360M", help="some of 60M, 135M, 360M, 1.1B")
    parser.add_argument("--shapes", default="1x512,4x256,8x256", help="batch x length, separated by commas")
    parser.add_argument("--four-bit", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(**json.loads(options.child))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size, model, batch, length in cases(options.sizes, options.shapes, Path(folder)):
            rows.append(compared(size, model, batch, length, four_bit=options.four_bit))
            if not options.json:
                show(rows[-1], first=len(rows) == 1)
    within = sum(abs(row["ratio"] - 1) <= GOAL for row in rows)
    if options.json:
        print(json.dumps({"goal": GOAL, "within": within, "cases": rows}, indent=2))
    else:
        print(f"\n{within} of {len(rows)} within {GOAL:.0%} of the measured peak. Memory in MB (10^6 bytes).")


def cases(sizes: str, shapes: str, folder: Path) -> Iterator[tuple[str, Path, int, int]]:
    """Yield size, saved model, batch and length of each case that the command line names."""
    for size in sizes.split(","):
        model = make(size, folder / size)
        for shape in shapes.split(","):
            batch, length = (int(n) for n in shape.split("x"))
            yield size, model, batch, length


def make(size: str, folder: Path) -> Path:
    """Save a model of random weights with the default student's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from kdvert.weights import DEFAULT_MODEL, resolve

    tokenizer = AutoTokenizer.from_pretrained(resolve(DEFAULT_MODEL).path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), max_position_embeddings=8192, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        **SHAPES[size],
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def compared(size: str, model: Path, batch: int, length: int, *, four_bit: bool) -> dict[str, Any]:
    """Plan one case, measure it, and return both."""
    case = {"model": str(model), "batch": batch, "length": length, "four_bit": four_bit}
    done = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(case)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{size}, {batch} x {length}: the training failed.\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    plan = planned(model, batch, length, four_bit=four_bit)
    needed = max(plan["peak_bytes"], plan["loading_bytes"]) + plan["mapped_bytes"]
    return {"size": size, "batch": batch, "length": length, "four_bit": four_bit, **found,
            "planned": needed, "plan": plan, "ratio": needed / found["measured"]}  # fmt: skip


def planned(model: Path, batch: int, length: int, *, four_bit: bool) -> dict[str, Any]:
    """Return the plan of one case, made of its config.json alone."""
    from kdvert.footprint.estimate import Student, footprint
    from kdvert.footprint.machines import here
    from kdvert.footprint.skeleton import Adapter, read_config
    from kdvert.hardware import probe

    student = Student(str(model), read_config(model, str(model)), Adapter())
    return footprint(student, here(probe()), four_bit=four_bit, batch=batch, length=length).model_dump()


def measured(model: str, batch: int, length: int, four_bit: bool) -> dict[str, Any]:
    """Train for some steps and return bytes: the baseline, and the peak without it."""
    import gc

    import_all()
    from kdvert.distillation import qlora
    from kdvert.hardware import probe

    hardware = probe()
    gc.collect()
    baseline = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    with tempfile.TemporaryDirectory() as folder:
        trained = qlora.train(**a_training(Path(model), Path(folder), batch, length, four_bit, hardware))
        peak = status("VmHWM")
    return {"baseline": baseline, "measured": peak - baseline, "tokens": trained.tokens,
            "trainable": trained.trainable_parameters}  # fmt: skip


def import_all() -> None:
    """Import the libraries that training needs, so that they are in memory before it is measured."""
    import importlib

    for name in ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate", "safetensors.torch"):
        importlib.import_module(name)
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM  # noqa: F401  # loads what it needs
    from trl import SFTConfig, SFTTrainer  # noqa: F401


def a_training(model: Path, folder: Path, batch: int, length: int, four_bit: bool, hardware: Any) -> dict[str, Any]:
    """Return the arguments of `kdvert.distillation.qlora.train` for some steps on made-up records."""
    import random

    from kdvert.distillation.objectives import sft
    from kdvert.distillation.objectives.contract import Phase
    from kdvert.distillation.settings import Settings
    from kdvert.progress import Silent
    from kdvert.weights import Weights

    draw = random.Random(0)
    rows = []
    for number in range(batch * STEPS):
        tokens = length if number % 2 == 0 else length * 6 // 10
        ids = [draw.randrange(100, 40_000) for _ in range(tokens)]
        rows.append({"input_ids": ids, "labels": [-100] * (tokens // 2) + ids[tokens // 2 :]})
    settings = Settings(student=str(model), epochs=1, batch_size=batch, max_length=length)
    return {
        "phases": [Phase("sft", rows, (), sft.trainer, 1, settings.learning_rate)],
        "weights": Weights(str(model), model, ""),
        "hardware": hardware,
        "four_bit": four_bit,
        "settings": settings,
        "checkpoints": folder / "checkpoints",
        "adapter": folder / "adapter",
        "progress": Silent(),
    }


def status(name: str) -> int:
    """Return a line of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def show(row: dict[str, Any], *, first: bool) -> None:
    """Print a case."""
    if first:
        print(f"{'model':>6} {'batch x length':>15} {'baseline':>9} {'planned':>8} {'measured':>9} {'ratio':>6}")
    shape = f"{row['batch']} x {row['length']}"
    print(
        f"{row['size']:>6} {shape:>15} {row['baseline'] / 1e6:>9,.0f} {row['planned'] / 1e6:>8,.0f} "
        f"{row['measured'] / 1e6:>9,.0f} {row['ratio']:>6.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
