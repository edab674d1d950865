"""The texts that the tagger is trained on: the same by seed, marked rightly, no template on both sides of the split."""

from __future__ import annotations

import importlib
import random
import re
import sys
from pathlib import Path

import pytest
from rapidfuzz.fuzz import ratio

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "tagger"


@pytest.fixture(scope="module")
def generate():
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("generate")
    finally:
        sys.path.remove(str(FOLDER))
        for name in {path.stem for path in FOLDER.glob("*.py")} - before:
            sys.modules.pop(name, None)


LANGUAGES = pytest.mark.parametrize("language", ["en", "es", "fr"])
LABELS = {
    "PERSON", "LOCATION", "REGION", "STREET_ADDRESS", "ZIP_CODE", "ORGANIZATION", "HEALTH_FACILITY", "DATE_TIME", "AGE",
    "PHONE_NUMBER", "EMAIL_ADDRESS", "UNIQUE_ID", "USERNAME", "PASSWORD", "NRP", "TITLE", "PROFESSION", "SEX", "COURT",
    "FINANCIAL_ACCOUNT",
}  # fmt: skip


@LANGUAGES
def test_the_same_seed_gives_the_same_texts(generate, language):
    def first(seed: int) -> list[object]:
        source = generate.Generator(seed, language)
        return [source.example() for _ in range(40)]

    assert first(7) == first(7)
    assert first(7) != first(8)


@LANGUAGES
def test_spans_are_sorted_disjoint_and_inside_the_text(generate, language):
    source = generate.Generator(3, language)
    seen = set()
    for _ in range(1_500):
        example = source.example()
        reach = 0
        for start, end, label in example.spans:
            assert reach <= start < end <= len(example.text)
            assert example.text[start:end] == example.text[start:end].strip()
            reach = end
            seen.add(label)
    assert seen == LABELS


@LANGUAGES
def test_a_value_is_marked_where_it_stands(generate, language):
    source = generate.Generator(4, language)
    example = generate.joined(source.expand("one {plainname} two {zip}. {num}"))
    (a, b, person), (c, d, code) = example.spans
    assert (person, code) == ("PERSON", "ZIP_CODE")
    assert example.text[:a] == "one "
    assert example.text[b:c] == " two "
    assert example.text[d] == "."


@LANGUAGES
def test_no_template_is_on_both_sides_of_the_split_nor_nearly(generate, language):
    trained = {line for _, lines in generate.templates(language, False) for line in lines}
    kept = {line for _, lines in generate.templates(language, True) for line in lines}
    assert trained
    assert kept
    assert max(ratio(one, other) for one in kept for other in trained) < generate.NEAR_COPY
    files = [p.read_text(encoding="utf-8").splitlines() for p in FOLDER.glob(f"templates/{language}_*.txt")]
    assert trained | kept == {x for lines in files for x in lines if x.strip() and not x.startswith("#")}


@LANGUAGES
def test_every_slot_of_every_template_is_known(generate, language):
    for held_out in (False, True):
        source = generate.Generator(1, language, held_out)
        for _, lines in source.styles:
            for line in lines:
                for _ in range(6):
                    text = generate.joined(source.expand(line)).text
                    assert not re.search(r"\{\w+\}", text), line
                assert not set("[]") & set(generate.chosen(line, random.Random(1))), line


def test_alternatives_nest(generate):
    seen = {generate.chosen("a[b|c[d|e]|]f", random.Random(n)) for n in range(60)}
    assert seen == {"abf", "acdf", "acef", "af"}


def test_a_title_before_a_name_is_marked(generate):
    example = generate.joined(generate.titles_marked([("heard by Hon'ble Mr. Justice ", None), ("Ada Obi", "PERSON")]))
    assert [example.text[start:end] for start, end, label in example.spans if label == "TITLE"] == [
        "Hon'ble Mr. Justice"
    ]


def test_what_the_corpora_score_is_not_trained_on(generate):
    prose = importlib.import_module("prose")
    trained = {text for texts in prose.paragraphs(held_out=False).values() for text in texts}
    kept = {text for texts in prose.paragraphs(held_out=True).values() for text in texts}
    assert trained
    assert kept
    assert not trained & kept
    assert not set(prose.sentences()) & kept
