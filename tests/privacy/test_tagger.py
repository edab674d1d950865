"""The tagger finds what no template of its training text holds, and refuses weights that are not its own."""

from __future__ import annotations

import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from kdvert.errors import WorkFailed
from kdvert.privacy import tagger
from kdvert.privacy.tagger_features import tokenize

FOLDER = Path(__file__).parent


def covered(text: str, value: str, hits: list[tagger.Hit], *entities: str) -> bool:
    """Whether findings of ``entities`` cover every letter and digit of ``value`` in ``text``."""
    start = text.index(value)
    taken = {i for h in hits if not entities or h.entity in entities for i in range(h.start, h.end)}
    return all(i in taken for i in range(start, start + len(value)) if text[i].isalnum())


SENTENCES = {
    language: yaml.safe_load((FOLDER / f"tagger_sentences_{language}.yaml").read_text(encoding="utf-8"))
    for language in ("en", "es", "fr")
}
"""Sentences of no template: a text, and what must be found in it, by label; ``find: {}`` is text that names nobody."""
LANGUAGES = pytest.mark.parametrize("language", list(SENTENCES))
NAMING = {"PERSON", "STREET_ADDRESS", "UNIQUE_ID", "PASSWORD"}
PLACES = {"LOCATION", "REGION", "STREET_ADDRESS", "ZIP_CODE", "HEALTH_FACILITY", "ORGANIZATION"}
NUMBERS = {"UNIQUE_ID", "FINANCIAL_ACCOUNT", "PHONE_NUMBER", "PASSWORD", "USERNAME", "ZIP_CODE"}


def alike(label: str) -> set[str]:
    """Labels that scrubbing treats alike: one place or number may be taken for another."""
    return next((group for group in (PLACES, NUMBERS) if label in group), {label})


@LANGUAGES
def test_what_sentences_of_no_template_name_is_found(language):
    missed = []
    sentences = [s for s in SENTENCES[language] if s["find"]]
    for sentence, hits in zip(sentences, tagger.tag([s["text"] for s in sentences], language), strict=True):
        missed += [v for v, label in sentence["find"].items() if not covered(sentence["text"], v, hits, *alike(label))]
    assert len(missed) <= 0.1 * sum(len(s["find"]) for s in sentences), missed


@LANGUAGES
def test_ordinary_text_survives(language):
    texts = [s["text"] for s in SENTENCES[language] if not s["find"]]
    taken = [
        (h.entity, text[h.start : h.end])
        for text, hits in zip(texts, tagger.tag(texts, language), strict=True)
        for h in hits
        if h.entity in NAMING
    ]
    assert len(taken) <= 1, taken


def test_offsets_index_the_text_behind_emoji_and_combining_marks():
    text = "👩🏽‍⚕️🇪🇸 ok\u200b. Re\u0301mi\u0301 — signed by Dr. John Smith, Boston."
    hits = tagger.tag([text], "en")[0]
    assert covered(text, "John Smith", hits, "PERSON")
    assert all(
        0 <= h.start < h.end <= len(text) and text[h.start : h.end].strip() == text[h.start : h.end] for h in hits
    )


def test_tokens_lie_where_they_say():
    text = "👍🏽 D’Arcy\t\te\u0301te\u0301 \n\n 12-34/α½  _x\u00a0\u00a0٣\ud800"
    tokens = tokenize(text)
    assert [text[s : tokens.end(i)] for i, s in enumerate(tokens.starts)] == tokens.words
    gaps = set(range(len(text))) - {p for i, s in enumerate(tokens.starts) for p in range(s, tokens.end(i))}
    assert all(text[p].isspace() for p in gaps)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "\ud800", "\u0301", "٣٤", "x" * 3_000, "1" * 3_000])
def test_odd_texts_are_read(text):
    assert all(0 <= h.start < h.end <= len(text) for h in tagger.tag([text], "en")[0])


def test_what_is_found_depends_on_the_text_alone():
    """Neither the texts tagged with it, nor their order, nor the thread."""
    few = [sentence["text"] for sentence in SENTENCES["en"][:9]]
    texts = few * 20
    alone = [tagger.tag([text], "en")[0] for text in few] * 20
    together = tagger.tag(texts, "en")
    with ThreadPoolExecutor(4) as pool:
        threaded = [hits for part in pool.map(lambda t: tagger.tag(t, "en"), [texts[:77], texts[77:]]) for hits in part]
    assert [spans(h) for h in together] == [spans(h) for h in alone] == [spans(h) for h in threaded]


def spans(hits: list[tagger.Hit]) -> list[tuple[str, int, int]]:
    return [(h.entity, h.start, h.end) for h in hits]


@pytest.mark.parametrize("rule", ["=" * 60, "~.~.~.~.~.~", "-----", "* * *"])
def test_rows_of_marks_are_nothing(rule):
    assert tagger.tag([f"First part.\n{rule}\nSecond part."], "en")[0] == []


def test_a_long_text_is_tagged_like_its_parts():
    text = "The report was filed. " * 3_000 + "Nurse Imogen Tallis changed the dressing."
    assert covered(text, "Imogen Tallis", tagger.tag([text], "en")[0], "PERSON")


@pytest.fixture
def copy(tmp_path):
    for name in (tagger.WEIGHTS, tagger.MANIFEST):
        shutil.copy(tagger.FOLDER / name, tmp_path / name)
    return tmp_path


def test_damaged_weights_are_refused(copy):
    data = bytearray((copy / tagger.WEIGHTS).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / tagger.WEIGHTS).write_bytes(bytes(data))
    with pytest.raises(WorkFailed, match="damaged"):
        tagger.Tagger.load(copy)


def test_weights_of_other_features_are_refused(copy):
    manifest = json.loads((copy / tagger.MANIFEST).read_text(encoding="utf-8"))
    (copy / tagger.MANIFEST).write_text(json.dumps(manifest | {"features": 0}), encoding="utf-8")
    with pytest.raises(WorkFailed, match="version 0"):
        tagger.Tagger.load(copy)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(WorkFailed, match=r"manifest\.json cannot be read"):
        tagger.Tagger.load(tmp_path)


def test_an_unknown_language_is_refused():
    assert tagger.available("es")
    assert not tagger.available("de")
    with pytest.raises(WorkFailed, match='"de"'):
        tagger.tag(["Guten Tag"], "de")


def test_the_weights_are_small_and_their_manifest_says_how_they_were_made():
    assert sum(path.stat().st_size for path in tagger.FOLDER.iterdir()) < 25_000_000
    training = tagger.Tagger.load().manifest.training
    assert {"seed", "steps", "templates", "held_out_templates", "versions"} <= set(training)


@pytest.mark.parametrize(
    ("text", "name", "part", "whole"),
    [
        ("case 3:22-cv-918.", "UNIQUE_ID", "cv", "3:22-cv-918"),
        ("plate FK-318-TR, red", "UNIQUE_ID", "318", "318"),  # letters behind a mark may be another word
        ("to NWBKGB2L today", "FINANCIAL_ACCOUNT", "NWBKGB", "NWBKGB2L"),
        ("user thorn_p4.", "USERNAME", "thorn", "thorn_p4"),
        ("ID: 77", "UNIQUE_ID", "77", "77"),
        ("Anna-2", "PERSON", "Anna", "Anna"),
    ],
)
def test_a_code_is_found_whole(text, name, part, whole):
    tokens = tokenize(text)
    at = tokens.words.index(part)
    first, last = tagger._whole(name, at, at, tokens)
    assert text[tokens.starts[first] : tokens.end(last)] == whole


@LANGUAGES
def test_findings_are_in_order_and_apart(language):
    texts = [sentence["text"] for sentence in SENTENCES[language]]
    for hits in tagger.tag(["; ".join(texts), " ".join(texts).upper(), "".join(texts)], language):
        assert hits
        assert all(one.end <= other.start for one, other in itertools.pairwise(hits))
        assert all(0 < hit.score <= 1 for hit in hits)
