r"""Measure how many right answers the checks let pass, and how many of the same answers with a wrong digit they stop.

    python benchmarks/domain_checks.py [--data FOLDER] [--vertical finance] [--json] [--show]

Always: the sample questions of each installed vertical with their documents as evidence. With ``--data``: a folder
with ``eval/<vertical>.jsonl`` (question, answer, optional context, rationale and doc_ids) and
``corpus/<vertical>/*.jsonl`` (id, text); answers are judged against their context or documents, and sentences with
digits of each passage against the passage itself, where all should pass. A near miss has one digit of its longest
number changed (by a seeded draw). ``--show`` prints what was rejected. Times are of one answer, everything loaded.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdvert.filters.arithmetic import reason
from kdvert.verticals import Vertical, discover

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_PASSAGES = 150
_FEWEST_DIGITS = 2


@dataclass(frozen=True)
class Case:
    """An answer that is right, and what it rests on."""

    question: str
    answer: str
    evidence: str


@dataclass
class Score:
    """What the checks said of one set."""

    vertical: str
    name: str
    answers: int = 0
    engine: int = 0
    domain: int = 0
    both: int = 0
    misses: int = 0
    stopped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return the figures of the table; shares in percent, time in milliseconds."""
        return {
            "vertical": self.vertical,
            "set": self.name,
            "answers": self.answers,
            "pass numbers": _percent(self.engine, self.answers),
            "pass vertical": _percent(self.domain, self.answers),
            "pass both": _percent(self.both, self.answers),
            "near misses": self.misses,
            "stopped": _percent(self.stopped, self.misses),
            "ms": round(1000 * statistics.median(self.seconds), 2) if self.seconds else None,
            "reasons": dict(self.reasons.most_common()),
        }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--vertical", action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    rows = []
    for vertical in discover().values():
        if not options.vertical or vertical.id in options.vertical:
            for name, cases in sets(vertical, options.data):
                rows.append(score(vertical, name, cases, show=options.show).row())
    print(json.dumps(rows, indent=1) if options.json else table(rows))


def sets(vertical: Vertical, data: Path | None) -> Iterator[tuple[str, list[Case]]]:
    """Yield the sets of a vertical that exist here, each with its cases."""
    documents = {p.name: p.read_text(encoding="utf-8", errors="replace") for p in vertical.corpus}
    sample = [row for path in vertical.eval_files for row in _rows(path)]
    yield "sample", [c for row in sample if (c := _case(row, documents))]
    if data is None or not (data / "eval" / f"{vertical.id}.jsonl").is_file():
        return
    passages = {r["id"]: r["text"] for p in sorted((data / "corpus" / vertical.id).glob("*.jsonl")) for r in _rows(p)}
    tasks: dict[str, list[Case]] = {}
    for row in _rows(data / "eval" / f"{vertical.id}.jsonl"):
        if case := _case(row, passages):
            tasks.setdefault(row["task"], []).append(case)
    yield from tasks.items()
    yield "sentences of passages", list(_sentences(passages))


def score(vertical: Vertical, name: str, cases: list[Case], *, show: bool) -> Score:
    """Judge every case and its near miss by the engine's check and the vertical's."""
    result, draw = Score(vertical.id, name), random.Random(0)
    for case in cases:
        started = time.perf_counter()
        engine, domain = _judge(vertical, case)
        result.seconds.append(time.perf_counter() - started)
        result.answers += 1
        result.engine += engine is None
        result.domain += domain is None
        result.both += engine is None and domain is None
        result.reasons.update(code for code in (engine, domain) if code)
        if show and (engine or domain):
            print(f"{vertical.id} {name}: {engine} {domain} | {case.question} | {case.answer[:300]}")
        if wrong := near_miss(case, draw):
            result.misses += 1
            result.stopped += any(_judge(vertical, wrong))
    return result


def near_miss(case: Case, draw: random.Random) -> Case | None:
    """Return the case with one digit of its longest number changed; None where that number stands in the source."""
    longest = max(re.finditer(r"\d[\d,.]*\d|\d", case.answer), key=lambda m: len(m.group()), default=None)
    if longest is None or sum(c.isdigit() for c in longest.group()) < _FEWEST_DIGITS:
        return None
    digits = list(longest.group())
    place = draw.choice([i for i, c in enumerate(digits) if c.isdigit()])
    digits[place] = str((int(digits[place]) + draw.randrange(1, 9)) % 9 + 1)  # no zero, which would drop a digit
    wrong = "".join(digits)
    if wrong in f"{case.evidence} {case.question}":
        return None
    answer = case.answer[: longest.start()] + wrong + case.answer[longest.end() :]
    return Case(case.question, answer, case.evidence)


def _judge(vertical: Vertical, case: Case) -> tuple[str | None, str | None]:
    engine = reason(case.question, case.answer, case.evidence, vertical.languages)
    codes = (check(case.question, case.answer, case.evidence) for check in vertical.checks().values())
    return engine, next((code for code in codes if code), None)


def _case(row: dict[str, Any], documents: dict[str, str]) -> Case | None:
    """Return the answer, or its worked solution where there is one, with what it rests on."""
    found = [documents[i] for i in row.get("doc_ids") or [] if i in documents]
    evidence = row.get("context") or "\n\n".join(found)
    if row.get("rationale"):
        return Case(row["question"], row["rationale"], evidence or row["question"])
    return Case(row["question"], row["answer"], evidence) if evidence else None


def _sentences(passages: dict[str, str]) -> Iterator[Case]:
    chosen = random.Random(0).sample(sorted(passages), min(_PASSAGES, len(passages)))
    for passage in (passages[i] for i in chosen):
        for sentence in _SENTENCE.split(passage):
            if any(c.isdigit() for c in sentence) and len(sentence) < 600:
                yield Case("What does the source say?", sentence, passage)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    heads = [h for h in rows[0] if h != "reasons"] if rows else []
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    lines += [" | ".join("–" if row[h] is None else str(row[h]) for h in heads) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


if __name__ == "__main__":
    main()
