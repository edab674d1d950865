"""Several strings scrubbed as one, and told apart again."""

from __future__ import annotations

from kdvert.filescrub.packing import packed, unpacked
from kdvert.privacy.scrubber import Scrubbed
from kdvert.records import Finding, ScrubLog, SpanMove

TEXTS = {("a",): "Jane came.", ("b",): "", ("c",): "I saw Jane."}


def scrubbed(text: str, spans: list[tuple[int, int]], new: str) -> Scrubbed:
    """What a scrubber returns that puts ``new`` in the place of ``spans``."""
    findings, moves, out, cursor = [], [], "", 0
    for start, end in spans:
        out += text[cursor:start]
        moves.append(SpanMove(start=start, end=end, scrubbed_start=len(out), scrubbed_end=len(out) + len(new)))
        findings.append(Finding(entity="PERSON", start=start, end=end, score=1.0, action="replace"))
        out, cursor = out + new, end
    return Scrubbed(out + text[cursor:], ScrubLog(document_id="d", findings=findings, moves=moves))


def test_offsets_count_within_each_string():
    whole = packed(TEXTS)
    second = whole.index("Jane", 5)
    parts = unpacked(TEXTS, scrubbed(whole, [(0, 4), (second, second + 4)], "[PERSON_1]"))
    assert [p.text for p in parts] == ["[PERSON_1] came.", "", "I saw [PERSON_1]."]
    for text, part in zip(TEXTS.values(), parts, strict=True):
        for finding, move in zip(part.log.findings, part.log.moves, strict=True):
            assert text[finding.start : finding.end] == "Jane"
            assert part.text[move.scrubbed_start : move.scrubbed_end] == "[PERSON_1]"


def test_a_finding_over_a_border_is_noticed():
    whole = packed(TEXTS)
    assert unpacked(TEXTS, scrubbed(whole, [(5, whole.index("I saw") + 2)], "[PERSON_1]")) is None


def test_a_separator_in_the_text_is_no_border():
    texts = {("a",): "x\n\n\x1e\n\ny", ("b",): "z"}
    assert [p.text for p in unpacked(texts, scrubbed(packed(texts), [], ""))] == ["x\n\n \n\ny", "z"]
