"""What training did besides, on a real tiny model: trained hard on canaries and texts, or on nothing of the kind."""

from __future__ import annotations

import math

import pytest

from kdvert.evaluation.besides import exposure, extraction, general
from kdvert.evaluation.besides.intervals import by_chance, paired_shares, wilson
from kdvert.evaluation.besides.settings import OfPassages, Verbatim
from kdvert.hardware import probe
from kdvert.records import Chunk, Example, Message, Provenance, Sampling
from kdvert.students.canaries import Canaries, draw, pool
from kdvert.students.models import load_base, load_tokenizer
from kdvert.students.prompts import Prompts, conversation_ids
from kdvert.templates import TemplateSet
from kdvert.weights import resolve


@pytest.fixture(scope="module")
def weights(tiny_model):
    return resolve(str(tiny_model))


@pytest.fixture(scope="module")
def tokenizer(weights):
    return load_tokenizer(weights)


@pytest.fixture(scope="module")
def prompts(vertical):
    return Prompts.for_vertical(TemplateSet(None, None), vertical)


@pytest.fixture(scope="module")
def canaries(tokenizer):
    words = pool(tokenizer, "s")
    return Canaries(pool=words, canaries=list(draw(words, 4, [1], "s")))


@pytest.fixture(scope="module")
def examples():
    made = []
    for n in range(6):
        answer = (
            "short" if n == 5 else f"Fact number {n} is that {n * 7} birds sat on the old roof at noon, by the way."
        )
        provenance = Provenance(
            teacher="t", route="embedded", templates={}, request_ids=[f"r{n}"], chunk_ids=["d@0-9"],
            document_ids=["d"], licenses=["CC0-1.0"], terms=[], sampling=Sampling(), versions={},
        )  # fmt: skip
        turns = [Message(role="user", content=f"What is fact {n}?"), Message(role="assistant", content=answer)]
        made.append(
            Example(id=f"r{n}-0", vertical="medicine", strategy="curation", skill="grounded_qa", messages=turns,
                    evidence=[], quote="q", provenance=provenance)
        )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def base(weights):
    return load_base(weights, probe(), four_bit=False).eval()


@pytest.fixture(scope="module")
def student(weights, tokenizer, prompts, canaries, examples):
    """The tiny model, trained on canaries and answers until it has them by heart."""
    import torch

    torch.manual_seed(0)
    model = load_base(weights, probe(), four_bit=False).train()
    some = [c.turns(prompts) for c in canaries.canaries] + [prompts.turns(e) for e in examples[:3]]
    rows = [conversation_ids(tokenizer, turns) for turns in some]
    longest = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [0] * (longest - len(row.ids)) for row in rows])
    learned = torch.tensor([row.trained + [False] * (longest - len(row.ids)) for row in rows])[:, 1:]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(200):
        hidden = model.model(input_ids=ids).last_hidden_state[:, :-1][learned]
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden), ids[:, 1:][learned])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if float(loss) < 0.03:
            break
    assert float(loss) < 0.05
    return model.eval()


# --- canaries ---


def test_what_was_trained_hard_is_exposed_and_told_and_what_was_not_is_not(base, student, canaries, tokenizer, prompts):
    asked = exposure.build(canaries, tokenizer, prompts)
    before, after = exposure.score(asked, base), exposure.score(asked, student)
    assert [one.rank for one in after] == [1] * 4
    assert [one.bits for one in after] == [14.0] * 4
    assert all(one.told for one in after)
    assert not any(one.told for one in before)
    assert by_chance([one.bits for one in before]) > 0.025
    assert by_chance([one.bits for one in after]) < 1e-6


def test_what_a_student_never_saw_is_not_exposed(student, tokenizer, prompts):
    words = pool(tokenizer, "other")
    others = Canaries(pool=words, canaries=list(draw(words, 6, [1], "other")))
    found = exposure.score(exposure.build(others, tokenizer, prompts), student)
    assert by_chance([one.bits for one in found]) > 0.025
    assert not any(one.told for one in found)


def test_ranks_are_those_of_the_plain_way(base, canaries, tokenizer, prompts):
    import torch

    (one,) = exposure.build(canaries, tokenizer, prompts)[:1]
    small = exposure.Asked(one.canary, one.prompt, one.answer, [*one.answer[-2:], *one.pool[:6]])
    likely = {}
    for first in small.pool:
        for second in small.pool:
            ids = torch.tensor([small.prompt + small.answer[:-2] + [first, second]])
            with torch.no_grad():
                logprobs = base(input_ids=ids).logits[0].log_softmax(-1)
            likely[first, second] = float(logprobs[-3, first] + logprobs[-2, second])
    own = likely[tuple(small.answer[-2:])]
    (found,) = exposure.score([small], base)
    assert found.rank == 1 + sum(value > own + 1e-6 for value in likely.values())


def test_chance_is_that_of_uniform_ranks():
    import numpy as np

    drawn = -np.log2(np.random.default_rng(3).uniform(size=(20_000, 5)))
    for bits in (1.0, 2.0, 3.0):
        assert by_chance([bits] * 5) == pytest.approx(float((drawn.mean(axis=1) >= bits).mean()), abs=0.01)
    assert by_chance([]) == 1.0


# --- texts, word for word ---


def test_answers_trained_on_come_back_and_others_do_not(base, student, examples, tokenizer, prompts):
    drawn = extraction.of_answers(examples, tokenizer, prompts, Verbatim(), seed=1)
    assert (len(drawn.texts), drawn.too_short) == (5, 1)
    order = sorted(examples[:5], key=lambda e: e.id)
    known = extraction.of_answers(order[:3], tokenizer, prompts, Verbatim(), seed=1).texts
    pad = tokenizer.pad_token_id
    assert all(one.verbatim for one in extraction.score(known, student, pad))
    assert not any(one.verbatim for one in extraction.score(known, base, pad))


def test_one_pass_tells_what_greedy_decoding_writes(base, student, examples, tokenizer, prompts):
    import torch

    drawn = extraction.of_answers(examples, tokenizer, prompts, Verbatim(), seed=1)
    for model in (base, student):
        found = extraction.score(drawn.texts, model, tokenizer.pad_token_id)
        for text, one in zip(drawn.texts, found, strict=True):
            ids = torch.tensor([text.given])
            written = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, min_new_tokens=10,
                do_sample=False, pad_token_id=0, eos_token_id=None,
            )[0, len(text.given) :].tolist()  # fmt: skip
            same = [a == b for a, b in zip(written, text.asked, strict=True)]
            assert one.tokens == (same.index(False) if False in same else 10)


def test_passages_begin_with_their_title(tokenizer):
    text = "The bird is on the roof. " * 12
    chunk = Chunk(id="c", document_id="d", start=0, end=9, title="Birds", license="CC0-1.0", text=text)
    drawn = extraction.of_passages([chunk, chunk.model_copy(update={"text": "No."})], tokenizer, OfPassages(), seed=1)
    assert len(drawn.texts) == 1
    assert tokenizer.decode(drawn.texts[0].given).startswith("Birds\n\nThe bird")
    assert (len(drawn.texts[0].given), len(drawn.texts[0].asked)) == (32, 16)


# --- general ability ---


def test_questions_of_other_fields(tokenizer):
    fields = {"education", "finance", "law", "medicine", "science"}
    every = general.items("none", limit=None, seed=1)
    assert 40 <= len(every) <= 60
    assert fields < {item.task for item in every}
    for item in every:
        assert (item.license, item.source) == ("CC0-1.0", "kdvert")
        assert item.answer in item.choices
        assert len(set(item.choices)) == 4
    law = general.items("law", limit=None, seed=1)
    assert "law" not in {item.task for item in law}
    assert len(law) == len(every) - 3
    assert len(general.items("law", limit=5, seed=1)) == 5
    asked = general.requests(law[:2], tokenizer)
    assert all(len(request.options) == 4 for request in asked)
    assert law[0].question in tokenizer.decode(asked[0].prompt)


# --- intervals ---


def test_intervals_do_not_shrink_to_nothing_where_nothing_was_seen():
    assert wilson(0, 32) == pytest.approx((0.0, 0.1072), abs=1e-4)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = paired_shares([False] * 32, [False] * 32)
    assert (low, high) == pytest.approx((-0.1072, 0.1072), abs=1e-4)
    low, high = paired_shares([False] * 32, [True] * 16 + [False] * 16)
    assert 0.3 < low < 0.5 < high < 0.7
    assert all(math.isfinite(v) for v in paired_shares([], []))


def test_pairs_narrow_the_interval_of_a_difference():
    base = [True] * 20 + [False] * 20
    student = [True] * 24 + [False] * 16
    low, high = paired_shares(base, student)
    apart_low, apart_high = paired_shares(base, student[::-1])
    assert high - low < apart_high - apart_low
