"""What a store of token distributions costs and how near its divergences come to those of whole distributions.

python benchmarks/features.py                  # 40 answers of the verticals, SmolLM2-135M; ten minutes on two cores
python benchmarks/features.py --records 120 --draws 8 --json

The teacher reads the answers of held-out questions with the best passage of the sample corpus before it, the student is
the same model without the passage: far apart, as at the start of training. Both see the same tokens. Each store is
written to disk and read again, so that its coding counts. ``error`` is the mean over all positions against the whole
distributions, in percent; with drawn tokens it is a matter of luck, so its standard deviation over draws stands beside.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kdvert import verticals
from kdvert.features.coding import Coding
from kdvert.features.divergence import KINDS, TERMS, Kept, divergence
from kdvert.features.forcing import Forcing, Reading, readings
from kdvert.features.header import Header
from kdvert.features.store import Distributions, Store, Writer
from kdvert.features.tails import POWER, kept
from kdvert.offline import quiet
from kdvert.records import Evidence, Example, Message, Provenance, Sampling, sha256_text
from kdvert.store import read_jsonl
from kdvert.students.prompts import Prompts
from kdvert.teachers.local import LocalTeacher
from kdvert.templates import TemplateSet
from kdvert.weights import DEFAULT_MODEL

DOMAINS = ("science", "medicine", "finance", "law", "education")


@dataclass(frozen=True)
class Way:
    """One form of the store."""

    k: int
    samples: int
    coding: Coding = "uint8"
    power: float = POWER


WAYS = (
    *(Way(k, 0) for k in (16, 32, 48, 64, 128)),
    Way(64, 0, "float16"),
    *(Way(k, 24) for k in (16, 32, 48, 64, 128)),
    Way(32, 8),
    *(Way(64, 24, power=power) for power in (0.5, 1.0)),
)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    quiet()
    teacher = LocalTeacher.load(DEFAULT_MODEL, batch_size=options.batch_size, root=Path.cwd())
    some = list(read(teacher.tokenizer, options.records))
    speed = scored(teacher, [helped for _, helped in some], options.batch_size)
    pairs = [whole(teacher.model, plain, helped) for plain, helped in some]
    found = {"speed": speed, "rows": [row(way, pairs, options.draws) for way in WAYS], **exact(pairs)}
    print(json.dumps(found, indent=1) if options.json else table(found))


def read(tokenizer: Any, count: int) -> Iterator[tuple[Reading, Reading]]:
    """Yield answers as the student reads them and as the teacher does, of each vertical in turn."""
    told: list[list[tuple[Reading, Reading]]] = []
    for name in DOMAINS:
        vertical = verticals.load(name)
        prompts = Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)
        told.append([])
        for record, passage in records(vertical, math.ceil(count / len(DOMAINS))):
            (plain,), _ = readings([record], tokenizer, prompts, passages={}, longest=8192)
            (helped,), _ = readings([record], tokenizer, prompts, passages={"p": passage}, longest=8192)
            told[-1].append((plain, helped))
    yield from [pair for own in told for pair in own][:count]


def records(vertical: verticals.Vertical, count: int) -> Iterator[tuple[Example, str]]:
    """Yield answered questions of a vertical with the paragraph that has most words of the answer."""
    made = 0
    for item in (i for path in vertical.eval_files for i in _items(path)):
        path = vertical.root / "corpus" / (item.doc_ids or ["?"])[0]
        if item.task == "choice" or not path.is_file() or made == count:
            continue
        made += 1
        paragraphs = [p for p in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if len(p) > 80]
        words = set(item.answer.lower().split())
        best = max(paragraphs, key=lambda p: len(words & set(p.lower().split())))
        yield _record(vertical.id, item.id, item.question, item.answer), best


def _items(path: Path) -> list[Any]:
    from kdvert.records import EvalItem

    return read_jsonl(path, EvalItem)


def _record(vertical: str, name: str, question: str, answer: str) -> Example:
    origin = Provenance(
        teacher="people", route="-", templates={}, request_ids=[name], chunk_ids=["p"], document_ids=["d"],
        licenses=["CC0-1.0"], terms=[], sampling=Sampling(), versions={},
    )  # fmt: skip
    messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
    evidence = [Evidence(chunk_id="p", start=0, end=0, quote_sha=sha256_text(""))]
    return Example(
        id=name, vertical=vertical, strategy="labeling", skill="grounded_qa", messages=messages, evidence=evidence,
        quote="", provenance=origin,
    )  # fmt: skip


def scored(teacher: LocalTeacher, some: Sequence[Reading], batch_size: int) -> dict[str, float]:
    """Return how fast the teacher reads answers and keeps what it holds likely."""
    work = Forcing(teacher.model, int(teacher.tokenizer.pad_token_id or 0), batch_size, 64, 24, POWER)
    part = some[: 2 * batch_size]
    work.distributions(part[:1])  # warm up
    started = time.perf_counter()
    work.distributions(part)
    seconds = time.perf_counter() - started
    answers = sum(sum(r.tokens.trained) for r in part)
    return {
        "answer_tokens_per_s": round(answers / seconds, 1),
        "tokens_read_per_s": round(sum(len(r.tokens.ids) for r in part) / seconds, 1),
    }


def whole(model: Any, plain: Reading, helped: Reading) -> tuple[str, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a record's id, its answer's tokens, and the log-probabilities of teacher and student there."""
    found = []
    for reading in (helped, plain):
        places = [i - 1 for i, mine in enumerate(reading.tokens.trained) if mine]
        with torch.inference_mode():
            logits = model(torch.tensor([reading.tokens.ids]), logits_to_keep=torch.tensor(places)).logits[0]
        found.append(torch.log_softmax(logits.float(), dim=1))
    target = torch.tensor([i for i, mine in zip(helped.tokens.ids, helped.tokens.trained) if mine])
    return helped.record.id, target, found[0], found[1]


def exact(pairs: Sequence[Any]) -> dict[str, Any]:
    """Return the divergences of whole distributions and how many positions there are."""
    mean = {kind: _mean([TERMS[kind](t, s).sum(1) for _, _, t, s in pairs]) for kind in KINDS}
    return {"positions": sum(len(target) for _, target, _, _ in pairs), "exact": mean}


def row(way: Way, pairs: Sequence[Any], draws: int) -> dict[str, Any]:
    """Return what one form of the store costs and how far off it is."""
    errors: dict[str, list[float]] = {kind: [] for kind in KINDS}
    truth = exact(pairs)["exact"]
    size = 0.0
    for draw in range(draws if way.samples else 1):
        with tempfile.TemporaryDirectory() as folder:
            size = _written(way, pairs, Path(folder), draw)
            store = Store(Path(folder))
            read_again = {name: Kept.of(store[name], power=way.power) for name, *_ in pairs}
        for kind in KINDS:
            got = _mean([divergence(kind, read_again[name], s) for name, _, _, s in pairs])
            errors[kind].append(100 * (got / truth[kind] - 1))
    facts = {"k": way.k, "samples": way.samples, "coding": way.coding, "power": way.power if way.samples else None}
    told = {kind: round(sum(e) / len(e), 2) for kind, e in errors.items()}
    spread = {f"{kind}_sd": round(_deviation(e), 2) for kind, e in errors.items()}
    return {**facts, "bytes_per_token": round(size, 1), **told, **spread}


def _written(way: Way, pairs: Sequence[Any], folder: Path, draw: int) -> float:
    """Write a store; return the bytes of its shards a token."""
    vocabulary = pairs[0][2].shape[1]
    header = Header(
        teacher="t", teacher_identity="t", source="forced", tokenizer_sha256=None, vocabulary=vocabulary, k=way.k,
        samples=way.samples, power=way.power, coding=way.coding, prompt_sha256=None, passages=True,
    )  # fmt: skip

    def made(name: str, target: torch.Tensor, teacher: torch.Tensor) -> Distributions:
        seed = int(sha256_text(f"{draw}:{name}")[:15], 16)
        return kept(teacher, target, k=way.k, samples=way.samples, seed=seed, power=way.power)

    writer = Writer(folder, header)
    writer.write("all", [(name, made(name, target, teacher)) for name, target, teacher, _ in pairs])
    return writer.size / writer.finish([b""]).tokens


def _mean(parts: Sequence[torch.Tensor]) -> float:
    return float(torch.cat(list(parts)).double().mean())


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))


def table(found: dict[str, Any]) -> str:
    """Return the figures as a table of Markdown."""
    truth = ", ".join(f"{kind} {value:.4f}" for kind, value in found["exact"].items())
    lines = [f"{found['positions']} positions; whole distributions, in nats: {truth}", f"speed: {found['speed']}", ""]
    lines += ["| k | drawn | coding | bytes a token | forward KL % | reverse KL % | JS % |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for one in found["rows"]:
        power = f", a = {one['power']}" if one["power"] not in (None, POWER) else ""
        cells = [f"{one[k]:+.2f}" + (f" ± {one[k + '_sd']:.2f}" if one["samples"] else "") for k in KINDS]
        facts = [one["k"], f"{one['samples']}{power}", one["coding"], one["bytes_per_token"]]
        lines.append(f"| {' | '.join(map(str, [*facts, *cells]))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
