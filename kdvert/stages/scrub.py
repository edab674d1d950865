"""Take personal data out of every document, before anything else sees the text.

Reads ``ingest/documents.jsonl``. Writes

- ``documents.jsonl``: the same documents, ids and order, with text and title scrubbed;
- ``logs.jsonl``: a `ScrubLog` per document: findings, and the map from raw to scrubbed offsets;
- ``summary.json``: counts per type, the policy and its reasons. No file holds a raw value.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.records import Document, ScrubLog, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, write_json, write_jsonl

if TYPE_CHECKING:
    from kdvert.privacy.scrubber import Scrubbed

VERSION = 1
VOLATILE: tuple[str, ...] = ()

_JOURNAL = "journal.jsonl"


class Config(ConfigBase):
    """Settings of the scrub stage."""

    extra_regimes: list[str] = Field(default_factory=list)
    """Privacy regimes to hold to beside those of the vertical; the strictest rule wins."""
    actions: dict[str, str] = Field(default_factory=dict)
    """Action by entity type (keep, generalize, mask, replace, drop); it may only tighten what the regimes ask for."""
    threshold: float = Field(default=0.4, ge=0.0, le=1.0)
    """Findings below this score are left alone."""
    workers: int | None = Field(default=None, ge=1)
    """Processes; None: one per core, if there is enough text for them."""
    seconds_per_megabyte: float = Field(default=600.0, gt=0.0)
    """Time that a document may take, by its size (at least a minute); one that takes longer is held back."""


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the policy files and recognizers that decide what scrubbed text looks like."""
    return [ctx.vertical.root / "privacy.yaml", ctx.vertical.root / "recognizers.yaml", compliance_facts() / "privacy"]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Scrub the documents of ``ingest``.

    Raises:
        UserError: a regime, entity type or action is unknown, or would loosen the policy.
        WorkFailed: a document takes too long or cannot be analyzed; it is named and nothing of it is passed on.
    """
    from kdvert.privacy.pool import Plan, scrub_all
    from kdvert.privacy.scrubber import Scrubber

    started = time.monotonic()
    scrubber = Scrubber.for_vertical(ctx.vertical, config)
    source = ctx.inputs["ingest"] / "documents.jsonl"
    characters = [len(d.text) for d in iter_jsonl(source, Document)]
    with _Journal(ctx.out / _JOURNAL, scrubber.policy_sha) as journal:
        done = journal.count(source)
        rest = _after(iter_jsonl(source, Document), done)
        plan = Plan.of(config.workers, sum(characters[done:]))
        ctx.log.info("scrub: %d of %d documents done, %d workers", done, len(characters), plan.workers)
        with ctx.progress.bar("scrub", len(characters)) as bar:
            bar.advance(done)
            for document, scrubbed in scrub_all(ctx.vertical, config, rest, plan):
                journal.add(document, scrubbed)
                bar.advance()
    counts = _publish(ctx.out)
    summary = {
        "documents": len(characters),
        "characters": sum(characters),
        "entities": dict(sorted(counts.items())),
        "findings": sum(counts.values()),
        "regimes": [r.id for r in scrubber.policy.regimes],
        "policy_sha": scrubber.policy_sha,
        "workers": plan.workers,
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(ctx.out / "summary.json", {**summary, "policy": scrubber.describe()})
    (ctx.out / _JOURNAL).unlink()
    return {key: summary[key] for key in ("documents", "findings", "entities", "seconds")}


class _Journal:
    """Finished documents, one a line, so that a killed run goes on where it was. It holds scrubbed text only."""

    def __init__(self, path: Path, policy_sha: str) -> None:
        self._path = path
        self._policy_sha = policy_sha

    def __enter__(self) -> _Journal:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = open(self._path, "a+b")
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def count(self, source: Path) -> int:
        """Return how many of the documents in ``source`` are finished; cut off what a kill left half written."""
        self._stream.seek(0)
        done = end = 0
        for document, line in zip(iter_jsonl(source, Document), iter(self._stream.readline, b"")):
            if not line.endswith(b"\n") or _read(line)[0] != self._key(document):
                break
            done, end = done + 1, end + len(line)
        self._stream.seek(end)
        self._stream.truncate()
        return done

    def add(self, document: Document, scrubbed: Scrubbed) -> None:
        """Keep a finished document."""
        source = document.source.model_copy(update={"title": scrubbed.title})
        clean = document.model_copy(update={"text": scrubbed.text, "source": source})
        row = {"key": self._key(document), "document": clean.model_dump(), "log": scrubbed.log.model_dump()}
        self._stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._stream.flush()

    def _key(self, document: Document) -> str:
        return sha256_text("\n".join((self._policy_sha, document.id, document.source.title, document.text)))


def _read(line: bytes) -> tuple[str, Document | None, ScrubLog | None]:
    try:
        row = json.loads(line)
        return row["key"], Document.model_validate(row["document"]), ScrubLog.model_validate(row["log"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return "", None, None


def _after(documents: Iterator[Document], count: int) -> Iterator[Document]:
    for number, document in enumerate(documents):
        if number >= count:
            yield document


def _publish(out: Path) -> Counter[str]:
    """Write the stage's files from the journal; return findings per type."""
    counts: Counter[str] = Counter()

    def logs() -> Iterator[ScrubLog]:
        for _, log in _rows(out / _JOURNAL):
            counts.update(f.entity for f in log.findings)
            yield log

    write_jsonl(out / "documents.jsonl", (document for document, _ in _rows(out / _JOURNAL)))
    write_jsonl(out / "logs.jsonl", logs())
    return counts


def _rows(journal: Path) -> Iterator[tuple[Document, ScrubLog]]:
    with open(journal, "rb") as stream:
        for line in stream:
            _, document, log = _read(line)
            if document is not None and log is not None:
                yield document, log
