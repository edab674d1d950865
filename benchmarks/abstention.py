"""From which similarity an assistant should answer: own questions against those of other fields.

python benchmarks/abstention.py                      # the sample documents of the five verticals
python benchmarks/abstention.py --verticals science --json

The sample documents of a vertical are cut, embedded and indexed by the code of the stage ``index`` with default
settings. Its held-out questions can be answered from them, and those of the other verticals cannot. For each question
the similarity is taken that `kdvert chat` and `kdvert serve` decide by; ``least`` is what they are told. ``answered``
is the share of own questions that are answered, ``abstained`` that of foreign ones that are not.

In a talk a question that finds nothing may follow an earlier one. ``followed`` is the share of such words as "And in
children?" that are searched for together with an own question before them, ``parted`` that of foreign questions which
are not; only those count that find nothing by themselves, at the default threshold.
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
from kdvert.serving.passages import follow_up, nearest
from kdvert.serving.settings import LEAST
from kdvert.stages.index import Config
from kdvert.weights import DEFAULT_EMBEDDER

VERTICALS = ("education", "finance", "law", "medicine", "science")
TRIED = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
FOLLOW_UPS = (
    "And in children?", "Why?", "What else?", "How long does that take?", "Can you give an example?",
    "And what happens then?", "Is that always so?", "Who decides that?", "And if not?",
)  # fmt: skip
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
    scores: list[dict[str, Any]] = []
    talks: list[dict[str, Any]] = []
    for name in options.verticals:
        with tempfile.TemporaryDirectory() as folder:
            build(passages(name, embedder), Path(folder), embedder)
            with Retriever.open(Path(folder), root=Path()) as retriever:
                scores += measure(name, questions, retriever)
                talks += talk(name, questions, retriever)
    rows = [summary(name, scores, least) for name in (*options.verticals, "all") for least in sorted({*TRIED, LEAST})]
    shares = {kind: share(talks, kind) for kind in ("followed", "parted")}
    print(json.dumps({"rows": rows, "talks": shares, "scores": scores}, indent=1) if options.json else table(rows))
    if not options.json:
        print("\n".join(f"{kind}: {found:.3f} of {count}" for kind, (found, count) in shares.items()))


def asked(name: str) -> list[str]:
    """Return the held-out questions of a vertical."""
    return [item.question for item in load_items(verticals.load(name).eval_files)]


def measure(name: str, questions: dict[str, list[str]], retriever: Retriever) -> list[dict[str, Any]]:
    """Return the similarity of every question and the nearest passage of one vertical's sample documents."""
    return [
        {"vertical": name, "of": of, "question": text, "similarity": nearest(retriever, query_text(text))}
        for of, texts in questions.items()
        for text in texts
    ]


def talk(name: str, questions: dict[str, list[str]], retriever: Retriever) -> list[dict[str, Any]]:
    """Return whether what is said after each own question is taken as following it."""
    foreign = [text for of, texts in questions.items() if of != name for text in texts]
    rows = []
    for number, own in enumerate(questions[name]):
        alone = nearest(retriever, own)
        later = [("followed", FOLLOW_UPS[number % len(FOLLOW_UPS)]), ("parted", foreign[7 * number % len(foreign)])]
        for kind, text in later:
            if alone >= LEAST > nearest(retriever, text):
                joined = follow_up(retriever, own, text, 2, alone, LEAST) is not None
                rows.append({"kind": kind, "right": joined == (kind == "followed")})
    return rows


def share(talks: Sequence[dict[str, Any]], kind: str) -> tuple[float, int]:
    """Return the share of talks of a kind that were taken rightly, and their number."""
    rows = [row["right"] for row in talks if row["kind"] == kind]
    return round(sum(rows) / len(rows), 4), len(rows)


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
