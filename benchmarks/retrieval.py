"""Recall of kdvert's retriever on the held-out questions of each vertical, beside dense, BM25 and plain rank fusion.

python benchmarks/retrieval.py                            # four verticals; the data lies in ../shared/data
python benchmarks/retrieval.py --data PATH --verticals finance --json
python benchmarks/retrieval.py --precision float32        # vectors as computed without 8-bit layers

Each corpus row is a document. It is cut, embedded and indexed by the code of the stage ``index`` with default
settings, and searched by the code that ``elicit`` and ``evaluate`` use. A question counts as answered at k if one of
the k best *documents* is among its ``doc_ids``; documents are ranked by their best passage. ``psg@5`` is stricter: the
same among the 5 best *passages*, several of which may be of one document. Questions without ``doc_ids`` are left out,
and law, whose questions share one gold passage. "with choices" searches for a multiple-choice question together with
its choices.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import static_embeddings

from kdvert.knowledge import lexicon
from kdvert.knowledge.chunking import chunk
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import Retriever, build
from kdvert.knowledge.quantizing import best_precision
from kdvert.knowledge.settings import SearchSettings, query_text
from kdvert.offline import quiet
from kdvert.records import Chunk
from kdvert.stages.index import Config
from kdvert.weights import DEFAULT_EMBEDDER

VERTICALS = ("science", "education", "finance", "medicine")
GOALS = {"science": 0.95, "education": 0.95, "finance": 0.85, "medicine": 0.99}
AT = (1, 5, 10)
DEPTH = 60  # passages asked for, so that ten documents are among them
_RRF = 60


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--verticals", nargs="+", default=VERTICALS, choices=VERTICALS)
    parser.add_argument("--precision", choices=("float32", "int8"), default=best_precision())
    parser.add_argument("--cache", type=Path, help="an SQLite file that keeps vectors between runs")
    parser.add_argument("--static", help="dense search with static embeddings too: wordllama, or a folder of a model")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "corpus").is_dir():
        parser.error(f"there is no corpus/ in {options.data}: name the folder of the test data with --data")
    quiet()
    embedder = Embedder(DEFAULT_EMBEDDER, precision=options.precision)
    static = static_embeddings.load(options.static) if options.static else None
    rows = [row for name in options.verticals for row in measure(name, options.data, embedder, options.cache, static)]
    print(json.dumps(rows, indent=1) if options.json else table(rows))


def measure(
    vertical: str, data: Path, embedder: Embedder, cache: Path | None, static: Any = None
) -> Iterator[dict[str, Any]]:
    """Yield a row for each method, first for questions alone, then with their choices."""
    items = [i for i in read(data / "eval" / f"{vertical}.jsonl") if i.get("doc_ids")]
    chunks = passages(data / "corpus" / vertical, embedder)
    with tempfile.TemporaryDirectory() as folder:
        build(chunks, Path(folder), embedder, cache=cache)
        for choices in (False, True):
            if choices and not any(i.get("choices") for i in items):
                continue
            asked = [query_text(i["question"], i.get("choices", ()) if choices else ()) for i in items]
            ways = methods(Path(folder)) | ({static_embeddings.NAME: nearest(chunks, static)} if static else {})
            for method, search in ways.items():
                started = time.process_time()
                found = search(asked)
                spent = (time.process_time() - started) / len(asked)
                yield {"vertical": vertical, "questions": len(items), "choices": choices, "method": method,
                       "cpu_ms": round(1000 * spent, 1), **recalls(found, items), "goal": GOALS[vertical]}  # fmt: skip


def methods(folder: Path) -> dict[str, Callable[[Sequence[str]], list[list[Chunk]]]]:
    """Return how to search the index in ``folder``, by name: passages for each question, best first."""

    def searched(by: str) -> Callable[[Sequence[str]], list[list[Chunk]]]:
        """Search in one of the ways that ``index.search.by`` offers."""

        def search(asked: Sequence[str]) -> list[list[Chunk]]:
            with Retriever.open(folder, root=Path(), search=SearchSettings(by=by)) as retriever:
                return [[hit.chunk for hit in hits] for hits in retriever.search_many(asked, DEPTH)]

        return search

    def plain_bm25(asked: Sequence[str]) -> list[list[Chunk]]:
        whole = dict(lexicon.FIELDS)
        lexicon.FIELDS.clear()
        lexicon.FIELDS["words"] = whole["words"]
        try:
            return searched("words")(asked)
        finally:
            lexicon.FIELDS.clear()
            lexicon.FIELDS.update(whole)

    def plain_rrf(asked: Sequence[str]) -> list[list[Chunk]]:
        return [fused(*lists) for lists in zip(searched("meaning")(asked), plain_bm25(asked), strict=True)]

    return {"dense": searched("meaning"), "BM25": plain_bm25, "plain RRF": plain_rrf,
            "kdvert, words": searched("words"), "kdvert": searched("both")}  # fmt: skip


def nearest(chunks: Sequence[Chunk], model: Any) -> Callable[[Sequence[str]], list[list[Chunk]]]:
    """Return a search by cosine with a model of sentence-transformers, without an index."""
    table = model.encode([f"{c.title}\n{c.text}" for c in chunks], normalize_embeddings=True)

    def search(asked: Sequence[str]) -> list[list[Chunk]]:
        scores = model.encode(list(asked), normalize_embeddings=True) @ table.T
        return [[chunks[i] for i in row[:DEPTH]] for row in (-scores).argsort(axis=1, kind="stable")]

    return search


def fused(*lists: Sequence[Chunk]) -> list[Chunk]:
    """Fuse by reciprocal rank, as in Cormack, Clarke and Büttcher, SIGIR 2009."""
    scores: dict[str, float] = {}
    chunks = {c.id: c for found in lists for c in found}
    for found in lists:
        for rank, one in enumerate(found, 1):
            scores[one.id] = scores.get(one.id, 0.0) + 1 / (_RRF + rank)
    return [chunks[i] for i in sorted(scores, key=lambda i: (-scores[i], i))]


def recalls(found: Sequence[Sequence[Chunk]], items: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the recalls of one method."""
    gold = [set(i["doc_ids"]) for i in items]
    ranked = [[c.document_id for c in one] for one in found]
    distinct = [list(dict.fromkeys(one)) for one in ranked]
    at = {f"recall@{k}": share(distinct, gold, k) for k in AT}
    return at | {"passages@5": share(ranked, gold, 5)}


def share(ranked: Sequence[Sequence[str]], gold: Sequence[set[str]], k: int) -> float:
    """Return the share of questions with a right document among the first ``k``."""
    hits = sum(not answers.isdisjoint(one[:k]) for one, answers in zip(ranked, gold, strict=True))
    return round(hits / len(gold), 4)


def passages(folder: Path, embedder: Embedder) -> list[Chunk]:
    """Cut the corpus as the stage ``index`` does with default settings."""
    config = Config()
    made = []
    for row in (row for file in sorted(folder.glob("*.jsonl")) for row in read(file)):
        for start, end in chunk(row["text"], embedder.offsets, budget=config.chunk_tokens, overlap=config.overlap):
            made.append(Chunk(id=f"{row['id']}@{start}-{end}", document_id=row["id"], start=start, end=end,
                              title=row["title"], license=row["license"], text=row["text"][start:end]))  # fmt: skip
    return made


def read(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Lay the rows out for people; the last column is CPU time for a question, opening the index included."""
    head = (
        f"{'vertical':10} {'n':>4} {'query':12} {'method':14} {'@1':>5} {'@5':>5} {'@10':>5} {'psg@5':>6} "
        f"{'goal@5':>6} {'ms':>5}"
    )
    lines = [
        f"{r['vertical']:10} {r['questions']:4} {'with choices' if r['choices'] else 'question':12} {r['method']:14} "
        f"{r['recall@1']:5.3f} {r['recall@5']:5.3f} {r['recall@10']:5.3f} {r['passages@5']:6.3f} {r['goal']:6.2f} "
        f"{r['cpu_ms']:5.1f}"
        for r in rows
    ]  # fmt: skip
    return "\n".join([head, *lines])


if __name__ == "__main__":
    main()
