"""The few records a reader looks at: chosen by rule, spread over documents, evidence marked in its passage."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from kdvert.records import Chunk, Evidence, Example, sha256_text
from kdvert.reporting import reasons
from kdvert.reporting.facts import Sample, Segment
from kdvert.reporting.gather import reason_codes
from kdvert.reporting.inputs import Inputs
from kdvert.reporting.masking import mask_text


def accepted(inputs: Inputs, count: int, *, stage: str = "review") -> list[Sample]:
    """Return ``count`` accepted records of ``review`` (or of ``filter``), from as many documents as there are."""
    return _samples(inputs, stage, "accepted.jsonl", count, spread=lambda example: _document(example))


def rejected(inputs: Inputs, count: int) -> list[Sample]:
    """Return ``count`` rejected records, with as many different reasons as there are."""
    return _samples(inputs, "filter", "rejected.jsonl", count, spread=lambda example: reason_codes(example)[0])


def choose(keyed: Iterable[tuple[str, Hashable]], count: int) -> list[str]:
    """Choose ``count`` ids, taking each group once before any group a second time.

    Args:
        keyed: (id, group) pairs in any order; the choice does not depend on it.
        count: how many; fewer if there are fewer.

    Returns:
        Ids, in the order of the hash of the id: a draw that is random to the content and the same each time.
    """
    groups: dict[Hashable, list[tuple[str, str]]] = {}
    for name, group in keyed:
        groups.setdefault(group, []).append((sha256_text(name), name))
    ranked = [
        (place, digest, name) for members in groups.values() for place, (digest, name) in enumerate(sorted(members))
    ]
    return [name for _, _, name in sorted(ranked)[:count]]


def passage(chunk: Chunk, evidence: Sequence[Evidence]) -> tuple[list[Segment], bool]:
    """Cut a passage into marked and unmarked runs.

    Returns:
        The runs, which join to the chunk's text, and whether every span hashes to what was stored with it. A span
        that does not is left unmarked.
    """
    spans = sorted((e.start, e.end) for e in evidence if _holds(chunk, e))
    segments: list[Segment] = []
    position = 0
    for start, end in spans:
        start = max(start, position)
        if start >= end:
            continue
        segments += [Segment(text=chunk.text[position:start], marked=False)] if start > position else []
        segments.append(Segment(text=chunk.text[start:end], marked=True))
        position = end
    if position < len(chunk.text):
        segments.append(Segment(text=chunk.text[position:], marked=False))
    return segments, len(spans) == len(evidence)


def _samples(
    inputs: Inputs, stage: str, name: str, count: int, *, spread: Callable[[Example], Hashable]
) -> list[Sample]:
    wanted = choose(((e.id, spread(e)) for e in inputs.records(stage, name, Example)), count)
    examples = {e.id: e for e in inputs.records(stage, name, Example) if e.id in set(wanted)}
    needed = {span.chunk_id for e in examples.values() for span in e.evidence}
    needed |= {chunk for e in examples.values() for chunk in e.provenance.chunk_ids[:1]}
    chunks = {c.id: c for c in inputs.records("index", "chunks.jsonl", Chunk) if c.id in needed}
    return [_sample(examples[name], chunks) for name in wanted]


def _sample(example: Example, chunks: Mapping[str, Chunk]) -> Sample:
    origin = example.provenance
    cited = [span.chunk_id for span in example.evidence] + origin.chunk_ids
    chunk = next((chunks[name] for name in cited if name in chunks), None)
    spans = [span for span in example.evidence if chunk and span.chunk_id == chunk.id]
    segments, intact = passage(chunk, spans) if chunk else ([], False)
    codes = reason_codes(example) if not example.accepted else []
    withheld = reasons.is_private(codes)
    return Sample(
        id=example.id,
        question="" if withheld else example.question,
        answer="" if withheld else example.answer,
        strategy=example.strategy,
        skill=example.skill,
        passage=[] if withheld else segments,
        intact=intact,
        document_id=chunk.document_id if chunk else _document(example),
        document=chunk.title if chunk else _document(example),
        start=chunk.start if chunk else None,
        end=chunk.end if chunk else None,
        license=", ".join(dict.fromkeys([*([chunk.license] if chunk else []), *origin.licenses])),
        teacher=mask_text(f"{origin.teacher} ({origin.route})"),
        templates=origin.templates,
        reasons=reasons.losses("filter", dict.fromkeys(codes, 1)),
        withheld=withheld,
    )


def _document(example: Example) -> str:
    """Return the document of the evidence; the teacher may have seen passages of others beside it."""
    origin = example.provenance
    owner = dict(zip(origin.chunk_ids, origin.document_ids))
    cited = [owner[span.chunk_id] for span in example.evidence if span.chunk_id in owner]
    return next(iter([*cited, *origin.document_ids]), "")


def _holds(chunk: Chunk, evidence: Evidence) -> bool:
    return sha256_text(chunk.text[evidence.start : evidence.end]) == evidence.quote_sha
