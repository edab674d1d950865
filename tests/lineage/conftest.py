"""A small project in which every place that text can lie in is filled: real ingest, real index, the rest as written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kdvert.decisions import enrolling
from kdvert.decisions.signing import KEY, Signer
from kdvert.knowledge.index import build
from kdvert.lineage import marks as all_marks
from kdvert.lineage.erasing import Erased, Eraser
from kdvert.lineage.planning import Plan, plan
from kdvert.lineage.reading import Lineage
from kdvert.lineage.target import resolve
from kdvert.pipeline import lock, runner, table
from kdvert.pipeline.lock import LockRow, write_row
from kdvert.project import read
from kdvert.records import (
    Chunk,
    Document,
    Evidence,
    Example,
    Failure,
    Message,
    Provenance,
    Sampling,
    ScrubbedText,
    Verdict,
    sha256_text,
)
from kdvert.store import read_jsonl, write_json, write_jsonl, write_text
from kdvert.teachers.protocol import RawReply
from kdvert.teachers.replies import ReplyStore
from kdvert.weights import DEFAULT_EMBEDDER

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STROKE = "Statins lower the risk of a further stroke in older adults by reducing cholesterol in the blood."
SOURCES = {
    "sources/zeppelin.md": "# Velvet harpoons\n\nThe quixotic zeppelin hums a marzipan sonata above the obsidian harbor, "
    "say the seventeen lighthouses.",
    "sources/asthma.md": "# Asthma\n\nInhaled corticosteroids are the main long-term treatment of asthma in adults.",
    "sources/ward/stroke.md": f"# Stroke\n\n{STROKE}",
    "sources/copy.md": f"# Stroke\n\n{STROKE}",
    "sources/Ottoline Quennell.md": "# Falls\n\nFalls are the leading cause of injury among older adults at home.",
    "sources/rows.jsonl": "\n".join(
        json.dumps({"title": title, "text": text, "license": "CC-BY-4.0", "publisher": "Example Press"} | extra)
        for title, text, extra in (
            ("Hands", "Soap and water must be used when hands are visibly soiled by anything.", {}),
            ("Gramophones", "Turquoise gramophones heal a wound by debridement of the dead tissue.", {}),
            ("Feet", "Feet of adults with diabetes should be examined every year by a nurse.", {}),
            ("Eyes", "Retinal screening finds changes before the sight of a patient is lost.", {"id": "eyes"}),
        )
    )
    + "\n",
}  # fmt: skip
RULES = """vertical: medicine
ingest: {sources: [{path: "sources/**", license: CC0-1.0, retrieved: 2026-01-31}]}
"""
SECRETS = ("zeppelin", "quixotic", "marzipan", "obsidian", "lighthouses")
"""Words of zeppelin.md alone."""


@dataclass
class Site:
    """A project, and ways to trace and forget in it."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def lineage(self) -> Lineage:
        return Lineage(self.root)

    @property
    def run(self) -> runner.Run:
        return runner.prepare(read(self.root))

    def target(self, what: str):
        return resolve(self.lineage, what, runner.source_patterns(self.run))

    def id(self, uri: str, row: str | None = None) -> str:
        return next(o.id for o in self.lineage.originals.values() if (o.uri, o.row) == (uri, row))

    def plan(self, what: str, *, delete: bool = False) -> Plan:
        target = self.target(what)
        found = all_marks.of(self.lineage, target.documents, target.originals)
        return plan(self.lineage, target, found, stages=table.NAMES, delete_adapters=delete, now=NOW)

    def eraser(self, made: Plan, signer: Signer) -> Eraser:
        job = made.job
        return Eraser(
            root=self.root, job=job, marks=all_marks.of(self.lineage, job.documents, job.originals), signer=signer,
            now=NOW, drop_rows=lambda names: lock.drop_rows(self.work, names),
            encoding=runner.source_encodings(self.run), notes=list(made.notes),
        )  # fmt: skip

    def forget(self, what: str, signer: Signer, *, delete: bool = False) -> Erased:
        from kdvert.lineage import job as jobs

        made = self.plan(what, delete=delete)
        jobs.write(self.root, made.job)
        return self.eraser(made, signer).run()

    def bytes_left(self, *words: str) -> list[tuple[str, str]]:
        """Return file and word for every one that stands in a byte of the project."""
        forms = [(w, w.encode(code)) for w in words for code in ("utf-8", "utf-16-le", "utf-16-be")]
        found = []
        for path in self.root.rglob("*"):
            data = path.read_bytes().lower() if path.is_file() else path.name.encode()
            found += [(path.relative_to(self.root).as_posix(), w) for w, form in forms if form.lower() in data]
        return found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lineage") / "project"
    for name, text in SOURCES.items():
        write_text(root / name, text)
    write_text(root / "kdvert.yaml", RULES)
    runner.execute(runner.prepare(read(root)), last="ingest")
    _fill(root)
    return root


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Site:
    """A copy of the project, to be changed."""
    shutil.copytree(built, tmp_path / "project", symlinks=True)
    return Site(tmp_path / "project")


@pytest.fixture
def signer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signer]:
    made, private = enrolling.enroll(site.root, name="Olga Perez", role="operator", now=NOW, fresh=True)
    monkeypatch.setenv(KEY, private)
    return made


@pytest.fixture
def lines() -> Callable[[Path], list[dict]]:
    return lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _fill(root: Path) -> None:
    work = root / "work"
    documents = read_jsonl(work / "ingest" / "documents.jsonl", Document)
    chunks = [_chunk(d) for d in documents]
    examples = [_example(chunk, chunks[(i + 1) % len(chunks)], i) for i, chunk in enumerate(chunks)]
    write_jsonl(work / "scrub/documents.jsonl", [_scrubbed(d) for d in documents])
    write_jsonl(work / "scrub/ledger.jsonl", [])
    build(chunks, work / "index", DEFAULT_EMBEDDER, cache=work / "cache/index/vectors.sqlite")
    _elicit(work, chunks, examples)
    accepted = [e for e in examples if e.accepted]
    write_jsonl(work / "filter/accepted.jsonl", accepted)
    write_jsonl(work / "filter/rejected.jsonl", [e for e in examples if not e.accepted])
    write_jsonl(work / "review/accepted.jsonl", accepted)
    write_jsonl(work / "review/rejected.jsonl", [])
    _distill(work, accepted)
    _later(work, chunks)
    for name in table.NAMES[1:]:
        write_row(work, name, LockRow(parts={}, outputs={}, summary={}, seconds=1, finished="2026-05-01T00:00:00"))


def _chunk(d: Document) -> Chunk:
    return Chunk(id=f"{d.id}@0-{len(d.text)}", document_id=d.id, start=0, end=len(d.text), title=d.source.title,
                 license=d.source.license, text=d.text)  # fmt: skip


def _scrubbed(d: Document) -> Document:
    uri = d.source.uri if d.source.uri in ("sources/asthma.md", "sources/rows.jsonl") else f"{d.id}.md"
    return d.model_copy(update={"source": d.source.model_copy(update={"uri": uri, "sha256": sha256_text(d.text)})})


def _example(chunk: Chunk, shown: Chunk, number: int) -> Example:
    quote = chunk.text.split("\n")[-1]
    start = chunk.text.index(quote)
    evidence = Evidence(chunk_id=chunk.id, start=start, end=start + len(quote), quote_sha=sha256_text(quote))
    seen = [chunk, shown] if number in (0, 1) else [chunk]
    origin = Provenance(
        teacher="openai:gpt-4o" if number == 2 else "hf:Qwen/Qwen2.5-7B-Instruct", route="local",
        templates={"elicit/skill/grounded_qa/ask.j2": "ab" * 32}, request_ids=[sha256_text(chunk.id)],
        chunk_ids=[c.id for c in seen], document_ids=[c.document_id for c in seen],
        licenses=[c.license for c in seen], terms=["route:openai"] if number == 2 else ["Apache-2.0"],
        sampling=Sampling(), versions={"kdvert": "0"},
    )  # fmt: skip
    bad = Verdict(check="length", passed=False, reason="too_short")
    return Example(
        id=f"{origin.request_ids[0]}-0", vertical="medicine", strategy="curation", skill="grounded_qa",
        messages=[Message(role="user", content=f"What of {quote[:30]}?"), Message(role="assistant", content=quote)],
        evidence=[evidence], quote=quote, provenance=origin,
        verdicts=[bad if "Eyes" in chunk.title else Verdict(check="length", passed=True)],
    )  # fmt: skip


def _elicit(work: Path, chunks: list[Chunk], examples: list[Example]) -> None:
    write_jsonl(work / "elicit/examples.jsonl", [e.model_copy(update={"verdicts": []}) for e in examples])
    failed = [Failure(request_id="f" * 64, chunk_id=c.id, reason="quote_not_found", detail=c.text) for c in chunks[:1]]
    write_jsonl(work / "elicit/failures.jsonl", failed)
    with ReplyStore(work / "cache/elicit/replies.sqlite", lambda text: ScrubbedText(text, "ab" * 32)) as store:
        store.keep([RawReply(e.provenance.request_ids[0], f"{e.question} {e.quote}") for e in examples])
        store.keep([RawReply("e" * 64, "of an older run: the quixotic zeppelin")])


def _distill(work: Path, accepted: list[Example]) -> None:
    import torch
    from safetensors.torch import save_file

    from kdvert.lineage.rights import of_records

    held_out, other, left_out, *rest = accepted
    train = [other, *rest]
    write_jsonl(work / "distill/train.jsonl", train)
    write_jsonl(work / "distill/validation.jsonl", [held_out])
    write_jsonl(work / "distill/left_out.jsonl", [{"example_id": left_out.id, "reason": "too_long", "detail": ""}])
    (work / "distill/adapter").mkdir()
    save_file({"lora": torch.arange(8.0)}, work / "distill/adapter/adapter_model.safetensors")
    write_json(work / "distill/adapter/adapter_config.json", {"r": 4})
    facts = {"base": "hf:org/base", "data_sha256": "cd" * 32, "lineage": of_records([held_out, *train]).model_dump()}
    write_json(work / "distill/adapter.json", facts)


def _later(work: Path, chunks: list[Chunk]) -> None:
    """What features, evaluation, the report, logs and killed runs leave."""
    write_text(work / "features/summary.json", '{"asked": 0, "records": 0}')
    everything = "\n".join(c.text for c in chunks)
    write_jsonl(
        work / "evaluate/answers.jsonl",
        [{"item_id": f"q{i}", "system": "student", "mode": "retrieval", "answer": c.text, "retrieved": [c.id]}
         for i, c in enumerate(chunks)],
    )  # fmt: skip
    write_text(
        work / "report/report.html", f"<p>{everything}</p>" + "".join(f"<dd>{c.document_id}</dd>" for c in chunks)
    )
    write_text(work / "logs/20260501-run.log", "doc-0001 left out: empty\n" + everything)
    write_text(work / "config.json", json.dumps({"title": "Velvet harpoons"}))
    write_text(work / "cache/distill/checkpoints-1/checkpoint-2/state.json", everything)
    write_text(work / "cache/evaluate/ab.jsonl", everything)
    write_text(work / "filter.partial/accepted.jsonl", everything)
    write_text(work / "filter/.accepted.jsonl.77.tmp", everything)
    write_text(work / "filter.partial.key", "{}")
    write_text(work / "other/datasheet.md", everything)
    for folder in (work.parent / "dossier", work.parent / ".dossier.77.partial"):
        write_json(folder / "lineage.json", {"documents": [{"id": c.document_id, "title": c.title} for c in chunks]})
        write_text(folder / "data/train.jsonl", everything)
    (work / "scrub" / "wide.txt").write_bytes(everything.encode("utf-16"))
