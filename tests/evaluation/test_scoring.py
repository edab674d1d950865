"""Likelihoods and answers of a real (tiny, random) model, against the plain way of computing them."""

from __future__ import annotations

import pytest

from kdvert.evaluation.batches import Kept, ask, batches, scores
from kdvert.evaluation.requests import Form, Passage, build, shorten
from kdvert.evaluation.scoring import Outcome, score
from kdvert.hardware import probe
from kdvert.progress import Silent
from kdvert.records import EvalItem
from kdvert.students.models import load_base, load_tokenizer, unpacked
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet
from kdvert.weights import resolve

FORM = Form(passage_tokens=60, answer_tokens=20, total_tokens=400, show_choices=False)


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(resolve(str(tiny_model)))


@pytest.fixture(scope="module")
def model(tiny_model):
    return unpacked(load_base(resolve(str(tiny_model)), probe(), four_bit=probe().four_bit), probe()).eval()


@pytest.fixture(scope="module")
def make(tokenizer, vertical):
    prompts = Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)

    def requests(items, passages=None, form=FORM):
        mode = "closed_book" if passages is None else "retrieval"
        return build(items, mode, tokenizer, prompts, form, passages)

    return requests


def item(number, question="What is it?", answer="It is a test.", choices=None):
    return EvalItem(
        id=f"q{number}", question=question, answer=answer, choices=choices, task="t", source="s", license="CC0-1.0"
    )


ITEMS = [
    item(0),
    item(1, question="Which of these many long words is the one that answers the question?", answer="Yes, this one."),
    item(2, answer="maybe", choices=["yes", "no", "maybe"]),
    item(3, question="Why?", answer="Because.", choices=["Because.", "It never happened at all."]),
]


def plainly(model, prompt, answer):
    """Mean negative log-likelihood of an answer, one sequence at a time and without a cache."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
    return -sum(logits[len(prompt) + i - 1, token].item() for i, token in enumerate(answer)) / len(answer)


def test_likelihoods_are_those_of_the_plain_way(model, tokenizer, make):
    requests = make(ITEMS)
    for request, outcome in zip(requests, score(requests, model, tokenizer, 4)):
        assert outcome.nll == pytest.approx(plainly(model, request.prompt, request.answer), rel=1e-4)
        assert outcome.answer_tokens == len(request.answer)


def test_the_choice_is_the_likeliest_per_token(model, tokenizer, make):
    requests = make(ITEMS[2:])
    for request, outcome in zip(requests, score(requests, model, tokenizer, 4)):
        losses = [plainly(model, request.prompt, option) for option in request.options]
        best = request.item.choices[losses.index(min(losses))]
        assert outcome.answer == best
        assert outcome.correct == float(best == request.item.answer)
        assert outcome.f1 is None


def test_free_answers_are_those_of_the_plain_way(model, tokenizer, make):
    import torch

    requests = make(ITEMS[:2])
    for request, outcome in zip(requests, score(requests, model, tokenizer, 6)):
        prompt = torch.tensor([request.prompt])
        written = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=6, do_sample=False)
        text = tokenizer.decode(written[0, prompt.shape[1] :], skip_special_tokens=True).strip()
        assert outcome.answer == text
        assert outcome.f1 is not None
        assert outcome.correct is None


def test_the_batch_does_not_change_the_outcome(model, tokenizer, make):
    requests = make(ITEMS)
    together = score(requests, model, tokenizer, 4)
    alone = [score([r], model, tokenizer, 4)[0] for r in requests]
    for one, other in zip(together, alone):
        assert one.nll == pytest.approx(other.nll, rel=1e-4)
        assert (one.answer, one.correct) == (other.answer, other.correct)


def test_a_right_answer_that_is_no_choice_is_unscored(model, tokenizer, make):
    (outcome,) = score(make([item(0, answer="other", choices=["a", "b"])]), model, tokenizer, 4)
    assert outcome.correct is None
    assert outcome.nll is not None


class TestRequests:
    def test_a_long_passage_is_cut_at_a_word(self, tokenizer):
        text = "alpha beta gamma delta " * 40
        short = shorten(tokenizer, text, 10)
        assert short.endswith(" …")
        assert text.startswith(short[:-2])
        assert set(short[:-2].split()) <= {"alpha", "beta", "gamma", "delta"}
        assert shorten(tokenizer, "short", 10) == "short"

    def test_passages_stand_in_the_prompt(self, tokenizer, make):
        (request,) = make(ITEMS[:1], [[Passage("c1", "First passage."), Passage("c2", "Second passage.")]])
        text = tokenizer.decode(request.prompt)
        assert "First passage." in text
        assert "Second passage." in text
        assert (request.retrieved, request.shortened) == (["c1", "c2"], 0)

    def test_passages_that_do_not_fit_are_left_out_and_counted(self, make):
        passages = [[Passage(f"c{i}", "many words " * 40) for i in range(8)]]
        (request,) = make(ITEMS[:1], passages)
        assert 0 < len(request.retrieved) < 8
        assert request.shortened == 8 + (8 - len(request.retrieved))
        assert request.problem is None

    def test_a_question_that_does_not_fit_is_not_asked(self, model, tokenizer, make):
        (request,) = make([item(0, question="word " * 500)])
        assert request.problem == "question_too_long"
        assert score([request], model, tokenizer, 4) == [Outcome(item_id="q0")]

    def test_an_empty_answer_is_not_scored(self, make):
        assert make([item(0, answer=" ")])[0].problem == "empty_answer"

    def test_choices_are_shown_on_demand(self, tokenizer, make):
        import dataclasses

        shown = make(ITEMS[2:3], form=dataclasses.replace(FORM, show_choices=True))
        assert "Choices: yes; no; maybe" in tokenizer.decode(shown[0].prompt)
        assert "Choices" not in tokenizer.decode(make(ITEMS[2:3])[0].prompt)

    def test_a_long_reference_is_scored_up_to_the_limit(self, make):
        assert len(make([item(0, answer="word " * 100)])[0].answer) == FORM.answer_tokens


class TestBatches:
    def test_prompts_of_like_length_come_together(self, make):
        requests = make([item(n, question="word " * (n * 7 % 11)) for n in range(11)])
        made = list(batches(requests, 4))
        assert [len(b) for b in made] == [4, 4, 3]
        lengths = [len(r.prompt) for b in made for r in b]
        assert lengths == sorted(lengths)

    def test_finished_batches_are_kept_and_the_rest_is_forgotten(self, make, tmp_path):
        requests, calls = make([item(n) for n in range(6)]), []

        def scored(batch):
            calls.append(len(batch))
            return [Outcome(item_id=r.item.id, nll=1.0, answer_tokens=3) for r in batch]

        def run(identity, requests=requests):
            kept = Kept(tmp_path)
            with Silent().bar("", None) as bar:
                found = ask(requests, size=4, kept=kept, identity=identity, score=scored, bar=bar)
            return kept, found

        _, found = run("one")
        assert [o.item_id for o in found] == [r.item.id for r in requests]
        assert calls == [4, 2]
        assert run("one")[1] == found
        assert calls == [4, 2]
        kept, _ = run("two")
        assert calls == [4, 2, 4, 2]
        kept.forget_unused()
        assert len(list(tmp_path.iterdir())) == 2

    def test_a_damaged_file_is_scored_again(self, make, tmp_path):
        requests, kept = make([item(0)]), Kept(tmp_path)
        good = kept.outcomes(requests, "x", lambda b: [Outcome(item_id="q0", nll=1.0)])
        next(tmp_path.iterdir()).write_text("{cut")
        assert kept.outcomes(requests, "x", lambda b: [Outcome(item_id="q0", nll=1.0)]) == good

    def test_scores_by_kind_of_question(self, make):
        requests = make([ITEMS[0], ITEMS[2]])
        outcomes = [Outcome(item_id="q0", nll=2.0, answer_tokens=4, f1=0.5), Outcome(item_id="q2")]
        found = {(s.item_id, s.metric): (s.value, s.weight) for s in scores(requests, outcomes, "base")}
        assert found == {
            ("q0", "answer_nll"): (2.0, 4.0),
            ("q0", "token_f1"): (0.5, 1.0),
            ("q2", "answer_nll"): (None, 1.0),
            ("q2", "choice_accuracy"): (None, 1.0),
        }
