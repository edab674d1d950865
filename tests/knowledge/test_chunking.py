"""Passages are slices of the document, fit the embedder, and end where sentences end."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.knowledge.chunking import chunk
from kdvert.knowledge.embeddings import Embedder
from kdvert.verticals import Vertical

MARKDOWN = """# Sepsis

Sepsis is an emergency. Treat it at once! Dr. Hale wrote this.

## Signs

- Fast breathing
- New confusion
## Scores
A high lactate level is a warning. Draw cultures first.

## Empty
"""


def words(text: str) -> list[tuple[int, int]]:
    """A tokenizer of words and marks."""
    return [m.span() for m in re.finditer(r"\w+|[^\w\s]", text)]


def cut(text: str, budget: int, overlap: int = 0) -> list[str]:
    return [text[start:end] for start, end in chunk(text, words, budget=budget, overlap=overlap)]


def test_headings_stay_with_their_text_and_an_empty_section_is_dropped() -> None:
    assert cut(MARKDOWN, 20) == [
        "# Sepsis\n\nSepsis is an emergency. Treat it at once! Dr. Hale wrote this.",
        "## Signs\n\n- Fast breathing\n- New confusion",
        "## Scores\nA high lactate level is a warning. Draw cultures first.",
    ]


def test_small_sections_share_a_chunk() -> None:
    assert cut(MARKDOWN, 60) == [MARKDOWN[: MARKDOWN.index("\n\n## Empty")]]


def test_a_long_section_is_cut_evenly_between_sentences() -> None:
    sentences = [f"Sentence number {i} has exactly eight words here." for i in range(10)]
    pieces = cut(" ".join(sentences), 30)
    assert max(len(words(p)) for p in pieces) <= 30
    assert all(p.startswith("Sentence") and p.endswith("here.") for p in pieces)
    assert " ".join(pieces) == " ".join(sentences)
    assert min(len(words(p)) for p in pieces) >= 18


def test_overlap_repeats_whole_sentences_within_the_section() -> None:
    text = " ".join(f"Sentence {i} is short." for i in range(12)) + "\n\n# Next\n\nAnother section begins here now."
    pieces = cut(text, 15, overlap=5)
    inside = [p for p in pieces if "Next" not in p]
    for before, after in pairwise(inside):
        assert before.endswith(after[: after.index(".") + 1])
    assert pieces[-1].startswith("# Next")
    assert max(len(words(p)) for p in pieces) <= 15


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    pieces = cut("word " * 100, 30)
    assert sum(len(p.split()) for p in pieces) == 100
    assert all(len(p.split()) <= 30 for p in pieces)


@pytest.mark.parametrize("text", ["", " \n\n ", "# Only a heading", "# One\n\n## Two\n"])
def test_nothing_to_say_gives_no_chunk(text: str) -> None:
    assert cut(text, 20) == []


@pytest.mark.parametrize("text", ["Tiny.", "#hashtag", "日本語。", "😀", "# 5 mg\nis the dose"])
def test_tiny_documents(text: str) -> None:
    assert cut(text, 20) == [text]


PIECES = (*"abXY .,!?\n\t#-|*1é日。😀\u0301\u00a0", "word ", "Dr. ", "\n\n", "\n# ", "\n- ", ". A", "x" * 40)
ALPHABET = st.sampled_from(PIECES)


@given(text=st.lists(ALPHABET, max_size=200).map("".join), budget=st.integers(2, 40), data=st.data())
def test_chunks_are_exact_ordered_and_cover_the_text(text: str, budget: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, budget // 2))
    spans = chunk(text, words, budget=budget, overlap=overlap)
    covered: set[int] = set()
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert sum(start <= s < end for s, _ in words(text)) <= budget
        covered |= set(range(start, end))
    assert spans == sorted(spans)
    assert len(set(spans)) == len(spans)
    if not overlap:
        assert all(a[1] <= b[0] for a, b in pairwise(spans))
    lost = [i for i, c in enumerate(text) if i not in covered and not c.isspace()]
    # only headings without text below them may be left out
    assert not lost or re.match(r"\s*#{1,6}[ \t]", text[spans[-1][1] if spans else 0 :])


@given(st.text(max_size=400))
def test_any_text_at_all(text: str) -> None:
    spans = chunk(text, words, budget=10)
    assert all(text[s:e].strip() == text[s:e] != "" for s, e in spans)


@pytest.mark.parametrize("line", ["x" * 1_000_000, "word " * 200_000, "Short one. " * 90_000, "日本語。" * 250_000])
def test_one_line_of_a_million_characters(embedder: Embedder, line: str) -> None:
    spans = chunk(line, embedder.offsets, budget=160)
    assert spans[0][0] == 0
    assert max(end - start for start, end in spans) <= 160 * 12
    assert all(line[a[1] : b[0]].strip() == "" for a, b in pairwise(spans))


def test_with_the_embedders_tokenizer_no_passage_is_too_long(embedder: Embedder, vertical: Vertical) -> None:
    for path in vertical.corpus:
        text = path.read_text(encoding="utf-8")
        sizes = [len(embedder.offsets(text[s:e])) for s, e in chunk(text, embedder.offsets, budget=160)]
        assert sizes
        assert max(sizes) <= 160
        assert min(sizes) >= 30
