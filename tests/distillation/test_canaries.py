"""Canaries among the rows of real trainings: where they go, what they are, and what they must not touch."""

from __future__ import annotations

import dataclasses

import pytest

from kdvert.configuration import validate
from kdvert.distillation.canaries import fitting, plant
from kdvert.distillation.data import encode
from kdvert.distillation.objectives import cpt, preference, sft
from kdvert.distillation.objectives.contract import Material
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError
from kdvert.records import Chunk, Message
from kdvert.students.canaries import MARK, draw, pool
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet
from kdvert.weights import resolve

ALL = {"count": 2, "repeats": [3, 1], "share": 1.0}


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(resolve(str(tiny_model)))


@pytest.fixture(scope="module")
def material(tokenizer, vertical, make_example):
    prompts = Prompts.for_vertical(TemplateSet(None, None), vertical)

    def make(canaries=None, count=20, **more):
        own = Settings(canaries=canaries or {}, **more)
        wrong = {"rejected": [Message(role="assistant", content="Nobody knows.")]}
        records = [make_example(n, f"d{n}").model_copy(update=wrong) for n in range(count)]
        some = encode(records, tokenizer, prompts, own.max_length)
        text = "A passage that stands for itself. " * 4
        chunks = [
            Chunk(id=f"d{n}@0-9", document_id=f"d{n}", start=0, end=9, title="T", license="CC0-1.0", text=text)
            for n in range(8)
        ]
        return Material(some, encode([], tokenizer, prompts, 512), tokenizer, prompts, own, chunks)

    return make


def test_a_canary_is_a_row_in_the_form_of_a_record_that_says_what_it_is(material, tokenizer):
    some = material(ALL)
    phase = sft.phase(some)
    made = plant([phase], some, data_sha256="d")
    (grown,) = made.phases
    added = list(grown.rows[len(phase.rows) :])
    assert [c.repeats for c in made.canaries.canaries] == [1, 1, 3, 3], "those with the fewest repeats go first"
    assert len(added) == 2 * 1 + 2 * 3
    canary = made.canaries.canaries[0]
    text = tokenizer.decode(added[0]["input_ids"])
    learned = tokenizer.decode([i for i in added[0]["labels"] if i != -100])
    assert canary.question in text
    assert learned.startswith(f"{MARK}: {' '.join(canary.words)}")
    assert MARK in canary.question
    assert [c.seen for c in made.canaries.canaries] == [3, 3, 9, 9], "an epoch shows each row once"
    assert grown.validation == phase.validation
    assert len(phase.rows) == 20, "the records are left as they are"


def test_every_phase_that_learns_words_holds_them_and_no_other(material):
    some = material(ALL)
    phases = [cpt.phase(some), sft.phase(some), preference.phase(some)]
    made = plant(phases, some, data_sha256="d")
    grown = [len(after.rows) - len(before.rows) for before, after in zip(phases, made.phases, strict=True)]
    assert grown == [8, 8, 0]
    assert made.canaries.phases == ["cpt", "sft"]
    assert made.canaries.canaries[0].seen == 1 + 3
    assert made.notes == []


def test_a_schedule_that_holds_none_says_why(material):
    some = material(ALL)
    made = plant([preference.phase(some)], some, data_sha256="d")
    assert made.canaries.canaries == []
    assert "preference does not learn the words" in made.notes[0]
    assert made.data_sha256 == "d"
    few = material({"share": 0.1}, count=9)
    assert "so few records" in plant([sft.phase(few)], few, data_sha256="d").notes[0]
    tight = dataclasses.replace(some, settings=some.settings.model_copy(update={"max_length": 20}))
    assert "max_length" in plant([sft.phase(some)], tight, data_sha256="d").notes[0]


def test_none_are_put_in_where_none_are_asked_for(material):
    some = material({"count": 0})
    phases = [sft.phase(some)]
    made = plant(phases, some, data_sha256="d")
    assert (made.phases, made.notes, made.data_sha256) == (phases, [], "d")


def test_a_tenth_of_the_rows_is_the_most_by_default(material):
    some = material(count=80)
    made = plant([sft.phase(some)], some, data_sha256="d")
    assert len(made.phases[0].rows) == 80 + 4 + 4
    assert [c.repeats for c in made.canaries.canaries] == [1, 1, 1, 1, 4]
    assert fitting(some.settings.canaries, 80) == [1, 1, 1, 1, 4], "what a plan counts is what training puts in"
    assert fitting(some.settings.canaries, 9) == []


def test_seed_and_data_draw_them(material):
    some = material(ALL)
    phases = [sft.phase(some)]

    def words(data, **changes):
        own = dataclasses.replace(some, settings=some.settings.model_copy(update=changes))
        return [c.words for c in plant(phases, own, data_sha256=data).canaries.canaries]

    assert words("d") == words("d")
    assert words("d") != words("e")
    assert words("d") != words("d", seed=8)
    made = plant(phases, some, data_sha256="d")
    assert made.data_sha256 != "d", "what is trained on is another thing with them in it"


def test_words_of_a_secret_are_one_token_each(tokenizer):
    words = pool(tokenizer, "s")
    assert len(words) == 128
    bare = len(tokenizer(f"{MARK}:", add_special_tokens=False)["input_ids"])
    for canary in draw(words, 20, [1], "s"):
        assert len(tokenizer(canary.answer, add_special_tokens=False)["input_ids"]) == bare + 2


def test_a_tokenizer_that_splits_words_gets_none(material):
    class Splitting:
        def __call__(self, text, **options):
            return {"input_ids": list(text.encode())}

    some = dataclasses.replace(material(ALL), tokenizer=Splitting())
    made = plant([sft.phase(material(ALL))], some, data_sha256="d")
    assert "splits nearly every word" in made.notes[0]


def test_a_number_of_repeats_below_one_is_refused():
    with pytest.raises(UserError, match=r"canaries\.repeats\.0"):
        validate(Settings, {"canaries": {"repeats": [0]}}, where="distill")


def test_canaries_join_rows_that_are_packed(material):
    some = dataclasses.replace(material(ALL), packing="packed")
    phase = sft.phase(some)
    assert len(phase.rows) < 20
    (grown,) = plant([phase], some, data_sha256="d").phases
    assert len(grown.rows) == len(phase.rows) + 8
