r"""Train the tagger of `kdvert.privacy.tagger` on synthetic text and write its weights and manifest.

    python benchmarks/tagger/train.py

Texts come from `generate` (templates of this folder, values of Faker and of lists) and from the sample corpora of the
verticals, in which nobody is named. The same steps, versions and machine give the same weights; another machine's
rounding gives others of the same quality. Scores and the threshold are taken on templates that no training text was
made from (`score`). Needs the ``dev`` extra, whose pyspellchecker holds word lists.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy loads: speed is measured on one core

import argparse
import hashlib
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

import score
import torch
from generate import LANGUAGES, Example, Generator, templates
from network import TaggerNetwork
from prose import paragraphs
from safetensors.torch import save

from kdvert.privacy import tagger, tagger_features
from kdvert.privacy.tagger_features import tokenize
from kdvert.privacy.tagger_network import REACH

SEED = 20261124
LABELS = (
    "PERSON", "LOCATION", "REGION", "STREET_ADDRESS", "ZIP_CODE", "ORGANIZATION", "HEALTH_FACILITY", "DATE_TIME",
    "AGE",
    "PHONE_NUMBER", "EMAIL_ADDRESS", "UNIQUE_ID", "USERNAME", "PASSWORD", "NRP", "TITLE", "PROFESSION", "SEX", "COURT",
    "FINANCIAL_ACCOUNT",
)  # fmt: skip
SHARES = {"en": 0.48, "es": 0.27, "fr": 0.25}
"""How much of the training text is of each language."""
BARE = 0.08
"""Share of texts that are paragraphs of the sample corpora."""
BATCH = 7_000
"""Tokens in a step."""
AHEAD = 16
"""Batches that wait, written by a process of their own while the steps are computed."""

Marked = tuple[list[str], list[int], list[int]]
"""The words of a text, their places (see `Tokens.context`) and their tags."""


def main() -> None:
    """Parse, train, choose the threshold, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_800)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1, help="more are faster where the processor is free")
    parser.add_argument("--score", action="store_true", help="train nothing: score the weights of --out once more")
    parser.add_argument("--out", type=Path, default=tagger.FOLDER)
    options = parser.parse_args()
    if not options.score:
        torch.manual_seed(SEED)
        torch.set_num_threads(options.threads)
        network = TaggerNetwork(1 + 2 * len(LABELS), options.width)
        counts = train(network, options.steps, options.rate)
        data = save(network.weights())
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / tagger.WEIGHTS).write_bytes(data)
        write(options.out, data, 0.5, counts)
    print(json.dumps(scored(options.out), indent=1))


def scored(folder: Path) -> dict[str, object]:
    """Choose the threshold of the weights in ``folder``, score them and write both into their manifest."""
    data, counts = (folder / tagger.WEIGHTS).read_bytes(), tagger.Tagger.load(folder).manifest.training
    threshold = score.best_threshold(folder, SEED)
    write(folder, data, threshold, counts)
    scores = score.all_of(folder, SEED, LABELS)
    write(folder, data, threshold, counts | scores)
    return {"threshold": threshold} | scores


def train(network: TaggerNetwork, steps: int, rate: float) -> dict[str, object]:
    """Run the steps; return what was counted."""
    # A step touches few rows of the table: only those are updated, or most of the time went into the others.
    rest = [parameter for name, parameter in network.named_parameters() if name != "table.weight"]
    optimizers = (
        torch.optim.SparseAdam([network.table.weight], lr=rate, betas=(0.9, 0.98)),
        torch.optim.AdamW(rest, lr=rate, weight_decay=0.01, betas=(0.9, 0.98)),
    )
    started, tokens, texts = time.monotonic(), 0, 0
    network.train()
    for step, batch in enumerate(batches(steps), 1):
        loss = step_loss(network, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = rate * _decay(step, steps)
            optimizer.step()
            optimizer.zero_grad()
        texts += len(batch)
        tokens += sum(len(words) for words, _, _ in batch)
        if step % 50 == 0:
            speed = tokens / (time.monotonic() - started)
            print(f"step {step}/{steps} loss {loss.item():.4f} {speed:,.0f} tokens/s", file=sys.stderr, flush=True)
    counted = {"seed": SEED, "steps": steps, "texts": texts, "tokens": tokens, "rate": rate}
    counted |= {"threads": torch.get_num_threads(), "seconds": round(time.monotonic() - started)}
    return counted | {"templates": template_counts(), "versions": versions()}


def _decay(step: int, steps: int) -> float:
    """Return the share of the full rate at a step: it grows at first, then falls as a cosine."""
    return min(1, step / 50) * (0.5 + 0.5 * math.cos(math.pi * step / steps) + 0.01)


def template_counts() -> dict[str, int]:
    """Return how many templates of each language are trained on."""
    return {language: sum(len(lines) for _, lines in templates(language, False)) for language in LANGUAGES}


def versions() -> dict[str, str]:
    """Return what the texts and the weights depend on."""
    return {name: metadata.version(name) for name in ("faker", "torch", "pyspellchecker")}


def step_loss(network: TaggerNetwork, batch: Sequence[Marked]) -> torch.Tensor:
    """Return the mean loss of a batch."""
    words, context, tags = ["\n"] * REACH, [0] * REACH, [0] * REACH  # as `Tagger` puts them around every text
    for text_words, text_context, text_tags in batch:
        words += [*text_words, *["\n"] * REACH]
        context += [*text_context, *[0] * REACH]
        tags += [*text_tags, *[0] * REACH]
    scores = network(words, torch.tensor(context))
    return torch.nn.functional.cross_entropy(scores, torch.tensor(tags), label_smoothing=0.02)


def batches(count: int) -> Iterator[list[Marked]]:
    """Yield ``count`` batches, which another process writes ahead, in one order."""
    processes = get_context("spawn")
    queue: Queue[list[Marked]] = processes.Queue(AHEAD)
    writer = processes.Process(target=_write_batches, args=(queue, count), daemon=True)
    writer.start()
    for _ in range(count):
        yield queue.get(timeout=120)
    writer.join()


def _write_batches(queue: Queue[list[Marked]], count: int) -> None:
    texts = training_texts()
    for _ in range(count):
        queue.put(take(texts, BATCH))


def training_texts() -> Iterator[Marked]:
    """Yield texts without end."""
    rng = random.Random(SEED)
    sources = {language: Generator(SEED, language) for language in LANGUAGES}
    bare = [text for texts in paragraphs(held_out=False).values() for text in texts]
    while True:
        if rng.random() < BARE:
            yield marked(Example(rng.choice(bare), ()))
        else:
            language = rng.choices(list(SHARES), list(SHARES.values()))[0]
            yield marked(sources[language].example())


def marked(example: Example) -> Marked:
    """Cut an example into tokens and give each its tag: 0 for none, 2n+1 for the first of label n, 2n+2 for others."""
    tokens = tokenize(example.text)
    tags = [0] * len(tokens.words)
    spans = iter(example.spans)
    span, first = next(spans, None), True
    for index, start in enumerate(tokens.starts):
        while span and start >= span[1]:
            span, first = next(spans, None), True
        if span and start >= span[0]:
            tags[index] = 2 * LABELS.index(span[2]) + (1 if first else 2)
            first = False
    return tokens.words, tokens.context, tags


def take(texts: Iterator[Marked], size: int) -> list[Marked]:
    """Take texts until they hold ``size`` tokens."""
    batch: list[Marked] = []
    taken = 0
    while taken < size:
        batch.append(next(texts))
        taken += len(batch[-1][0])
    return batch


def write(folder: Path, weights: bytes, threshold: float, training: dict[str, object]) -> None:
    """Write the manifest of ``weights``."""
    manifest = tagger.Manifest(
        sha256=hashlib.sha256(weights).hexdigest(), features=tagger_features.VERSION, languages=LANGUAGES,
        labels=LABELS, threshold=threshold, training=training,
    )  # fmt: skip
    (folder / tagger.MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
