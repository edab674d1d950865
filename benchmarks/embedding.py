"""Speed of the embedder on passages of 300 words: float32, as sentence-transformers and as kdvert run it, and int8.

python benchmarks/embedding.py                 # 48 passages, three rounds
python benchmarks/embedding.py --passages 200 --rounds 5 --json

The passages are cut from the sample corpora of the verticals; the model reads their first 256 tokens. The ways take
turns, so that what else runs on the machine hits all alike, and CPU time stands beside wall time. ``cosine`` compares
vectors with those of float32; what it does to recall is shown by ``benchmarks/retrieval.py --precision``. A question is
embedded alone.

Static embeddings are measured only if --static names them, ``wordllama`` or a folder: kdvert installs none.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import static_embeddings

from kdvert.knowledge.embeddings import Embedder
from kdvert.offline import quiet
from kdvert.weights import DEFAULT_EMBEDDER, resolve

WORDS = 300
Encode = Callable[[list[str]], Any]


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--static", help="wordllama, or a folder with a static sentence-transformers model")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    quiet()
    rows = measure(ways(options.static), texts(options.passages), options.rounds)
    print(json.dumps(rows, indent=1) if options.json else table(rows))


def ways(static: str | None) -> dict[str, Encode]:
    """Return what is measured, by name; the first is what the others are compared with."""
    from sentence_transformers import SentenceTransformer

    stock = SentenceTransformer(str(resolve(DEFAULT_EMBEDDER).path), device="cpu")
    found: dict[str, Encode] = {"sentence-transformers": lambda some: stock.encode(some, normalize_embeddings=True)}
    found["kdvert, float32"] = Embedder(DEFAULT_EMBEDDER).vectors
    found["kdvert, int8"] = Embedder(DEFAULT_EMBEDDER, precision="int8").vectors
    if static:
        found[static_embeddings.NAME] = static_embeddings.load(static).encode
    return found


def measure(encoders: dict[str, Encode], passages: list[str], rounds: int) -> list[dict[str, Any]]:
    """Let the encoders take turns; return the median of each."""
    kept: dict[str, Any] = {name: encode(passages) for name, encode in encoders.items()}  # this warms them up too
    wall: dict[str, list[float]] = {name: [] for name in encoders}
    cpu: dict[str, list[float]] = {name: [] for name in encoders}
    question: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(rounds):
        for name, encode in encoders.items():
            started, used = time.perf_counter(), time.process_time()
            encode(passages)
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - used)
            used = time.process_time()
            encode(["Which hormone lowers the sugar in the blood, and which organ makes it?"])
            question[name].append(time.process_time() - used)
    first = np.array(next(iter(kept.values())))
    return [
        {"way": name, "passages": len(passages), "per_s": round(len(passages) / statistics.median(wall[name]), 1),
         "per_cpu_s": round(len(passages) / statistics.median(cpu[name]), 1),
         "question_cpu_ms": round(1000 * statistics.median(question[name]), 1), "cosine": cosine(first, kept[name])}
        for name in encoders
    ]  # fmt: skip


def cosine(first: Any, other: Any) -> float | None:
    """Return the mean cosine similarity of paired unit vectors; None for models of another dimension."""
    other = np.array(other)
    return round(float((first * other).sum(axis=1).mean()), 4) if other.shape == first.shape else None


def texts(count: int) -> list[str]:
    """Return passages of 300 words from the sample corpora of the verticals in this checkout; they may overlap."""
    corpora = sorted((Path(__file__).parents[1] / "verticals").glob("*/*/corpus/**/*.md"))
    words = " ".join(path.read_text(encoding="utf-8") for path in corpora).split()
    step = max(1, (len(words) - WORDS) // count)
    return [" ".join(words[i * step : i * step + WORDS]) for i in range(count)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    head = f"{'way':24} {'passages/s':>10} {'per CPU s':>10} {'question, CPU ms':>17} {'cosine':>8}"
    lines = [
        f"{r['way']:24} {r['per_s']:10.1f} {r['per_cpu_s']:10.1f} {r['question_cpu_ms']:17.1f} "
        f"{'–' if r['cosine'] is None else format(r['cosine'], '8.4f'):>8}"
        for r in rows
    ]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    main()
