"""The review page with many records: how long until the first page, until the next record, and what a decision takes.

python benchmarks/review.py                              # 100,000 records
python benchmarks/review.py --records 20000 --decided 2000 --json

Records, passages and documents are made up in the form that a run leaves; some are decided before the server starts.
The server runs as `kdvert review` does, in a process of its own, and is asked over HTTP on this machine. Shown are the
median and the 95th percentile of each request, and what starting takes: the index is made once for a run's output.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import yaml

from kdvert.decisions import trail
from kdvert.pipeline.lock import LockRow, write_row
from kdvert.records import Chunk, Document, Evidence, Example, Message, Provenance, Sampling, ScrubLog, Source, Verdict
from kdvert.review.accounts import Accounts
from kdvert.rulings.contents import content_sha
from kdvert.store import write_json, write_jsonl

GOALS = {"first page": 0.3, "next record": 0.1}
WORDS = "the dose of a drug for an adult patient with stable disease is checked after two weeks by blood count".split()
PASSPHRASE = "seven unrelated plain words"
TOKEN = "benchmark-token-of-this-machine"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--decided", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kdvert-review-"))
    try:
        made = make(folder / "site", args.records, args.decided)
        found = {"records": args.records, "decided": args.decided, **made, **measure(folder / "site", args.requests)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found, indent=2) if args.json else table(found))


def make(root: Path, count: int, decided: int) -> dict[str, float]:
    """Write a project of ``count`` records, of which ``decided`` are decided; return seconds of a decision."""
    root.mkdir(parents=True)
    (root / "kdvert.yaml").write_text(yaml.safe_dump({"vertical": "medicine", "review": {"look_at": "sample"}}))
    work, draw = root / "work", random.Random(0)
    documents = max(1, count // 200)
    write_jsonl(work / "scrub/documents.jsonl", (_document(i) for i in range(documents)))
    write_jsonl(work / "scrub/logs.jsonl", (ScrubLog(document_id=f"doc-{i:04d}", findings=[], moves=[])
                                            for i in range(documents)))  # fmt: skip
    write_jsonl(work / "index/chunks.jsonl", (_chunk(i, j) for i in range(documents) for j in range(20)))
    write_jsonl(work / "filter/accepted.jsonl", (_example(n, documents, draw) for n in range(count)))
    write_jsonl(work / "filter/rejected.jsonl", [])
    write_json(work / "filter/summary.json", {})
    now = datetime.now(UTC)
    for stage in ("scrub", "index", "filter"):
        row = LockRow(parts={}, outputs={}, summary={}, seconds=0, finished=now.isoformat())
        write_row(work, stage, row)
    people = Accounts(root)
    for name, role in (("Rita Roe", "reviewer"), ("Ada Adams", "admin")):
        people.add(name, role, PASSPHRASE, now)
    signer = people.open("Rita Roe", PASSPHRASE)
    started = time.perf_counter()
    for n in range(decided):
        example = _example(n, documents, random.Random(n))
        refs: dict[str, Any] = {"record": example.id, "content": content_sha(example), "seconds": 20}
        trail.append(root, "record-accepted", now=now, signer=signer, refs=refs)
    return {"append to the trail, s": (time.perf_counter() - started) / max(1, decided)}


def _text(seed: int, length: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(length)).capitalize() + "."


def _document(i: int) -> Document:
    source = Source(uri=f"sources/{i}.md", title=f"Guideline {i}", license="CC0-1.0", sha256="0" * 64)
    return Document(id=f"doc-{i:04d}", source=source, text=_text(i, 2000))


def _chunk(i: int, j: int) -> Chunk:
    text = _text(1000 * i + j, 90)
    return Chunk(id=f"doc-{i:04d}@{j * 500}-{j * 500 + len(text)}", document_id=f"doc-{i:04d}", start=j * 500,
                 end=j * 500 + len(text), title=f"Guideline {i}", license="CC0-1.0", text=text)  # fmt: skip


def _example(n: int, documents: int, draw: random.Random) -> Example:
    chunk = _chunk(n % documents, n % 20)
    quote = chunk.text[:80]
    request = hashlib.sha256(str(n).encode()).hexdigest()
    scores = random.Random(n)
    origin = Provenance(
        teacher="m", route="local", templates={"elicit/a.j2": "0" * 64}, request_ids=[request], chunk_ids=[chunk.id],
        document_ids=[chunk.document_id], licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(), versions={},
    )  # fmt: skip
    return Example(
        id=f"{request}-0", vertical="medicine", strategy="curation", skill=("grounded_qa", "summarization")[n % 2],
        messages=[Message(role="user", content=_text(n, 12)), Message(role="assistant", content=quote)],
        evidence=[Evidence(chunk_id=chunk.id, start=0, end=80, quote_sha=hashlib.sha256(quote.encode()).hexdigest())],
        quote=quote, provenance=origin,
        verdicts=[Verdict(check="support", passed=True, score=round(scores.random(), 3)),
                  Verdict(check="near_duplicate", passed=True, score=round(scores.random(), 3))],
    )  # fmt: skip


def measure(root: Path, times: int) -> dict[str, Any]:
    """Start the server and ask it; return seconds."""
    found: dict[str, Any] = {}
    for label in ("first start, s", "later start, s"):
        started = time.perf_counter()
        with _server(root) as address:
            found[label] = time.perf_counter() - started
            if label == "later start, s":
                found |= _ask(address, times)
    found["peak memory, MB"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return found


class _server:
    def __init__(self, root: Path) -> None:
        environment = {**os.environ, "KDVERT_REVIEW_TOKEN": TOKEN}
        command = [
            sys.executable,
            "-u",
            "-m",
            "kdvert",
            "review",
            "--project",
            str(root),
            "--port",
            "0",
            "--no-browser",
        ]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if match := re.search(r"http://\S+?(?=/\?)", line):
                address = match.group()
                while True:
                    try:
                        requests.get(address, timeout=5)
                        return address
                    except requests.ConnectionError:
                        time.sleep(0.05)
        raise SystemExit("the server did not start")

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)


def _ask(address: str, times: int) -> dict[str, Any]:
    session = requests.Session()
    session.get(f"{address}/?token={TOKEN}", timeout=60)
    session.post(f"{address}/sign-in", data={"name": "Rita Roe", "passphrase": PASSPHRASE}, timeout=60)
    first = session.get(f"{address}/", timeout=60)
    record = re.search(r"/record/[0-9a-f]+-0\?[^\"]+", first.text)
    assert record, first.text[:500]
    step = lambda url: url.replace("?", "/step?")  # noqa: E731
    found = {"first page": _timed(times, lambda: session.get(f"{address}/", timeout=60))}
    filtered = f"{address}/?skill=summarization&source=doc-0007&status=open"
    for name in ("figures", "signatures"):
        found[name] = _timed(3, lambda name=name: session.get(f"{address}/{name}", timeout=300))
    found["filtered page"] = _timed(times, lambda: session.get(filtered, timeout=60))
    at = record.group().replace("&amp;", "&")
    pages: list[requests.Response] = []

    def following() -> None:
        nonlocal at
        pages[:] = [session.get(address + step(at), timeout=60)]
        at = pages[0].url.removeprefix(address)
        assert "/record/" in at, at

    found["next record"] = _timed(times, following)

    def deciding() -> None:
        nonlocal at
        form = dict(re.findall(r'name="(csrf|version)" value="([^"]*)"', pages[0].text.split('id="decide"')[1]))
        url = f"{address}{at.replace('?', '/decide?')}"
        pages[:] = [session.post(url, data={**form, "action": "accept"}, timeout=60)]
        assert "Entry" in pages[0].text, pages[0].text[:2000]
        at = pages[0].url.removeprefix(address)

    found["decision and next record"] = _timed(times, deciding)
    return found


def _timed(times: int, ask: Any) -> dict[str, float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    return {"median": statistics.median(taken), "p95": sorted(taken)[int(0.95 * (len(taken) - 1))]}


def table(found: dict[str, Any]) -> str:
    """Return the numbers as a table."""
    return "\n".join(_lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['records']:,} records, {found['decided']:,} decided before"
    for name, value in found.items():
        if isinstance(value, dict):
            goal = f"   goal {GOALS[name]} s" if name in GOALS else ""
            yield f"{name:<26}{value['median']:8.3f} s   95 %: {value['p95']:.3f} s{goal}"
        elif name not in ("records", "decided"):
            yield f"{name:<26}{value:8.3f}"


if __name__ == "__main__":
    main()
