"""Scrub all strings of a row as one text, so that a name found in one of them is found in all and numbered once."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from kdvert.filescrub.reading import Place
from kdvert.privacy.scrubber import Scrubbed
from kdvert.records import Finding, ScrubLog, SpanMove

BORDER = "\n\n\x1e\n\n"
"""Stands between two strings: blank lines, which end a sentence for every recognizer, around a record separator."""


def packed(texts: Mapping[Place, str]) -> str:
    """Return the strings as one text."""
    return BORDER.join(text.replace("\x1e", " ") for text in texts.values())


def unpacked(texts: Mapping[Place, str], scrubbed: Scrubbed) -> list[Scrubbed] | None:
    """Return each string scrubbed, in order; None if a finding reached over a border, so that they must be done singly.

    Offsets in each log index the string itself.
    """
    if not texts:
        return []
    parts = scrubbed.text.split(BORDER)
    if len(parts) != len(texts):
        return None
    starts = list(accumulate((len(t) + len(BORDER) for t in texts.values()), initial=0))
    scrubbed_starts = list(accumulate((len(p) + len(BORDER) for p in parts), initial=0))
    logs = [_part(scrubbed.log, *span) for span in zip(starts, starts[1:], scrubbed_starts, strict=False)]
    return [Scrubbed(part, log) for part, log in zip(parts, logs, strict=True)]


def _part(log: ScrubLog, start: int, end: int, scrubbed_start: int) -> ScrubLog:
    """Return the part of a log that lies between two borders, counted from the first."""
    findings = [
        Finding(entity=f.entity, start=f.start - start, end=f.end - start, score=f.score, action=f.action)
        for f in log.findings
        if start <= f.start < end
    ]
    moves = [
        SpanMove(
            start=m.start - start,
            end=m.end - start,
            scrubbed_start=m.scrubbed_start - scrubbed_start,
            scrubbed_end=m.scrubbed_end - scrubbed_start,
        )
        for m in log.moves
        if start <= m.start < end
    ]
    return ScrubLog(document_id=log.document_id, findings=findings, moves=moves)
