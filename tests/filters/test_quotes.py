"""Where a quote stands: whole words only, and whatever way the same text is written."""

import pytest

from kdvert.filters import evidence
from kdvert.filters.wording import locate
from kdvert.records import Chunk, Evidence, sha256_text
from tests.filters.test_filters import example, material


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("5 mg", "Take 15 mg a day."),
        ("5 mg", "Take 1.5 mg a day."),
        ("5 mg", "Take 0,5 mg a day."),
        ("500 mg", "Take 1,500 mg a day."),
        ("5 °C", "It fell to −5 °C."),
        ("15 mg", "Take 15 mgs a day."),
        ("at least 60", "at least 60.5 percent"),
        ("at least 10 m", "at least 10 m² of floor"),
        ("10", "about 10⁵ cells"),
        ("it can", "No, it can't be."),
        ("able to work", "He is unable to work."),
        ("known to all", "It is unknown to all."),
        ("हि", "हिन्दी"),
    ],
)
def test_a_part_of_a_word_or_number_is_no_quote(quote, text):
    assert locate(quote, text) is None


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("5 mg", "First 15 mg, then 5 mg.", "5 mg"),
        ("a a", "ba a a", "a a"),
        ("5 mg.", "Take 5 mg.", "5 mg."),
        ("60", "at least 60.", "60"),
        ("8 degrees", "between 2–8 degrees", "8 degrees"),
        ("UK", "UK-based firms", "UK"),
        ("eau", "l'eau est froide", "eau"),
        ('"so"', 'said"so"and', '"so"'),
        ("至少60%", "洗手液应含有至少60%的酒精。", "至少60%"),
        ("60%", "洗手液应含有至少60%的酒精。", "60%"),
        ("酒精", "洗手液应含有至少60%的酒精。", "酒精"),
        ("アルコール", "消毒用アルコールを使う", "アルコール"),
        ("น้ำ", "ดื่มน้ำมากๆ", "น้ำ"),
        ("서울", "서울은 수도이다.", "서울"),
    ],
)
def test_whole_words_are_a_quote(quote, text, found):
    start, end = locate(quote, text)
    assert text[start:end] == found


def test_evidence_that_cuts_a_number_is_found_out():
    text = "Children take 5 mg. Adults take 15 mg."
    chunk = Chunk(id="c", document_id="d", start=0, end=len(text), title="T", license="CC0-1.0", text=text)
    good, bad = text.index("5 mg"), text.rindex("5 mg")
    for start, reason in ((good, None), (bad, "evidence_offsets_wrong")):
        span = Evidence(chunk_id="c", start=start, end=start + 4, quote_sha=sha256_text("5 mg"))
        (verdicts,) = evidence.apply([example(quote="5 mg", evidence=[span])], material(chunks={"c": chunk}))
        assert [v.reason for v in verdicts] == [reason]
