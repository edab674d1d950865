"""Take personal data out of every document, before anything else sees the text.

Reads ``ingest/documents.jsonl``. Writes

- ``documents.jsonl``: the same documents, ids and order, with text, title and publisher scrubbed, and a path only where
  it surely names nobody;
- ``logs.jsonl``: a `ScrubLog` per document: findings, and the map from raw to scrubbed offsets;
- ``ledger.jsonl``: every surrogate that was put in, with its type (fake values only);
- ``settings.json``: the settings that decide what scrubbed text looks like, for those who scrub more of it;
- ``sealed.jsonl.enc``: what stood where, encrypted, if ``sealed_map`` asks for it;
- ``summary.json``: counts per type, the policy and its reasons. No other file holds a raw value.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.knowledge.loaders import LOADERS
from kdvert.privacy import file_names, keys, sealed
from kdvert.privacy.ledger import FILE as LEDGER
from kdvert.privacy.ledger import PERSON, Entry, Ledger
from kdvert.records import Document, ScrubLog, Source, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import iter_jsonl, write_json, write_jsonl

if TYPE_CHECKING:
    from kdvert.privacy.scrubber import Scrubbed, Scrubber

VERSION = 2
VOLATILE: tuple[str, ...] = (sealed.FILE,)  # encrypting the same twice gives different bytes

SETTINGS = "settings.json"
_JOURNAL = "journal.jsonl"
_AMENDED = "amended.jsonl"
_PUBLISHERS = frozenset({"ORGANIZATION", "HEALTH_FACILITY", "LOCATION", "CITY", "REGION", "COURT", "NRP"})
_DECIDE = {"extra_regimes", "actions", "threshold", "seconds_per_megabyte", "replace_with", "consistency"}


class Config(ConfigBase):
    """Settings of the scrub stage."""

    extra_regimes: list[str] = Field(default_factory=list)
    """Privacy regimes to hold to beside those of the vertical; the strictest rule wins."""
    actions: dict[str, str] = Field(default_factory=dict)
    """Action by entity type (keep, generalize, mask, replace, drop); it may only tighten what the regimes ask for."""
    threshold: float = Field(default=0.4, ge=0.0, le=1.0)
    """Findings below this score are left alone."""
    replace_with: Literal["placeholder", "surrogate"] = "placeholder"
    """What stands in the place of replaced data: a placeholder such as [PERSON_1], or a made-up value of its kind."""
    consistency: Literal["document", "corpus"] = "document"
    """Where the same value gets the same surrogate; corpus needs a key in KDVERT_SURROGATE_KEY."""
    corpus_pass: bool = True
    """Search every name that one document gave away in all others too."""
    sealed_map: bool = False
    """Keep the raw values, encrypted with the key in KDVERT_SEAL_KEY, so that its holder can restore the documents."""
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
        UserError: a regime, entity type or action is unknown or would loosen the policy, or a key is missing.
        WorkFailed: a document takes too long or cannot be analyzed; it is named and nothing of it is passed on.
    """
    from kdvert.privacy.pool import Plan, scrub_all
    from kdvert.privacy.scrubber import Scrubber

    started = time.monotonic()
    secret = keys.surrogate_key(config.consistency, ctx.cache) if config.replace_with == "surrogate" else b""
    scrubber = Scrubber.for_vertical(ctx.vertical, config, secret=secret)
    source = ctx.inputs["ingest"] / "documents.jsonl"
    characters = [len(d.text) for d in iter_jsonl(source, Document)]
    origin = _Origin(scrubber)
    with _Journal(ctx.out / _JOURNAL, scrubber.journal_key, origin) as journal:
        done = journal.count(source)
        rest = _after(iter_jsonl(source, Document), done)
        plan = Plan.of(config.workers, sum(characters[done:]))
        ctx.log.info("scrub: %d of %d documents done, %d workers", done, len(characters), plan.workers)
        with ctx.progress.bar("scrub", len(characters)) as bar:
            bar.advance(done)
            for document, scrubbed in scrub_all(ctx.vertical, config, rest, plan, secret=secret):
                journal.add(document, scrubbed)
                bar.advance()
    again = _corpus_pass(ctx, config, scrubber, secret, origin) if config.corpus_pass else 0
    counts = _publish(ctx.out, scrubber.seal_key, _telling_paths(source, ctx.out))
    write_json(ctx.out / SETTINGS, config.model_dump(include=_DECIDE))
    summary = {
        "documents": len(characters),
        "characters": sum(characters),
        "entities": dict(sorted(counts.items())),
        "findings": sum(counts.values()),
        "regimes": [r.id for r in scrubber.policy.regimes],
        "policy_sha": scrubber.policy_sha,
        "workers": plan.workers,
        "scrubbed_again": again,
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(ctx.out / "summary.json", {**summary, "policy": scrubber.describe()})
    for name in (_JOURNAL, _AMENDED):
        (ctx.out / name).unlink(missing_ok=True)
    return {key: summary[key] for key in ("documents", "findings", "entities", "seconds")}


def _corpus_pass(ctx: StageContext, config: Config, scrubber: Scrubber, secret: bytes, origin: _Origin) -> int:
    """Scrub documents again that hold a name which another one gave away; return how many.

    The journal of the first pass is complete here, and it decides what this one finds: a killed run does it anew.
    """
    from kdvert.privacy import corpus
    from kdvert.privacy.pool import Plan, scrub_all

    (ctx.out / _AMENDED).unlink(missing_ok=True)
    source, journal = ctx.inputs["ingest"] / "documents.jsonl", ctx.out / _JOURNAL
    rows = zip(iter_jsonl(source, Document), _rows(journal), strict=True)
    known = corpus.sure_names((document, row.log) for document, row in rows)
    if len(known) >= corpus.MOST:
        ctx.log.warning("scrub: more than %d names; the rest is not searched in other documents", corpus.MOST)
    phrases = corpus.as_phrases(known)
    left = {r.document.id: len(r.document.text) for r in _rows(journal) if corpus.is_left(phrases, r.document, r.log)}
    todo = (document for document in iter_jsonl(source, Document) if document.id in left)
    plan = Plan.of(config.workers, sum(left.values()))
    with _Journal(ctx.out / _AMENDED, scrubber.journal_key, origin) as amended:
        for document, scrubbed in scrub_all(ctx.vertical, config, todo, plan, secret=secret, known=sorted(known)):
            amended.add(document, scrubbed)
    ctx.log.info("scrub: %d names searched everywhere, %d documents scrubbed again", len(known), len(left))
    return len(left)


class _Journal:
    """Finished documents, one a line, so that a killed run goes on where it was. It holds scrubbed text only."""

    def __init__(self, path: Path, key: str, origin: _Origin) -> None:
        self._path = path
        self._of_all = key
        self._origin = origin

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
            if not line.endswith(b"\n") or _key_of(line) != self._key(document):
                break
            done, end = done + 1, end + len(line)
        self._stream.seek(end)
        self._stream.truncate()
        return done

    def add(self, document: Document, scrubbed: Scrubbed) -> None:
        """Keep a finished document."""
        source = self._origin.cleared(document, scrubbed)
        clean = document.model_copy(update={"text": scrubbed.text, "source": source})
        row = {
            "key": self._key(document),
            "document": clean.model_dump(),
            "log": scrubbed.log.model_dump(),
            "ledger": sorted(scrubbed.ledger),
            "sealed": scrubbed.sealed,
        }
        self._stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._stream.flush()

    def _key(self, document: Document) -> str:
        return sha256_text("\n".join((self._of_all, document.id, document.source.title, document.text)))


class _Origin:
    """What a scrubbed document may say of where it came from: its license, and nothing that can name a person."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._publishers: dict[str, str] = {}

    def cleared(self, document: Document, scrubbed: Scrubbed) -> Source:
        """Return the source with a scrubbed title and publisher, without telling names, and with a hash of clean text.

        The hash of the raw bytes stays in the ingest folder: that of a short row could be guessed back to it.
        """
        source = document.source
        changes = {
            "uri": source.uri if file_names.is_plain(source.uri) else _path_by_id(document),
            "title": scrubbed.title,
            "publisher": self._publisher(source.publisher) if source.publisher else None,
            "url": file_names.address(source.url) if source.url else None,
            "sha256": sha256_text(scrubbed.text),
        }
        return source.model_copy(update=changes)

    def _publisher(self, name: str) -> str:
        """Return a publisher scrubbed of all but the names of organizations and places, which it consists of."""
        if name not in self._publishers:
            done = self._scrubber.scrub("a publisher", name)
            is_person = any(f.entity not in _PUBLISHERS for f in done.log.findings)
            self._publishers[name] = self._scrubber.passage(name).text if is_person else name
        return self._publishers[name]


def _path_by_id(document: Document) -> str:
    """Return what stands for a path: the id of the file, with its suffix."""
    suffix = PurePosixPath(document.source.uri).suffix.lower()
    return document.id.partition("#")[0] + (suffix if suffix in LOADERS else "")


def _telling_paths(source: Path, out: Path) -> set[str]:
    """Return paths that a person is named by whom one of their documents names: "ulster.md", of "Mary Ulster"."""
    paths: set[str] = set()
    for document, row in zip(iter_jsonl(source, Document), _final(out), strict=True):
        path = row.document.source.uri
        if path not in paths and path == document.source.uri:
            people = {document.text[f.start : f.end] for f in row.log.findings if f.entity == PERSON}
            if people and file_names.names_one_of(path, people):
                paths.add(path)
    return paths


@dataclass(frozen=True)
class _Row:
    """A finished document as the journal keeps it."""

    key: str
    document: Document
    log: ScrubLog
    ledger: frozenset[Entry]
    sealed: str


def _key_of(line: bytes) -> str:
    row = _read(line)
    return row.key if row else ""


def _read(line: bytes) -> _Row | None:
    try:
        row = json.loads(line)
        entries = frozenset(Entry(*entry) for entry in row["ledger"])
        document, log = Document.model_validate(row["document"]), ScrubLog.model_validate(row["log"])
        return _Row(row["key"], document, log, entries, row["sealed"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


def _after(documents: Iterator[Document], count: int) -> Iterator[Document]:
    for number, document in enumerate(documents):
        if number >= count:
            yield document


def _publish(out: Path, seal_key: bytes, telling: set[str]) -> Counter[str]:
    """Write the stage's files from the journal, without ``telling`` paths; return findings per type."""
    counts: Counter[str] = Counter()
    entries: set[Entry] = set()

    def logs() -> Iterator[ScrubLog]:
        for row in _final(out):
            counts.update(f.entity for f in row.log.findings)
            entries.update(row.ledger)
            yield row.log

    write_jsonl(out / "documents.jsonl", (_without(row.document, telling) for row in _final(out)))
    write_jsonl(out / "logs.jsonl", logs())
    Ledger(entries).write(out / LEDGER)
    if seal_key:
        with open(out / sealed.FILE, "w", encoding="ascii") as stream:
            stream.write(sealed.opening_line(seal_key) + "\n")
            stream.writelines(row.sealed + "\n" for row in _final(out))
    return counts


def _without(document: Document, telling: set[str]) -> Document:
    if document.source.uri not in telling:
        return document
    return document.model_copy(update={"source": document.source.model_copy(update={"uri": _path_by_id(document)})})


def _final(out: Path) -> Iterator[_Row]:
    """Yield every document's row, from the second pass where it was scrubbed again."""
    amended = _rows(out / _AMENDED) if (out / _AMENDED).is_file() else iter(())
    newer = next(amended, None)
    for row in _rows(out / _JOURNAL):
        if newer and newer.key == row.key:
            yield newer
            newer = next(amended, None)
        else:
            yield row


def _rows(journal: Path) -> Iterator[_Row]:
    with open(journal, "rb") as stream:
        for line in stream:
            if row := _read(line):
                yield row
