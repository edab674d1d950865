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


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("naïve café", "a nai\u0308ve cafe\u0301 here", "nai\u0308ve cafe\u0301"),
        ("nai\u0308ve", "a naïve one", "naïve"),
        (
            "서울은",
            "\u1109\u1165\u110b\u116e\u11af\u110b\u1173\u11ab 수도",
            "\u1109\u1165\u110b\u116e\u11af\u110b\u1173\u11ab",
        ),
        ("hand sanitizer", "the hand\u200b sani\u200btizer\ufeff works", "hand\u200b sani\u200btizer"),
        ("hand\u200b sanitizer", "hand sanitizer", "hand sanitizer"),
        ("60 %", "ａｔ ６０　％ alcohol", "６０　％"),
        ("information on", "more infor\u00admation on it", "infor\u00admation on"),
        ("information on", "more infor\u00ad\n  mation on it", "infor\u00ad\n  mation on"),
        ('"so"', "said «so» and", "«so»"),
        ("rock 'n' roll", "rock ’n’ roll", "rock ’n’ roll"),
        ("2 - 8", "2 ― 8", "2 ― 8"),
        ("end...", "the end… no", "end…"),
        ("first class", "ﬁrst class", "ﬁrst class"),
        ("10 µm and 5 Å", "10 μm and 5 Å", "10 μm and 5 Å"),
        ("10 km", "10\u202fkm", "10\u202fkm"),
        ("R&D costs", "the R&amp;D costs", "R&amp;D costs"),
        ("ガス", "ｶﾞｽの", "ｶﾞｽ"),
        ("family 👩‍🔬 here", "family 👩‍🔬 here", "family 👩‍🔬 here"),
        ("i̇stanbul", "İstanbul", "İstanbul"),
    ],
)
def test_the_same_to_a_reader_is_the_same_quote(quote, text, found):
    start, end = locate(quote, text)
    assert text[start:end] == found


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("102 cells", "10² cells"),
        ("1/2 dose", "1 2 dose"),
        ("resume", "résumé"),
        ("schon", "schön"),
        ("H2O", "H₃O"),
        ("µg", "mg"),
    ],
)
def test_what_a_reader_tells_apart_stays_apart(quote, text):
    assert locate(quote, text) is None


def test_every_quote_is_found_again_in_a_text_full_of_tricks():
    text = "A\u0301 “b”\u200b c\u00ad\nd — ｅ &amp; ﬁ g… İ\u0307 ｶﾞ 1\u202f000 \u1112\u1161\u11ab end"
    for start in (m for m, char in enumerate(text) if char == " "):
        quote = text[start + 1 :]
        place = locate(quote, text)
        assert place is not None, ascii(quote)
        assert locate(text[slice(*place)], text) == place
