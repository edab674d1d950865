"""Every quote must stand in the passage that the record names, at the place it names."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import locate
from kdvert.records import Evidence, Example, Verdict, sha256_text


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge the evidence of each record. Reason codes:

    ``no_evidence``, ``unknown_passage``, ``quote_not_found``, ``evidence_offsets_wrong`` (the quote stands in the
    passage, but not where the record says), ``evidence_changed`` (its hash is another).
    """  # noqa: D400, D415
    return [[verdict("evidence", _reason(example, material))] for example in examples]


def _reason(example: Example, material: Material) -> str | None:
    if not example.evidence or not example.quote.strip():
        return "no_evidence"
    quotes = example.quote.split("\n")  # one a span, or one that stands in every span
    if len(quotes) == 1:
        quotes *= len(example.evidence)
    if len(quotes) != len(example.evidence):
        return "quote_not_found"
    reasons = [_span_reason(e, quote, material) for e, quote in zip(example.evidence, quotes, strict=True)]
    return next((r for r in reasons if r), None)


def _span_reason(evidence: Evidence, quote: str, material: Material) -> str | None:
    chunk = material.chunks.get(evidence.chunk_id)
    if chunk is None:
        return "unknown_passage"
    if locate(quote, chunk.text) is None:
        return "quote_not_found"
    span = chunk.text[evidence.start : evidence.end]
    within = (evidence.start, evidence.end)
    if locate(quote, chunk.text, within) is None or evidence.end - evidence.start > len(chunk.text):
        return "evidence_offsets_wrong"
    return None if sha256_text(span) == evidence.quote_sha else "evidence_changed"
