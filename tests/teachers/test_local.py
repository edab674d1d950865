"""The embedded teacher, for real: batches, stop texts, seeded sampling, likelihoods."""

import asyncio
import json
import shutil

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.teachers.faults import Fault
from kdvert.teachers.local import LocalTeacher, shared_beginning
from kdvert.weights import DEFAULT_MODEL, resolve

INTRO = "Topic: Bees\nFact: Honey is sweet.\nQuestion: What is sweet?\n\n"
FACTS = [
    "Tai chi improves balance.",
    "Statins lower cholesterol in adults.",
    "Ice is frozen water.",
    "Gold is a metal.",
]
PROMPTS = [f"{INTRO}Topic: Facts\nFact: {fact}\nQuestion: What" for fact in FACTS]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> LocalTeacher:
    return LocalTeacher.load(DEFAULT_MODEL, batch_size=4, root=tmp_path_factory.mktemp("root"))


def ask(teacher, *requests):
    return asyncio.run(teacher.complete(requests))


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_a_reply_does_not_depend_on_who_shares_the_batch(teacher, request_for, temperature):
    requests = [request_for(p, temperature=temperature) for p in PROMPTS]
    together = [r.text for r in ask(teacher, *requests)]
    alone = [ask(teacher, r)[0].text for r in requests]
    assert together == alone
    assert all(text.strip() for text in together)


def test_the_seed_decides_at_a_temperature(teacher, request_for):
    one, other = request_for(PROMPTS[0], temperature=2.0), request_for(PROMPTS[0], temperature=2.0, id="f" * 64)
    first, second = ask(teacher, one, other)
    assert ask(teacher, one)[0].text == first.text != second.text


def test_the_shared_beginning_changes_nothing(teacher, request_for, monkeypatch):
    requests = [request_for(p) for p in PROMPTS]
    shared = [r.text for r in ask(teacher, *requests)]
    monkeypatch.setattr("kdvert.teachers.local.shared_beginning", lambda prompts: "")
    assert [r.text for r in ask(teacher, *requests)] == shared


def test_a_stop_text_ends_the_reply_and_is_left_out(teacher, request_for):
    reply = ask(teacher, request_for(PROMPTS[0], stop=("?",), max_tokens=24))[0]
    assert "?" not in reply.text
    assert not reply.truncated
    assert 0 < reply.output_tokens < 24


def test_a_reply_that_does_not_end_is_marked(teacher, request_for):
    reply = ask(teacher, request_for(PROMPTS[0], stop=(), max_tokens=3))[0]
    assert reply.truncated
    assert reply.output_tokens == 3


def test_the_fitting_question_is_likelier(teacher, request_for):
    question = " What does Tai chi improve?"
    prompts = [f"{INTRO}Topic: Facts\nFact: {fact}\nQuestion:" for fact in FACTS]
    scores = [r.score for r in ask(teacher, *(request_for(p, continuation=question) for p in prompts))]
    assert max(scores) == scores[0] < 0
    alone = ask(teacher, request_for(prompts[0], continuation=question))[0].score
    assert alone == pytest.approx(scores[0], abs=0.05)


def test_writing_and_scoring_in_one_batch(teacher, request_for):
    replies = ask(teacher, request_for(PROMPTS[0]), request_for(PROMPTS[1], continuation=" do statins lower?"))
    assert replies[0].score is None
    assert replies[1].score is not None


def test_a_prompt_that_is_too_long_is_a_fault_and_the_others_are_answered(teacher, request_for):
    long, good = ask(teacher, request_for("word " * 9000), request_for(PROMPTS[0]))
    assert isinstance(long, Fault)
    assert long.reason == "prompt_too_long"
    assert not long.worth_retrying
    assert good.text


def test_a_message_is_put_into_the_models_own_form(teacher, request_for):
    seen = teacher._as_text(request_for("Hello", chat=True)).prompt
    assert seen.text.endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
    assert seen.scrubbed_by == "test"


def test_the_identity_is_that_of_the_weights(teacher, tmp_path):
    copy = shutil.copytree(resolve(DEFAULT_MODEL).path, tmp_path / "model")
    config = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(json.dumps(config | {"top_k": 7}))
    other = LocalTeacher.load("model", batch_size=2, root=tmp_path)
    assert other.identity != teacher.identity
    assert (other.route, other.local) == ("local", True)


def test_what_is_no_language_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "no-such-type"}')
    (folder / "model.safetensors").write_bytes(b"\0" * 16)
    with pytest.raises(WorkFailed, match="cannot be loaded"):
        LocalTeacher.load(str(folder), batch_size=1, root=tmp_path)


def test_an_unknown_model(tmp_path):
    with pytest.raises(UserError, match="Unknown model"):
        LocalTeacher.load("nowhere/model", batch_size=1, root=tmp_path)


def test_shared_beginnings_end_at_a_blank_line():
    assert shared_beginning(PROMPTS) == INTRO
    assert shared_beginning(["a\n\nb", "a\n\nb"]) == "a\n\n"
    assert shared_beginning(["a\n\n", "a\n\n"]) == "", "something of each prompt is left"
    assert shared_beginning(["one\n\nx", "two\n\nx"]) == ""
    assert shared_beginning(["alone"]) == ""
