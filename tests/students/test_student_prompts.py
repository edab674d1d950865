"""Training and evaluation put the same tokens before the answer, for chat templates of every kind."""

from __future__ import annotations

import pytest

from kdvert.errors import UserError
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts, UnstableTemplate, answer_ids, conversation_ids, prompt_ids
from kdvert.templates import TemplateSet
from kdvert.weights import DEFAULT_MODEL, resolve


@pytest.fixture
def tokenizer():
    return load_tokenizer(resolve(DEFAULT_MODEL))


@pytest.fixture
def prompts(vertical):
    return Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)


def said(tokenizer, tokens):
    return tokenizer.decode([i for i, mine in zip(tokens.ids, tokens.trained) if mine])


def assistant(text):
    return {"role": "assistant", "content": text}


def test_closed_book_holds_the_question_alone(prompts):
    assert prompts.user("What is asthma?")["content"] == "What is asthma?"


def test_retrieval_puts_the_passages_first(prompts):
    content = prompts.user("What is asthma?", passages=["One.", "Two."])["content"]
    assert content == "Passage 1: One.\nPassage 2: Two.\n\nWhat is asthma?"


def test_choices_are_listed_after_the_question(prompts):
    assert prompts.user("Which?", choices=["a", "b"])["content"] == "Which?\nChoices: a; b"


def test_the_vertical_speaks_in_the_system_prompt(prompts, vertical):
    shared = Prompts.for_vertical(TemplateSet(None, None), vertical)
    assert vertical.manifest.title in shared.system()["content"]
    assert prompts.system() != shared.system()
    assert prompts.sha256 != shared.sha256


def test_only_the_answer_and_its_end_are_trained(tokenizer, prompts):
    tokens = conversation_ids(tokenizer, [*prompts.ask("Why?"), assistant("Because.")])
    assert said(tokenizer, tokens) == "Because.<|im_end|>"


def test_the_trained_answer_stands_behind_the_prompt_of_evaluation(tokenizer, prompts):
    turns = prompts.ask("Why?")
    tokens = conversation_ids(tokenizer, [*turns, assistant("Because.")])
    prompt = prompt_ids(tokenizer, turns)
    assert tokens.ids[: len(prompt)] == prompt
    assert not any(tokens.trained[: len(prompt)])
    answer = answer_ids(tokenizer, turns, "Because.")
    assert tokens.ids[len(prompt) :][: len(answer)] == answer
    assert tokenizer.decode(answer) == "Because."


def test_every_turn_of_the_assistant_is_trained(tokenizer, prompts):
    turns = [*prompts.ask("One?"), assistant("First."), prompts.user("Two?"), assistant("Second.")]
    assert said(tokenizer, conversation_ids(tokenizer, turns)) == "First.<|im_end|>Second.<|im_end|>"


def test_an_empty_answer_has_no_tokens(tokenizer, prompts):
    assert answer_ids(tokenizer, prompts.ask("Why?"), "") == []


def test_a_template_that_rewrites_earlier_turns_is_noticed(tokenizer, prompts):
    tokenizer.chat_template = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}"
    with pytest.raises(UnstableTemplate):
        conversation_ids(tokenizer, [*prompts.ask("Why?"), assistant("Because.")])


def test_a_model_without_chat_template_is_refused(tokenizer, prompts):
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="no chat template"):
        prompt_ids(tokenizer, prompts.ask("Why?"))


def test_a_template_that_refuses_is_quoted(tokenizer, prompts):
    tokenizer.chat_template = "{{ raise_exception('no system role here') }}"
    with pytest.raises(UserError, match="no system role here"):
        prompt_ids(tokenizer, prompts.ask("Why?"))
