"""From which similarity an assistant should answer: own questions against those of other fields.

python benchmarks/abstention.py                      # the sample documents of the five verticals
python benchmarks/abstention.py --verticals science --json

The sample documents of a vertical are cut, embedded and indexed by the code of the stage ``index`` with default
settings. Its held-out questions can be answered from them, and those of the other verticals cannot. For each question
the similarity is taken that `kdvert chat` and `kdvert serve` decide by; ``least`` is what they are told. ``answered``
is the share of own questions that are answered, ``abstained`` that of foreign ones that are not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdvert import verticals
from kdvert.evaluation.items import load_items
from kdvert.knowledge.chunking import chunk
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import Retriever, build
from kdvert.knowledge.loaders import Loaded, load
from kdvert.knowledge.settings import query_text
from kdvert.offline import quiet
from kdvert.records import Chunk
from kdvert.serving.passages import nearest
from kdvert.serving.settings import LEAST
from kdvert.stages.index import Config
from kdvert.weights import DEFAULT_EMBEDDER

VERTICALS = ("education", "finance", "law", "medicine", "science")
TRIED = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_LARGEST = 1 << 22  # bytes of a sample document


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verticals", nargs="+", default=VERTICALS, choices=VERTICALS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    quiet()
    embedder = Embedder(DEFAULT_EMBEDDER)
    questions = {name: asked(name) for name in VERTICALS}
    scores = [row for name in options.verticals for row in measure(name, questions, embedder)]
    rows = [summary(name, scores, least) for name in (*options.verticals, "all") for least in sorted({*TRIED, LEAST})]
    print(json.dumps({"rows": rows, "scores": scores}, indent=1) if options.json else table(rows))


def asked(name: str) -> list[str]:
    """Return the held-out questions of a vertical."""
    return [item.question for item in load_items(verticals.load(name).eval_files)]


def measure(name: str, questions: dict[str, list[str]], embedder: Embedder) -> list[dict[str, Any]]:
    """Return the similarity of every question and the nearest passage of one vertical's sample documents."""
    with tempfile.TemporaryDirectory() as folder:
        build(passages(name, embedder), Path(folder), embedder)
        with Retriever.open(Path(folder), root=Path()) as retriever:
            return [
                {"vertical": name, "of": of, "question": text, "similarity": nearest(retriever, query_text(text))}
                for of, texts in questions.items()
                for text in texts
            ]


def passages(name: str, embedder: Embedder) -> list[Chunk]:
    """Cut the sample documents as the stage ``index`` does with default settings."""
    config = Config()
    made = []
    for path in verticals.load(name).corpus:
        found = next(iter(load(path, max_bytes=_LARGEST)))
        assert isinstance(found, Loaded)
        for start, end in chunk(found.text, embedder.offsets, budget=config.chunk_tokens, overlap=config.overlap):
            made.append(Chunk(id=f"{path.name}@{start}-{end}", document_id=path.name, start=start, end=end,
                              title=found.title or path.stem, license="CC0-1.0",
                              text=found.text[start:end]))  # fmt: skip
    return made


def summary(name: str, scores: Sequence[dict[str, Any]], least: float) -> dict[str, Any]:
    """Return what a threshold comes to on one vertical, or on all together."""
    rows = [row for row in scores if name in (row["vertical"], "all")]
    own = [row["similarity"] for row in rows if row["of"] == row["vertical"]]
    foreign = [row["similarity"] for row in rows if row["of"] != row["vertical"]]
    return {
        "vertical": name, "least": least, "own": len(own), "foreign": len(foreign),
        "answered": round(sum(s >= least for s in own) / len(own), 4),
        "abstained": round(sum(s < least for s in foreign) / len(foreign), 4),
    }  # fmt: skip


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    lines = [f"{'vertical':10} {'own':>4} {'foreign':>7} {'least':>6} {'answered':>9} {'abstained':>10}"]
    lines += [
        f"{r['vertical']:10} {r['own']:4} {r['foreign']:7} {r['least']:6.2f} {r['answered']:9.3f} "
        f"{r['abstained']:10.3f}"
        for r in rows
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    main()
