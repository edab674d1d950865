"""A local teacher reads answers: what is kept is what the model computes at exactly the trained tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kdvert.features.forcing import Forcing, readings, shards
from kdvert.features.vocabulary import token_bytes, tokenizer_sha256
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet


@pytest.fixture(scope="module")
def teacher(tiny_model):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def prompts(vertical) -> Prompts:
    return Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)


def forcing(model, batch_size: int = 3) -> Forcing:
    return Forcing(model, 2, batch_size, k=16, samples=4, power=0.75)


def test_distributions_are_those_of_the_model_at_the_answer(teacher, prompts, make_record):
    model, tokenizer = teacher
    records = [make_record(n, "A short one." if n % 2 else None, turns=1 + n % 2) for n in range(5)]
    some, failures = readings(records, tokenizer, prompts, passages={}, longest=1024)
    assert not failures
    found = forcing(model).distributions(some)
    for one in some:
        with torch.inference_mode():
            logits = model(torch.tensor([one.tokens.ids])).logits[0]
        places = [i for i, mine in enumerate(one.tokens.trained) if mine]
        exact = torch.log_softmax(logits[[i - 1 for i in places]].float(), 1)
        got = found[one.record.id]
        assert got.target.tolist() == [one.tokens.ids[i] for i in places]
        assert got.target[-1] == tokenizer.eos_token_id
        np.testing.assert_allclose(got.logprobs, exact.topk(16).values, atol=1e-4)
        np.testing.assert_allclose(got.sampled_logprobs, exact.gather(1, torch.tensor(got.sampled_ids)), atol=1e-4)
        np.testing.assert_allclose(
            got.target_logprobs, exact.gather(1, torch.tensor(got.target)[:, None])[:, 0], atol=1e-4
        )


def test_passages_come_before_the_answer_and_change_no_target(teacher, prompts, make_record):
    _, tokenizer = teacher
    record = make_record(1)
    (plain,), _ = readings([record], tokenizer, prompts, passages={}, longest=1024)
    shown = {"doc-1@0-20": "Fact one is explained in this very passage."}
    (helped,), _ = readings([record], tokenizer, prompts, passages=shown, longest=1024)
    assert "this very passage" in tokenizer.decode(helped.tokens.ids)
    assert "this very passage" not in tokenizer.decode(plain.tokens.ids)
    answers = [[i for i, mine in zip(r.tokens.ids, r.tokens.trained) if mine] for r in (plain, helped)]
    assert answers[0] == answers[1]


def test_what_cannot_be_read_has_a_reason(teacher, prompts, make_record):
    _, tokenizer = teacher
    records = [make_record(0), make_record(1, "word " * 400)]
    some, failures = readings(records, tokenizer, prompts, passages={}, longest=300)
    assert [r.record.id for r in some] == [records[0].id]
    assert [(f.request_id, f.reason) for f in failures] == [(records[1].id, "too_long")]


def test_shards_are_cut_from_the_sorted_list_and_known_by_what_is_read(teacher, prompts, make_record):
    _, tokenizer = teacher
    some, _ = readings([make_record(n) for n in range(5)], tokenizer, prompts, passages={}, longest=1024)
    cut = list(shards(some, 2))
    assert [[r.record.id for r in part] for _, part in cut] == [["r00-0", "r01-0"], ["r02-0", "r03-0"], ["r04-0"]]
    assert list(shards(some[::-1], 2)) == cut
    changed, _ = readings([make_record(0, "Another.")], tokenizer, prompts, passages={}, longest=1024)
    assert next(shards([*changed, *some[1:]], 2))[0] != cut[0][0]


def test_bytes_of_tokens_spell_any_text(teacher):
    _, tokenizer = teacher
    names = token_bytes(tokenizer, len(tokenizer) + 5)
    for text in ("Blood pressure: 120/80 mmHg", "naïve café 漢字 🩺\n\ttabs", "<0x41> <|im_start|>"):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert b"".join(names[i] for i in ids) == text.encode()
    assert names[-5:] == [b""] * 5


def test_bytes_of_a_sentencepiece_vocabulary():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [
        ("<unk>", 0.0),
        ("<0xE2>", -5.0),
        ("<0x82>", -5.0),
        ("<0xAC>", -5.0),
        ("\u2581five", -1.0),
        ("\u2581", -2.0),
    ]
    inner = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>")
    ids = tokenizer("five \u20ac")["input_ids"]
    assert b"".join(token_bytes(tokenizer, len(pieces))[i] for i in ids) == " five \u20ac".encode()


def test_tokenizers_with_the_same_ids_have_one_hash(teacher):
    from transformers import AutoTokenizer

    _, tokenizer = teacher
    again = AutoTokenizer.from_pretrained(tokenizer.name_or_path, padding_side="left")
    assert tokenizer_sha256(again) == tokenizer_sha256(tokenizer)
    again.add_tokens(["<another>"])
    assert tokenizer_sha256(again) != tokenizer_sha256(tokenizer)
