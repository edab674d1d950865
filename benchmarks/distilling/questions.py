"""Real questions for the study: from ../shared/data science, each with the passage that holds most of its answer."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.filters.wording import words
from kdvert.records import Chunk, Evidence, Example, Message, Provenance, Sampling, sha256_text

LONGEST = 1800
"""Characters of a passage; longer ones would not fit the teacher's prompt beside the question."""


@dataclass(frozen=True)
class Question:
    """A question of the book, its answer, and the passage it was asked about."""

    id: str
    question: str
    answer: str
    passage: Chunk

    def record(self, answer: str | None = None) -> Example:
        """Return it as a record, with its own answer or another one."""
        origin = Provenance(
            teacher="study", route="local", templates={}, request_ids=[self.id], chunk_ids=[self.passage.id],
            document_ids=[self.passage.document_id], licenses=[self.passage.license], terms=[], sampling=Sampling(),
            versions={},
        )  # fmt: skip
        text = self.passage.text
        return Example(
            id=self.id, vertical="science", strategy="labeling", skill="grounded_qa",
            messages=[Message(role="user", content=self.question),
                      Message(role="assistant", content=self.answer if answer is None else answer)],
            evidence=[Evidence(chunk_id=self.passage.id, start=0, end=len(text), quote_sha=sha256_text(text))],
            quote=text, provenance=origin,
        )  # fmt: skip


def read(data: Path) -> list[Question]:
    """Return the questions that stand alone: no choices to pick from, nothing true or false.

    Raises:
        SystemExit: the data is not there.
    """
    if not (data / "eval" / "science.jsonl").is_file():
        raise SystemExit(f"There is no eval/science.jsonl in {data}: name the folder of the test data with --data.")
    corpus = {row["id"]: row for path in sorted((data / "corpus" / "science").glob("*.jsonl")) for row in _rows(path)}
    found = []
    for item in _rows(data / "eval" / "science.jsonl"):
        if item["task"] == "osmicro_true_false" or "following" in item["question"].lower():
            continue
        passages = [corpus[name] for name in item.get("doc_ids", ()) if name in corpus]
        if passages:
            best = max(passages, key=lambda row: _overlap(item, row["text"]))
            found.append(Question(item["id"], item["question"], item["answer"], _chunk(best)))
    return found


def split(questions: Sequence[Question], train: int, seed: int) -> tuple[list[Question], list[Question]]:
    """Return ``train`` questions to learn from and all others; passages may be on both sides, questions are not."""
    drawn = sorted(questions, key=lambda q: q.id)
    random.Random(seed).shuffle(drawn)
    return drawn[:train], drawn[train:]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _overlap(item: dict[str, Any], text: str) -> float:
    held, answer, question = set(words(text)), set(words(item["answer"])), set(words(item["question"]))
    return 3 * len(held & answer) / max(1, len(answer)) + len(held & question) / max(1, len(question))


def _chunk(row: dict[str, Any]) -> Chunk:
    text = row["text"][:LONGEST]
    return Chunk(
        id=row["id"], document_id=row["id"], start=0, end=len(text), title=row["title"], license=row["license"],
        text=text,
    )  # fmt: skip
