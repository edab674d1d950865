"""A local teacher held to a JSON schema, and what it held likely: with the real library and a random model."""

import asyncio
import json

import pytest

from kdvert.teachers import structured
from kdvert.teachers.local import LocalTeacher

SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["question", "answer"]}, "sure": {"type": "boolean"}},
    "required": ["kind", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def teacher(tiny_model):
    return LocalTeacher.load(str(tiny_model), batch_size=8, root=tiny_model)


def ask(teacher, *requests):
    return asyncio.run(teacher.complete(requests))


def test_a_random_model_writes_what_the_schema_asks_for(teacher, request_for):
    pytest.importorskip("llguidance", reason="the extra 'structured' is not installed")
    request = [
        request_for(f"{n}", schema=SCHEMA, stop=(), max_tokens=60, temperature=t) for n, t in enumerate((0.0, 1.0, 1.0))
    ]
    free = request_for("free", stop=(), max_tokens=20)
    *held, loose = ask(teacher, *request, free)
    for reply in held:
        value = json.loads(reply.text)
        assert value.keys() == {"kind", "sure"}
        assert (value["kind"] in ("question", "answer"), type(value["sure"])) == (True, bool)
        assert (reply.notes, reply.truncated) == ((), False)
    with pytest.raises(ValueError):  # noqa: PT011 - a random model writes no JSON by itself
        json.loads(loose.text)


def test_a_schema_that_cannot_be_taken_is_noted(teacher, request_for):
    pytest.importorskip("llguidance", reason="the extra 'structured' is not installed")
    impossible = {"type": "object", "properties": {"a": {"$ref": "https://example.org/elsewhere.json"}}}
    (reply,) = ask(teacher, request_for("x", schema=impossible))
    assert reply.notes == ("schema_not_offered",)


def test_without_the_library_the_model_writes_freely_with_a_note(teacher, request_for, monkeypatch):
    monkeypatch.setattr(structured, "have", lambda module: False)
    (reply,) = ask(teacher, request_for("x", schema=SCHEMA))
    assert reply.notes == ("schema_not_offered",)


def test_likelihoods_of_a_local_reply(teacher, request_for):
    import torch

    greedy, sampled, none = ask(
        teacher,
        request_for("The sea is", stop=(), top_logprobs=3, max_tokens=6),
        request_for("The sky is", stop=(), top_logprobs=5, max_tokens=6, temperature=1.5),
        request_for("The sun is", stop=(), max_tokens=6),
    )
    assert none.logprobs is None
    assert [len(c.top) for c in greedy.logprobs] == [3] * greedy.output_tokens
    assert [len(c.top) for c in sampled.logprobs] == [5] * sampled.output_tokens
    assert all(c.token_id == c.top_ids[0] and c.logprob == c.top[0][1] for c in greedy.logprobs), (
        "greedy takes the likeliest"
    )
    assert any(c.token_id != c.top_ids[0] for c in sampled.logprobs)
    assert all(0 < c.tail_mass < 1 for c in greedy.logprobs)
    ids = teacher.tokenizer("The sea is", return_tensors="pt").input_ids
    with torch.inference_mode():
        likely = teacher.model(ids).logits[0, -1].float().log_softmax(-1)
    assert greedy.logprobs[0].logprob == pytest.approx(float(likely.max()), abs=1e-3)
    assert sampled.logprobs[0].logprob <= 0


def test_likelihoods_end_where_the_reply_does(teacher, request_for):
    (whole,) = ask(teacher, request_for("The sea is", stop=(), top_logprobs=1, max_tokens=8))
    end = teacher.tokenizer.decode([whole.logprobs[4].token_id])
    (cut,) = ask(teacher, request_for("The sea is", stop=(end,), top_logprobs=1, max_tokens=8))
    assert len(cut.logprobs) < len(whole.logprobs)
    assert "".join(c.token for c in cut.logprobs)[: len(cut.text)] == cut.text
