"""Tokens a CPU second of training `sft` with padded batches, batches of like lengths, and batches without padding.

python benchmarks/packing.py                        # 32 made-up records of 50 to 180 tokens, batches of 8, 8 layers
python benchmarks/packing.py --layers 30 --turns 3 --json

The model has the width of SmolLM2-135M, fewer layers and random weights: only time is measured. Batches of like lengths
are those of transformers (``train_sampling_strategy: group_by_length``). All go through kdvert's own backend, one after
the other, several times; CPU time is that of the trainer's loop, all threads together. On a quiet machine, please: what
shares a core shares its caches.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from kdvert.offline import quiet

quiet()

from kdvert.distillation import qlora  # noqa: E402
from kdvert.distillation.data import Encoded  # noqa: E402
from kdvert.distillation.objectives import sft  # noqa: E402
from kdvert.distillation.objectives.contract import Material, Parts  # noqa: E402
from kdvert.distillation.settings import Settings  # noqa: E402
from kdvert.hardware import probe  # noqa: E402
from kdvert.progress import Silent  # noqa: E402
from kdvert.students.models import load_tokenizer  # noqa: E402
from kdvert.students.prompts import Tokens  # noqa: E402
from kdvert.weights import DEFAULT_MODEL, Weights, resolve  # noqa: E402

KINDS = ("none", "like lengths", "padding_free")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=32)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = model(Path(folder) / "model", asked.layers)
        material = records(weights, asked.records)
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for turn in range(asked.turns):
            for kind in KINDS:
                found[kind].append(train(kind, material, weights, Path(folder) / f"{turn}-{kind.replace(' ', '-')}"))
    lengths = sorted(len(row.ids) for row in material.train.rows)
    facts = {"records": len(lengths), "shortest": lengths[0], "longest": lengths[-1], "layers": asked.layers}
    rows = {
        kind: {name: statistics.median(one[name] for one in some) for name in some[0]} for kind, some in found.items()
    }
    if asked.json:
        print(json.dumps({**facts, "kinds": rows}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    for kind, row in rows.items():
        share = row["tokens_per_cpu_second"] / rows["none"]["tokens_per_cpu_second"]
        print(
            f"{kind:<13} {row['tokens_per_cpu_second']:7.1f} tokens a CPU second, x {share:.2f}, loss {row['loss']:.4f}"
        )


def model(folder: Path, layers: int) -> Weights:
    """Write a random model of SmolLM2-135M's width."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    base = resolve(DEFAULT_MODEL)
    config = AutoConfig.from_pretrained(base.path)
    config.num_hidden_layers = layers
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    load_tokenizer(base).save_pretrained(folder)
    return resolve(str(folder))


def records(weights: Weights, count: int) -> Material:
    """Return records of made-up tokens: most are short, one in four is long."""
    tokenizer: Any = load_tokenizer(weights)
    lengths = [50 + n % 25 if n % 4 else 110 + 2 * n % 70 for n in range(count)]
    rows = [Tokens([100 + (n * 31 + i * 7) % 40_000 for i in range(size)], [i > 30 for i in range(size)])
            for n, size in enumerate(lengths)]  # fmt: skip
    own = Settings(epochs=1, batch_size=8, max_length=256, checkpoint_steps=1000)
    made: Any = None  # nothing asks for prompts or examples here
    return Material(Encoded([], rows, []), Encoded([], [], []), tokenizer, made, own)


def train(kind: str, material: Material, weights: Weights, folder: Path) -> dict[str, float]:
    """Train an epoch and return what it took."""
    some = dataclasses.replace(material, packing="padding_free" if kind == "padding_free" else "none")
    phase, seconds = sft.phase(some), []

    def timed(parts: Parts) -> Any:
        if kind == "like lengths":
            arguments = {**parts.arguments, "train_sampling_strategy": "group_by_length"}
            parts = dataclasses.replace(parts, arguments=arguments)
        trainer: Any = phase.trainer(parts)
        loop = trainer.train

        def run(*arguments: Any, **named: Any) -> Any:
            started = time.process_time()
            done = loop(*arguments, **named)
            seconds.append(time.process_time() - started)
            return done

        trainer.train = run
        return trainer

    trained = qlora.train(
        [dataclasses.replace(phase, trainer=timed)], weights=weights, hardware=probe(), four_bit=False,
        settings=material.settings, checkpoints=folder / "checkpoints", adapter=folder / "adapter", progress=Silent(),
    )  # fmt: skip
    return {"tokens_per_cpu_second": trained.tokens / seconds[0], "loss": float(trained.last("loss") or 0)}


if __name__ == "__main__":
    main()
